/** One pose for a whole rest of an object, from the frames in which most of it is seen. */
import type { Random } from '../base/random.js';
import { dilate, maskWhere } from '../image/morphology.js';
import { project } from '../math/camera.js';
import { compose, type Mat4, transformPoint, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { HAND_ID } from '../perceive/perception.js';
import { type Freedom, type Refined, refinePose } from './adam.js';
import { isBorne } from './bearing.js';
import { type FollowInputs, projectedBox, shiftedToMask } from './follow.js';
import { doubtShrunkMask, evaluatePose, type TrackedObject, type View } from './objective.js';
import { boxOfId, observe, unionBox } from './observation.js';
import type { PoseOptions } from './options.js';
import { turnedLike } from './round.js';
import { type HeightField, isBehind, supportsOf } from './support.js';
import { searchOnTable } from './table-search.js';
import { supportedOnRay, turnedUpright, uprightAt } from './upright.js';

/** Frames looked at, and how many of them (the least covered) are compared. */
const PROBED_FRAMES = 9;
const COMPARED_FRAMES = 3;
/** Window of the first search: the geometry study found every start at 32 to 48 pixels. */
const SEARCH_WINDOW_PX = 36;
const REFINE_STEPS = 2;
/** Standing as before is believed unless it fits the picture worse by more than this; leaning on something, by half of it. */
const STANDING_PREFERENCE = 0.02;
/** Where tracking arrives with less agreement than this, its turn is not to be trusted; nor is a rest that agrees less. */
const TRACKED_IOU = 0.75;
/** The table is where it is; other things' shapes are known to some millimetres only, which this share of the contact loss leaves. */
const SOFT_CONTACT = 0.04;
const HEIGHT_REACH_M = 0.02;
/** One more coordinate needs a larger search. */
const FIELD_POPULATION = 24;
const FIELD_GENERATIONS = 20;

/**
 * Objects with less pattern than this need their tracks to tell how they are turned; for the others, tracks that slipped during
 * the motion do more harm (tilt of the fixture's can at its final rest 1.1 degrees without them, 3.9 with them).
 */
const PLAIN_TEXTURE = 0.3;

export interface RestPose extends Refined {
  /** standing: upright as at its reference, on the table or something else; leaning: touches it, tilted; free: held or hanging. */
  readonly how: 'standing' | 'leaning' | 'free';
  /** Frames that were compared. */
  readonly frameIdxs: readonly number[];
  /** Too little pattern to tell by itself how the object is turned. */
  readonly isPlain: boolean;
}

export type RestKind =
  | { readonly known: true }
  /** The start is where tracking arrived; upright is as in `reference`. After a loss (`lost`) the turn is open as well. */
  | { readonly known: false; readonly reference: Mat4; readonly lost: boolean };

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
 * Estimates the pose of a rest. `known`: the object stands as at `start`, only its place and turn are looked for. Otherwise
 * three explanations compete: it stands upright on what is under it (`object.field`), it touches it but leans, or it is held in
 * the air. What nobody holds must be borne by something.
 */
export async function estimateRest(
  inputs: FollowInputs,
  start: Mat4,
  interval: readonly [number, number],
  kind: RestKind,
): Promise<RestPose | null> {
  const { object, options, random } = inputs;
  const frameIdxs = await clearestFrames(inputs, interval[0], interval[1]);
  if (frameIdxs.length === 0) return null;
  const views = await viewsOf(inputs, start, frameIdxs, object.windowPx ?? options.poseCrop);
  if (views.length === 0) return null;
  const isPlain = views.every(({ observation }) => observation.texture < PLAIN_TEXTURE);
  const seen = { frameIdxs, isPlain };
  const steps = REFINE_STEPS * options.poseSteps;
  const free = kind.known ? null : refinePose(object, start, views, { steps, freedom: 'free', expected: start });
  // A pattern that repeats round the object must not make it jump from where its tracking left it.
  const isOpen = kind.known || kind.lost || free === null || free.iou < TRACKED_IOU;
  const expectedFrom = (from: Mat4): Mat4 | null => (isOpen ? null : from);
  // What a search finds of a turn about a round thing's axis is chance.
  const turnedAs = (from: Mat4, found: Mat4): Mat4 => (object.round ? turnedLike(object.round, found, from) : found);
  const soft = { ...object.weights, contact: SOFT_CONTACT * object.weights.contact };
  const standFrom = async (from: Mat4, field: HeightField | null): Promise<Refined> => {
    const coarse = options.de ? await viewsOf(inputs, from, frameIdxs.slice(0, 1), SEARCH_WINDOW_PX) : [];
    const turned = expectedFrom(from);
    const body = field ? { ...object, field, touching: true, weights: soft } : { ...object, field };
    const found = coarse.length > 0 ? searchAndCompare(body, from, coarse, views, options, random, turned) : from;
    const settings = { steps, freedom: freedomOf(body), ...(turned ? { expected: turned } : {}) };
    return refinePose(body, turnedAs(from, found), views, settings);
  };
  // A mask that has lost a part cannot better a pose that was found with more than it.
  const isPart = views.every(({ observation }) => (observation.outsideWeight ?? 1) < 1);
  if (kind.known && isPart && !options.de) {
    return { ...evaluatePose(object, start, views, false), cameraFromObject: start, how: 'standing', ...seen };
  }
  if (kind.known || free === null)
    return { ...(await standFrom(start, object.field ?? null)), how: 'standing', ...seen };
  if (!options.contact || !options.rest) return { ...free, how: 'free', ...seen };
  const fitOf = (pose: Mat4): number =>
    evaluatePose({ ...object, weights: { ...object.weights, contact: 0 } }, pose, views, false).value;
  const touching = { ...object, touching: true };
  const leaning = refinePose(touching, free.cameraFromObject, views, { steps, freedom: 'free', expected: start });
  const place = await overMask(inputs, free.cameraFromObject, frameIdxs[0]);
  const tries: Explanation[] = [
    { how: 'free', pose: free, preference: 0 },
    { how: 'leaning', pose: leaning, preference: STANDING_PREFERENCE / 2 },
  ];
  const upright = uprightAt(object, place, kind.reference);
  for (const field of supportsOf(object.field)) {
    for (const at of supportedOnRay({ ...object, field }, upright)) {
      const standing = await standFrom(at, field);
      if (await contradictsSight(inputs, standing.cameraFromObject, frameIdxs[0])) continue;
      tries.push({ how: 'standing', pose: standing, preference: STANDING_PREFERENCE });
    }
  }
  // Things are often put back where they were.
  const back = refinePose({ ...object, field: null }, turnedAs(start, kind.reference), views, {
    steps,
    freedom: 'on-table',
  });
  tries.push({ how: 'standing', pose: back, preference: STANDING_PREFERENCE });
  const costOf = ({ pose, preference }: Explanation): number => fitOf(pose.cameraFromObject) - preference;
  const possible = (await isHeld(inputs, frameIdxs)) ? tries : whatIsBorne(object, tries);
  const { pose, how } = possible.reduce((best, other) => (costOf(other) < costOf(best) ? other : best));
  return { ...pose, how, ...seen };
}

interface Explanation {
  readonly how: RestPose['how'];
  readonly pose: Refined;
  /** Loss that it may have more than others and still be believed. */
  readonly preference: number;
}

/** What nobody holds is borne by something: the explanations that say by what, unless none of them agrees with the pictures. */
function whatIsBorne(object: TrackedObject, all: readonly Explanation[]): readonly Explanation[] {
  const { worldFromCamera, field = null } = object;
  const borne = all.filter(({ pose }) => isBorne(object, compose(worldFromCamera, pose.cameraFromObject), field));
  return borne.some(({ pose }) => pose.iou >= TRACKED_IOU) ? borne : all;
}

/** Hand pixels this near to an object's mask touch it. */
const HAND_REACH_PX = 3;

/** Whether a hand touches it in all of these frames. */
async function isHeld({ object, evidence }: FollowInputs, frameIdxs: readonly number[]): Promise<boolean> {
  for (const frameIdx of frameIdxs) {
    const { widthPx, heightPx, data } = (await evidence(frameIdx)).idMap;
    const own = maskWhere(data, (id) => id === object.id);
    const reach = dilate(own, widthPx, heightPx, HAND_REACH_PX);
    if (!reach.some((isNear, i) => isNear === 1 && data[i] === HAND_ID)) return false;
  }
  return true;
}

/** The lower part of a thing, as a share of its height, and how much of what should be hidden of it may be seen. */
const LOWER_SHARE = 0.3;
const MAX_SEEN_SHARE = 0.5;

/** Would it stand behind what lies there, with its foot hidden, and yet its foot is seen? */
async function contradictsSight(
  { object, camera, evidence }: FollowInputs,
  cameraFromObject: Mat4,
  frameIdx: number,
): Promise<boolean> {
  const { field, extremes, worldFromCamera } = object;
  if (!field) return false;
  const { idMap } = await evidence(frameIdx);
  const cameraInWorld = translationOf(worldFromCamera);
  const points: { seen: Vec3; place: Vec3 }[] = [];
  for (let k = 0; k < extremes.length; k += 3) {
    const seen = transformPoint(cameraFromObject, [extremes[k], extremes[k + 1], extremes[k + 2]]);
    points.push({ seen, place: transformPoint(worldFromCamera, seen) });
  }
  const heights = points.map(({ place }) => place[2]);
  const lower = Math.min(...heights) + LOWER_SHARE * (Math.max(...heights) - Math.min(...heights));
  const hidden = points.filter(({ place }) => place[2] <= lower && isBehind(field, place, cameraInWorld));
  const shown = hidden.filter(({ seen }) => {
    const [x, y] = project(camera, seen).map(Math.floor);
    const isInPicture = x >= 0 && y >= 0 && x < idMap.widthPx && y < idMap.heightPx;
    return isInPicture && idMap.data[y * idMap.widthPx + x] === object.id;
  });
  return shown.length > MAX_SEEN_SHARE * hidden.length;
}

/** What the frames show around a pose. Tracks only where the object is too plain to tell its turn by itself. */
async function viewsOf(
  { object, camera, evidence: evidenceOf, lifted }: FollowInputs,
  pose: Mat4,
  frameIdxs: readonly number[],
  sizePx: number,
): Promise<View[]> {
  const views: View[] = [];
  for (const frameIdx of frameIdxs) {
    const evidence = await evidenceOf(frameIdx);
    const box = unionBox(projectedBox(object, pose, camera), boxOfId(evidence.idMap, object.id));
    if (box === null) continue;
    const observation = doubtShrunkMask(object, pose, observe(evidence, object.id, camera, box, sizePx));
    const isPlain = observation.texture < PLAIN_TEXTURE;
    views.push({ observation, tracks: isPlain ? (lifted?.targets(frameIdx, observation.crop) ?? null) : null });
  }
  return views;
}

/** Turns tried about the best place, and how many of all candidates are refined. */
const TURNS = 24;
const REFINED = 4;

/**
 * Candidates of the coarse search and the best one turned all round (an outline says where a round thing is, only its colours how
 * it is turned, and those blur in the coarse window); the most promising ones refined a little at full resolution; the best one.
 */
function searchAndCompare(
  object: TrackedObject,
  start: Mat4,
  coarse: readonly View[],
  fine: readonly View[],
  options: PoseOptions,
  random: Random,
  expected: Mat4 | null,
): Mat4 {
  const settings = {
    steps: Math.ceil(options.poseSteps / 2),
    freedom: freedomOf(object),
    ...(expected && { expected }),
  };
  const onField = object.field
    ? { heightM: HEIGHT_REACH_M, population: FIELD_POPULATION, generations: FIELD_GENERATIONS }
    : {};
  const found = searchOnTable(object, start, coarse, random, { expected, ...onField });
  const [clearest] = fine;
  const turned = Array.from({ length: TURNS }, (_, k) =>
    turnedUpright(object, found[0].cameraFromObject, (2 * Math.PI * k) / TURNS),
  );
  const refined = [start, ...found.map(({ cameraFromObject }) => cameraFromObject), ...turned]
    .map((pose) => ({ pose, value: evaluatePose(object, pose, [clearest], false, expected).value }))
    .sort((a, b) => a.value - b.value)
    .slice(0, REFINED)
    .map(({ pose }) => refinePose(object, pose, [clearest], settings))
    .sort((a, b) => a.value - b.value);
  return evaluatePose(object, start, [clearest], false, expected).value <= refined[0].value
    ? start
    : refined[0].cameraFromObject;
}

/** On the table itself there is no up and down. */
const freedomOf = ({ field }: TrackedObject): Freedom => (field ? 'upright' : 'on-table');

/** The pose moved across the view to the middle of the object's mask. */
async function overMask({ object, camera, evidence }: FollowInputs, pose: Mat4, frameIdx: number): Promise<Mat4> {
  const mask = boxOfId((await evidence(frameIdx)).idMap, object.id);
  const box = projectedBox(object, pose, camera);
  return mask && box ? shiftedToMask(object, pose, camera, mask, box) : pose;
}
