/** The motion of a source in its target's frame: smooth, gap-free, and exact where the source rests. */
import { compose, fromTranslation, identity, interpolate, inverse, type Mat4, translationOf } from '../math/se3.js';
import { distance, scale } from '../math/vec3.js';
import { type Actor, isOpen } from './actor.js';
import type { Journey, Task } from './journey.js';
import type { SkillOptions } from './options.js';
import { smoothPoses } from './pose-statistics.js';
import { meanMm, movedBy, pushOffsets } from './push-contact.js';
import { withoutRoll } from './roll.js';
import { type Settled, settle, turnInPlace } from './settle.js';
import type { RelativeMotion } from './skill.js';
import { type SlidIn, slidIn } from './slide-in.js';
import { restingPose } from './tasks.js';

/** A target that stays within this of its mean counts as standing still, metres (or 4 standard deviations). */
const STILL_M = 0.01;

/** Smoothed world poses of a journey, frame `carry.fromFrame` first; its ends are the mean poses at rest. */
export function smoothPath(journey: Journey, sigmaFrames: number): Mat4[] {
  const { carry, actor } = journey;
  const path = actor.track.worldFromObject.slice(carry.fromFrame, carry.toFrame + 1);
  if (carry.restBefore) path[0] = carry.restBefore;
  if (carry.restAfter) path[path.length - 1] = carry.restAfter;
  return smoothPoses(path, sigmaFrames);
}

/** World poses of the target over a task: one mean pose if it stands still, else its smoothed path. */
function targetPath(task: Task, target: Actor, sigmaFrames: number): Mat4[] {
  const { fromFrame, toFrame } = task;
  const length = toFrame - fromFrame + 1;
  if (task.targetFrozen) {
    return new Array<Mat4>(length).fill(restingPose(target, Math.max(0, fromFrame - 10), fromFrame));
  }
  const last = target.track.observed.length - 1;
  const mean = restingPose(target, fromFrame, Math.min(last, toFrame + 10));
  const poses = target.track.worldFromObject.slice(fromFrame, toFrame + 1);
  const limit = Math.max(STILL_M, 4 * target.track.sdM);
  const still = poses.every((pose) => distance(translationOf(pose), translationOf(mean)) < limit);
  return still ? new Array<Mat4>(length).fill(mean) : smoothPoses(poses, sigmaFrames);
}

export interface MotionReport {
  readonly motions: RelativeMotion[];
  /** What was corrected or could not be, in a sentence; null if the source rested well already. */
  readonly note: string | null;
}

/** The relative motion of a task, and those of the objects driven in it. */
export function relativeMotions(
  journey: Journey,
  task: Task,
  drivenJourneys: readonly Journey[],
  fps: number,
  options: SkillOptions,
): MotionReport {
  const sigma = options.smoothing * fps;
  const { fromFrame, toFrame } = task;
  const targets = task.target ? targetPath(task, task.target, sigma) : null;
  const intoTarget = (path: Mat4[]): Mat4[] =>
    targets ? path.map((pose, i) => compose(inverse(targets[i]), pose)) : path;
  const start = journey.carry.fromFrame;
  const smoothed = smoothPath(journey, sigma).slice(fromFrame - start, toFrame - start + 1);
  const isDragged = journey.liftFrame === null && journey.actor.model.family === 'rod';
  const demonstrated = isDragged ? withoutRoll(smoothed) : smoothed;
  const pushed = drivenJourneys.filter((j) => task.word === 'sweep' && task.driven.some(({ id }) => id === j.actor.id));
  const { path, note } = meetingPushed(journey.actor, demonstrated, pushed, fromFrame);

  const slid = task.endsAtRest && task.target ? slidIn(journey.actor, task.target, intoTarget(path)) : null;
  const settled = slid ? null : settleEnd(journey, task, path[path.length - 1], targets?.at(-1) ?? null, options);
  const motion: RelativeMotion = {
    sourceId: journey.actor.id,
    targetId: task.target?.id ?? null,
    fromFrame,
    targetFromSource: slid?.path ?? intoTarget(settled ? blendIn(path, settled) : path),
  };
  if (settled) {
    motion.correctionM = settled.offsetM;
    motion.correctionRad = settled.turnRad;
  }
  const driven = task.driven.map((actor): RelativeMotion => {
    const own = drivenJourneys.find((j) => j.actor.id === actor.id);
    return {
      sourceId: actor.id,
      targetId: task.target?.id ?? null,
      fromFrame,
      targetFromSource: intoTarget(drivenPath(actor, own, fromFrame, toFrame, sigma)),
      drivenBy: journey.actor.id,
    };
  });
  return {
    motions: [motion, ...driven],
    note: note ?? (slid ? slideNote(journey, task, slid) : settleNote(journey, task, settled)),
  };
}

/** The way of a pusher, moved where it would miss the first thing that it pushes. */
function meetingPushed(
  driver: Actor,
  path: Mat4[],
  pushed: readonly Journey[],
  fromFrame: number,
): { path: Mat4[]; note: string | null } {
  const first = [...pushed].sort((a, b) => a.carry.fromFrame - b.carry.fromFrame)[0];
  const offsets = first && pushOffsets(driver, path, fromFrame, first);
  if (!offsets) return { path, note: null };
  const begin = first.carry.fromFrame - fromFrame;
  const end = Math.min(path.length - 2, Math.max(...pushed.map(({ carry }) => carry.toFrame - fromFrame)));
  const { asideMm, downMm } = meanMm(offsets);
  const ways = [...(asideMm > 0 ? [`${asideMm} mm aside`] : []), ...(downMm > 0 ? [`${downMm} mm down`] : [])];
  return {
    path: movedBy(path, offsets, begin, end),
    note: `the way of ${driver.name} was moved by ${ways.join(' and ')} so that the middle of its front meets ${first.actor.name}`,
  };
}

/** Where a driven object is during the task: at rest, then on its smoothed way, then at rest again. */
function drivenPath(actor: Actor, own: Journey | undefined, from: number, to: number, sigmaFrames: number): Mat4[] {
  if (!own) return smoothPoses(actor.track.worldFromObject.slice(from, to + 1), sigmaFrames);
  const path = smoothPath(own, sigmaFrames);
  const out: Mat4[] = [];
  for (let t = from; t <= to; t++) {
    out.push(path[Math.min(path.length - 1, Math.max(0, t - own.carry.fromFrame))]);
  }
  return out;
}

/**
 * The correction of the last pose, or null where there is nothing to correct it by: when the source does not end at rest, or
 * ends as a lid or inside of a shape that is not known to be open there (a recess, a socket): shapes from one side are too
 * full.
 */
function settleEnd(
  journey: Journey,
  task: Task,
  end: Mat4,
  worldFromTarget: Mat4 | null,
  options: SkillOptions,
): Settled | null {
  if (!task.endsAtRest) return null;
  const kind = task.relation?.kind;
  const hollow = task.target ? isOpen(task.target) : false;
  if (kind === 'inserted' || kind === 'capping' || (kind === 'into' && !hollow)) return null;
  const target =
    task.target && worldFromTarget
      ? { actor: task.target, worldFromObject: worldFromTarget, holdsInside: kind === 'into' }
      : null;
  return settle(journey.actor, end, journey.carry.restBefore, target, options.settleDistance);
}

/** Adds a correction that grows smoothly from nothing at the start to its whole at the end (3s^2 - 2s^3). */
function blendIn(path: readonly Mat4[], { offsetM, turn }: Settled): Mat4[] {
  const last = Math.max(1, path.length - 1);
  return path.map((pose, i) => {
    const s = i / last;
    const share = s * s * (3 - 2 * s);
    const turned = turnInPlace(interpolate(identity(), turn, share), pose);
    return compose(fromTranslation(scale(offsetM, share)), turned);
  });
}

function slideNote({ actor }: Journey, { target }: Task, { movedM, turnedRad }: SlidIn): string | null {
  const [mm, degrees] = [Math.round(1000 * movedM), Math.round((180 / Math.PI) * turnedRad)];
  if (mm === 0 && degrees === 0) return null;
  return `the end of ${actor.name} in ${target?.name} was corrected by ${mm} mm and ${degrees} degrees so that the walls hold it`;
}

function settleNote(journey: Journey, task: Task, settled: Settled | null): string | null {
  if (!settled || settled.outcome === 'rests') return null;
  const name = journey.actor.name;
  const where = task.target ? `${task.target.name}` : 'the table';
  if (settled.outcome === 'unresolved') {
    return `${name} does not rest properly on ${where} at the end and the error is too large to correct`;
  }
  const [x, y, z] = settled.offsetM.map((v) => Math.round(v * 1000));
  const degrees = Math.round((settled.turnRad * 180) / Math.PI);
  const turned = degrees > 0 ? ` and ${degrees} degrees` : '';
  return `the end of ${name} on ${where} was corrected by (${x}, ${y}, ${z}) mm${turned} so that it rests`;
}
