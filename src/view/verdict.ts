/** How far to trust a run, in plain words: rules over the confidences and uncertainties that the stages reported. */
import type { Objects } from '../objects/object-model.js';
import type { Perception } from '../perceive/perception.js';
import type { Poses } from '../pose/poses.js';
import type { Skill } from '../skill/skill.js';

export interface Verdict {
  level: 'good' | 'care' | 'bad';
  headline: string;
  /** Worst first. */
  reasons: string[];
}

export interface EpisodeCounts {
  accepted: number;
  rejected: number;
  reasons: Record<string, number>;
}

interface Judgement {
  level: Verdict['level'];
  reason: string;
}

/** Limits of the rules. Lengths that are 15 % off move a 60 cm grasp by 9 cm on a robot that is not re-calibrated. */
const SCALE_CARE_LOG_SD = 0.1;
const SCALE_BAD_LOG_SD = 0.35;
const NORMAL_CARE_DEG = 4;
const GUESSED_CARE_SHARE = 0.15;
const GUESSED_BAD_SHARE = 0.5;
const CONFIDENCE_CARE = 0.7;
const CONFIDENCE_BAD = 0.4;
const FIT_IOU_CARE = 0.85;

export function judge(
  perception: Perception,
  objects: Objects | null,
  poses: Poses | null,
  skill: Skill | null,
  episodes: EpisodeCounts | null,
): Verdict {
  const judgements = [
    ...judgePerception(perception),
    ...(objects ? judgeObjects(objects) : []),
    ...(poses ? judgePoses(poses, perception) : []),
    ...(skill ? judgeSkill(skill) : []),
    ...(episodes ? judgeEpisodes(episodes) : []),
  ];
  const order = { bad: 0, care: 1, good: 2 };
  judgements.sort((a, b) => order[a.level] - order[b.level]);
  const level = judgements[0]?.level ?? 'good';
  return { level, headline: headlineOf(level, perception), reasons: judgements.map((j) => j.reason) };
}

function headlineOf(level: Verdict['level'], perception: Perception): string {
  if (!perception.manipulated) return 'No manipulation was found in this video, so no episodes were made.';
  if (level === 'bad') return 'Do not train on this run before looking at the points below.';
  if (level === 'care') return 'Usable with care: the points below limit what it can teach.';
  return 'Every stage was confident.';
}

function judgePerception(perception: Perception): Judgement[] {
  const found: Judgement[] = [];
  const { camera, table } = perception;
  if (!perception.manipulated) return [{ level: 'bad', reason: perception.finding }];
  const percent = (logSd: number): string => `${Math.round((Math.exp(logSd) - 1) * 100)} %`;
  if (table.scaleLogSd > SCALE_CARE_LOG_SD) {
    const level = table.scaleLogSd > SCALE_BAD_LOG_SD ? 'bad' : 'care';
    found.push({
      level,
      reason: `Metric scale is known to about ${percent(table.scaleLogSd)} only; if you know a length: --size "source=95mm".`,
    });
  }
  if (camera.source === 'assumption') {
    found.push({
      level: 'care',
      reason: `The focal length is an assumption, good to about ${percent(camera.focalLogSd)}; if you know it: --hfov or --focal-px.`,
    });
  }
  if (table.normalSdDeg > NORMAL_CARE_DEG) {
    found.push({
      level: 'care',
      reason: `The table's tilt is known to about ${table.normalSdDeg.toFixed(0)} degrees; if you know it: --table-tilt.`,
    });
  }
  for (const object of perception.objects.filter((o) => o.role !== 'passive')) {
    if (object.confidence < CONFIDENCE_CARE) {
      const level = object.confidence < CONFIDENCE_BAD ? 'bad' : 'care';
      found.push({
        level,
        reason: `The ${object.name} (${object.role}) was found with confidence ${object.confidence.toFixed(2)}.`,
      });
    }
  }
  return found;
}

function judgeObjects(objects: Objects): Judgement[] {
  return objects.objects
    .filter((object) => object.role !== 'passive' && object.fitIou < FIT_IOU_CARE)
    .map((object) => ({
      level: 'care',
      reason: `The shape of the ${object.name} agrees with its outline only to ${(object.fitIou * 100).toFixed(0)} %.`,
    }));
}

function judgePoses(poses: Poses, perception: Perception): Judgement[] {
  const found: Judgement[] = [];
  for (const object of perception.objects.filter((o) => o.role === 'source')) {
    const frames = poses.objects.find((entry) => entry.id === object.id)?.frames ?? [];
    const moving = frames.filter((frame) => frame.state !== 'resting');
    const unsure = moving.filter((frame) => frame.state === 'guessed' || frame.state === 'lost').length;
    const share = moving.length === 0 ? 0 : unsure / moving.length;
    if (share > GUESSED_CARE_SHARE) {
      const level = share > GUESSED_BAD_SHARE ? 'bad' : 'care';
      found.push({
        level,
        reason: `The pose of the ${object.name} is a guess in ${(share * 100).toFixed(0)} % of the frames in which it moves.`,
      });
    }
  }
  return found;
}

function judgeSkill(skill: Skill): Judgement[] {
  if (skill.segments.length === 0) return [{ level: 'bad', reason: skill.finding }];
  if (skill.confidence >= CONFIDENCE_CARE) return [];
  const level = skill.confidence < CONFIDENCE_BAD ? 'bad' : 'care';
  return [
    { level, reason: `What the hand did was read with confidence ${skill.confidence.toFixed(2)}: ${skill.finding}` },
  ];
}

function judgeEpisodes(episodes: EpisodeCounts): Judgement[] {
  const total = episodes.accepted + episodes.rejected;
  const main = Object.entries(episodes.reasons).sort((a, b) => b[1] - a[1])[0];
  if (episodes.accepted === 0) {
    return [
      { level: 'bad', reason: `None of ${total} episodes passed its checks${main ? ` (mostly: ${main[0]})` : ''}.` },
    ];
  }
  if (episodes.rejected > episodes.accepted) {
    return [
      {
        level: 'care',
        reason: `${episodes.rejected} of ${total} episodes were rejected${main ? ` (mostly: ${main[0]})` : ''}.`,
      },
    ];
  }
  return [];
}
