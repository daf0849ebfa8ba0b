/** One pose for a whole rest of an object, from the frames in which most of it is seen. */
import type { Random } from '../base/random.js';
import { compose, inverse, type Mat4, rotationBetween, transformDirection } from '../math/se3.js';
import { type Refined, refinePose } from './adam.js';
import { type FollowInputs, projectedBox } from './follow.js';
import { doubtShrunkMask, evaluatePose, type TrackedObject, type View } from './objective.js';
import { boxOfId, observe, unionBox } from './observation.js';
import type { PoseOptions } from './options.js';
import { lowestPoint } from './point-loss.js';
import { searchOnTable } from './table-search.js';

/** Frames looked at, and how many of them (the least covered) are compared. */
const PROBED_FRAMES = 9;
const COMPARED_FRAMES = 3;
/** Window of the first search: the geometry study found every start at 32 to 48 pixels. */
const SEARCH_WINDOW_PX = 36;
const REFINE_STEPS = 2;
/** Lying this near to the table (metres) and this upright (radians), an object is taken to stand on it. */
const ON_TABLE_M = 0.012;
const UPRIGHT_RAD = 0.2;
/** Standing on the table is believed unless it fits the picture worse by more than this. */
const TABLE_PREFERENCE = 0.02;

/**
 * Objects with less pattern than this need their tracks to tell how they are turned; for the others, tracks that slipped during
 * the motion do more harm (tilt of the fixture's can at its final rest 1.1 degrees without them, 3.9 with them).
 */
const PLAIN_TEXTURE = 0.3;

export interface RestPose extends Refined {
  readonly onTable: boolean;
  /** Frames that were compared. */
  readonly frameIdxs: readonly number[];
  /** Too little pattern to tell by itself how the object is turned. */
  readonly isPlain: boolean;
}

/** The frames of [first, last] that show most of the object, best first. */
async function clearestFrames(inputs: FollowInputs, first: number, last: number): Promise<number[]> {
  const count = Math.min(PROBED_FRAMES, last - first + 1);
  const probed: { frameIdx: number; area: number }[] = [];
  for (let k = 0; k < count; k++) {
    const frameIdx = Math.round(first + ((last - first) * (k + 0.5)) / count);
    const { idMap } = await inputs.evidence(frameIdx);
    let area = 0;
    for (const id of idMap.data) if (id === inputs.object.id) area++;
    probed.push({ frameIdx, area });
  }
  return probed
    .filter((p) => p.area > 0)
    .sort((a, b) => b.area - a.area || a.frameIdx - b.frameIdx)
    .slice(0, COMPARED_FRAMES)
    .map((p) => p.frameIdx);
}

/**
 * Estimates the pose of a rest. `search`: look for it on the table by differential evolution around `start` first (the object
 * is known to stand there); else start where tracking arrived, and put it on the table only if it lies there.
 */
export async function estimateRest(
  inputs: FollowInputs,
  start: Mat4,
  interval: readonly [number, number],
  search: boolean,
): Promise<RestPose | null> {
  const { object, camera, options, random } = inputs;
  const frameIdxs = await clearestFrames(inputs, interval[0], interval[1]);
  if (frameIdxs.length === 0) return null;
  const viewsAt = async (sizePx: number): Promise<View[]> => {
    const views: View[] = [];
    for (const frameIdx of frameIdxs) {
      const evidence = await inputs.evidence(frameIdx);
      const box = unionBox(projectedBox(object, start, camera), boxOfId(evidence.idMap, object.id));
      if (box === null) continue;
      const observed = observe(evidence, object.id, camera, box, sizePx);
      const observation = search ? observed : doubtShrunkMask(object, start, observed);
      const isPlain = observation.texture < PLAIN_TEXTURE;
      views.push({
        observation,
        tracks: isPlain ? (inputs.lifted?.targets(frameIdx, observation.crop) ?? null) : null,
      });
    }
    return views;
  };
  const views = await viewsAt(object.windowPx ?? options.poseCrop);
  if (views.length === 0) return null;
  const isPlain = views.every(({ observation }) => observation.texture < PLAIN_TEXTURE);
  const seen = { frameIdxs, isPlain };
  const steps = REFINE_STEPS * options.poseSteps;
  if (search) {
    const found = options.de
      ? searchAndCompare(object, start, (await viewsAt(SEARCH_WINDOW_PX)).slice(0, 1), views, options, random)
      : start;
    return { ...refinePose(object, found, views, { steps, freedom: 'on-table' }), onTable: true, ...seen };
  }
  const free = refinePose(object, start, views, { steps, freedom: 'free', expected: start });
  const upright = standUpright(object, free.cameraFromObject);
  if (upright === null) return { ...free, onTable: false, ...seen };
  const standing = refinePose(object, upright, views, { steps, freedom: 'on-table' });
  const onTable = standing.value < free.value + TABLE_PREFERENCE;
  return { ...(onTable ? standing : free), onTable, ...seen };
}

/** Candidates of the search, each refined a little at full resolution; the best one. */
function searchAndCompare(
  object: TrackedObject,
  start: Mat4,
  coarse: readonly View[],
  fine: readonly View[],
  options: PoseOptions,
  random: Random,
): Mat4 {
  const steps = Math.ceil(options.poseSteps / 2);
  const refined = searchOnTable(object, start, coarse, random)
    .map(({ cameraFromObject }) =>
      refinePose(object, cameraFromObject, fine.slice(0, 1), { steps, freedom: 'on-table' }),
    )
    .sort((a, b) => a.value - b.value);
  return evaluatePose(object, start, fine.slice(0, 1), false).value <= refined[0].value
    ? start
    : refined[0].cameraFromObject;
}

/** The pose set upright on the table, if it nearly stands there; null if it is in the air, tilted, or on something else. */
function standUpright(object: TrackedObject, cameraFromObject: Mat4): Mat4 | null {
  const worldFromObject = compose(object.worldFromCamera, cameraFromObject);
  const { heightM } = lowestPoint(object.extremes, cameraFromObject, object.worldFromCamera);
  const up = transformDirection(worldFromObject, [0, 0, 1]);
  if (Math.abs(heightM) > ON_TABLE_M || Math.acos(Math.min(1, Math.max(-1, up[2]))) > UPRIGHT_RAD) return null;
  const turn = rotationBetween(up, [0, 0, 1]);
  const upright = compose(turn, [...worldFromObject]);
  for (const k of [3, 7, 11]) upright[k] = worldFromObject[k];
  const cameraFromWorld = inverse(object.worldFromCamera);
  const left = lowestPoint(object.extremes, compose(cameraFromWorld, upright), object.worldFromCamera).heightM;
  upright[11] -= left;
  return compose(cameraFromWorld, upright);
}
