/** Words for the report: who the objects are and what was found in the clip. */
import type { ChangeAnalysis } from './change/change-analysis.js';
import type { Plates } from './change/plates.js';
import type { Clip } from './clip.js';
import { bestEnd, type Mover } from './movers/movers.js';
import type { Target } from './movers/target.js';
import { mainColour, uniqueName } from './naming.js';
import type { PerceivedObject } from './perception.js';

export function describeObjects(
  clip: Clip,
  rests: Pick<Plates, 'firstLab' | 'lastLab'>,
  plateLab: Uint8Array,
  movers: readonly Mover[],
  targets: readonly Target[],
): PerceivedObject[] {
  const objects: PerceivedObject[] = [];
  const name = (lab: Uint8Array, mask: Uint8Array): string =>
    uniqueName(
      `${mainColour(lab, mask)} object`,
      objects.map((object) => object.name),
    );
  movers.forEach((mover, m) => {
    const end = bestEnd(mover);
    const atStart = end === mover.from;
    objects.push({
      id: m + 1,
      name: name(atStart ? rests.firstLab : rests.lastLab, end.mask),
      role: 'source',
      confidence: mover.confidence,
      evidence: mover.evidence,
      motion: { firstFrame: mover.liftFrame, lastFrame: mover.downFrame },
      referenceFrame: mover.from
        ? clearestFrame(clip, rests.firstLab, end.mask, 0, mover.liftFrame)
        : clip.numFrames - 1,
    });
  });
  for (const target of targets) {
    objects.push({
      id: target.id,
      name: name(plateLab, target.mask),
      role: 'target',
      confidence: target.finding.confidence,
      evidence: target.finding.evidence,
      motion: null,
      referenceFrame: clearestFrame(clip, plateLab, target.mask, 0, clip.numFrames - 1),
    });
  }
  return objects;
}

/** First frame in [from, to] that shows (nearly) the most of a masked picture uncovered. */
function clearestFrame(clip: Clip, workLab: Uint8Array, mask: Uint8Array, from: number, to: number): number {
  const { widthPx: w, halfWidthPx, halfHeightPx } = clip;
  const pixels: number[] = [];
  for (let y = 0; y < halfHeightPx; y++) {
    for (let x = 0; x < halfWidthPx; x++) if (mask[2 * y * w + 2 * x] !== 0) pixels.push(y * halfWidthPx + x);
  }
  const counts: number[] = [];
  for (let k = from; k <= to; k++) {
    const lab = clip.labAt(k);
    let same = 0;
    for (const i of pixels) {
      const j = 2 * Math.floor(i / halfWidthPx) * w + 2 * (i % halfWidthPx);
      const dl = lab[3 * i] - workLab[3 * j];
      const da = lab[3 * i + 1] - workLab[3 * j + 1];
      const db = lab[3 * i + 2] - workLab[3 * j + 2];
      if (Math.abs(dl) < 40 && Math.abs(da) < 14 && Math.abs(db) < 14) same++;
    }
    counts.push(same);
  }
  const best = Math.max(...counts);
  return from + counts.findIndex((count) => count >= 0.97 * best);
}

export function describeFinding(
  clip: Clip,
  { transients, events }: Pick<ChangeAnalysis, 'transients' | 'events'>,
  movers: readonly Mover[],
  objects: readonly PerceivedObject[],
  handSeen: boolean,
): string {
  const sentences: string[] = [];
  if (clip.motion.kind === 'handheld') {
    sentences.push(
      `The camera moved by up to ${Math.round(clip.motion.maxShiftPx)} px; frames were brought back to the first one.`,
    );
  }
  if (movers.length > 0) {
    const names = objects.filter((object) => object.role === 'source').map((object) => object.name);
    const ends = objects.filter((object) => object.role === 'target').map((object) => object.name);
    sentences.push(
      `A hand moved ${names.join(', ')}${ends.length > 0 ? ` to ${ends.join(', ')}` : ' to another place on the table'}.`,
    );
    return sentences.join(' ');
  }
  sentences.push('Nothing was found that a hand moved from one resting place to another.');
  const [best] = events;
  sentences.push(
    best
      ? `Looked for places whose lasting appearance changed: ${events.length} found, but none could be followed from one place to another. ` +
          `Strongest: something ${best.kind === 'left' ? 'left' : 'arrived at'} the place around pixel ` +
          `(${Math.round(2 * best.cx)}, ${Math.round(2 * best.cy)}) at ${(best.frame / clip.fps).toFixed(1)} s.`
      : 'Looked for places whose lasting appearance changed: none found.',
  );
  sentences.push(
    transients.pixelsPerFrame < 30
      ? 'Nothing passed through the picture either.'
      : `Something passes through the picture (${Math.round(transients.skinShare * 100)} % of it skin-coloured)${handSeen ? ', a hand is seen' : ''}.`,
  );
  return sentences.join(' ');
}

/** Brightness that changes by this factor within this time is a jump of the light or of the camera's exposure. */
const LIGHT_STEP = 1.15;
const LIGHT_STEP_SEC = 0.15;

/** Where the light or the exposure jumps, from the gains that undo it; null when it does not. */
export function lightFinding({ gains, fps }: Pick<Clip, 'gains' | 'fps'>): string | null {
  const apart = Math.max(1, Math.round(LIGHT_STEP_SEC * fps));
  const level = gains.map((gain) => Math.log((gain[0] + gain[1] + gain[2]) / 3));
  const jumps: string[] = [];
  for (let k = apart; k < level.length; k++) {
    const step = level[k - apart] - level[k];
    if (Math.abs(step) < Math.log(LIGHT_STEP)) continue;
    jumps.push(`${(k / fps).toFixed(1)} s (${step > 0 ? '+' : ''}${Math.round(100 * (Math.exp(step) - 1))} %)`);
    k += 2 * apart;
  }
  if (jumps.length === 0) return null;
  return `The light or the exposure jumps at ${jumps.join(', ')}; frames were brought to one brightness.`;
}

/** A hand that comes, moves a thing and leaves takes longer than this. */
const SHORTEST_TASK_SEC = 1;

/** That the film is too short to show a task; null when it is not. */
export function shortFinding({ numFrames, fps }: Pick<Clip, 'numFrames' | 'fps'>): string | null {
  const durationSec = numFrames / fps;
  if (durationSec >= SHORTEST_TASK_SEC) return null;
  const length = numFrames === 1 ? 'one frame' : `${numFrames} frames (${durationSec.toFixed(2)} s)`;
  return `There is only ${length}, too short to show how a hand comes, moves something and leaves: give the whole video.`;
}
