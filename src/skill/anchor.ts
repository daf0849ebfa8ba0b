/**
 * Depth is what one camera knows worst: an object that was carried towards the camera may come to rest "in the air". What
 * is still and held by nothing is moved away from the camera along its line of sight until something holds it, and
 * the way there with it, so that every pose keeps its place in the picture.
 */
import { compose, fromTranslation, inverse, type Mat4, translationOf } from '../math/se3.js';
import { scale, sub, type Vec3 } from '../math/vec3.js';
import { type Actor, canReceive, createActor, isSupported } from './actor.js';
import { movingIntervals } from './motion.js';
import { robustMeanPose } from './pose-statistics.js';
import { mouthOver } from './pour.js';
import { deepestPoint, heightRange } from './shape-field.js';
import { tiltBetween } from './trajectory.js';

/** Farther than this share of the distance the error is not one of depth any more. */
const MAX_STRETCH = 0.4;
const STRETCH_STEP = 0.004;
/** Hands keep things still for shorter than this, seconds. */
const MIN_STILL_SEC = 0.5;
/** A thing that leans more than this against its stance at the start must be still for longer, and not over a container. */
const MAX_TILT_RAD = 0.6;
const MIN_TILTED_SEC = 1;

export interface Anchoring {
  readonly actor: Actor;
  /** What was changed, for the report. */
  readonly notes: string[];
}

/** Returns the actor unchanged (the same object) when all its rests are supported or cannot be. */
export function anchorRests(actor: Actor, others: readonly Actor[], cameraInWorld: Vec3, fps: number): Anchoring {
  const { track } = actor;
  const moving = movingIntervals(track, fps);
  const numFrames = track.worldFromObject.length;
  const stretch = new Float64Array(numFrames);
  const notes: string[] = [];
  moving.forEach(([, from], i) => {
    const to = moving[i + 1]?.[0] ?? numFrames;
    const middle = Math.min(numFrames - 1, (from + to) >> 1);
    if (to - from < MIN_STILL_SEC * fps || isSupported(actor, others, middle)) return;
    const resting = track.resting.slice(from, to).filter(Boolean).length;
    const rest = robustMeanPose(track.worldFromObject.slice(from, to));
    if (resting < 0.5 * (to - from)) return;
    const tilted = tiltBetween(track.worldFromObject[0], rest) > MAX_TILT_RAD;
    const pours = others.some((o) => o.id !== actor.id && canReceive(o) && mouthOver(actor, o, middle));
    if (tilted && (pours || to - from < MIN_TILTED_SEC * fps)) return;
    const k = stretchToSupport(actor, rest, middle, others, cameraInWorld);
    if (k === null) return;
    stretch.fill(k, from, to);
    notes.push(
      `${actor.name} is still from frame ${from} on but ${Math.round(heightRange(actor.field, rest)[0] * 100)} cm above the table: taken to be ${Math.round(k * 100)} % farther away`,
    );
  });
  if (notes.length === 0) return { actor, notes };
  for (const [from, to] of moving) {
    const before = from > 0 ? stretch[from - 1] : 0;
    const after = to < numFrames ? stretch[to] : before;
    for (let t = from; t < to; t++) stretch[t] = before + ((after - before) * (t - from + 1)) / (to - from + 1);
  }
  const worldFromObject = track.worldFromObject.map((pose, t) => stretched(pose, cameraInWorld, stretch[t]));
  return {
    actor: createActor(
      actor.model,
      actor.name,
      { ...track, worldFromObject, depthDoubt: Math.max(...stretch) },
      actor.field,
      actor.isSeenToMove,
    ),
    notes,
  };
}

/** The pose moved away from the camera by the share `k` of its distance. */
function stretched(pose: Mat4, cameraInWorld: Vec3, k: number): Mat4 {
  return compose(fromTranslation(scale(sub(translationOf(pose), cameraInWorld), k)), pose);
}

/** The smallest stretch at which the object touches the table or another object; null beyond the limit. */
function stretchToSupport(
  actor: Actor,
  rest: Mat4,
  frame: number,
  others: readonly Actor[],
  cameraInWorld: Vec3,
): number | null {
  const around = others
    .filter((other) => other.id !== actor.id)
    .map((other) => ({ field: other.field, objectFromWorld: inverse(other.track.worldFromObject[frame]) }));
  for (let k = 0; k <= MAX_STRETCH; k += STRETCH_STEP) {
    const pose = stretched(rest, cameraInWorld, k);
    const onTable = heightRange(actor.field, pose)[0] <= 0;
    const onObject = around.some(
      ({ field, objectFromWorld }) => deepestPoint(actor.field, field, compose(objectFromWorld, pose)).distanceM <= 0,
    );
    if (onTable || onObject) return k;
  }
  return null;
}
