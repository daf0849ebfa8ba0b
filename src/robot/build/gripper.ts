/**
 * Works out from the shapes how a gripper grips: where its pads meet, along which axis they close, how far they open for which joint
 * value. Two or more moving fingers close against each other; a single one closes against the part of the hand it moves to.
 */
import {
  compose,
  fromAxes,
  fromTranslation,
  inverse,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
  transformDirection,
  transformPoint,
  translationOf,
} from '../../math/se3.js';
import { add, cross, dot, norm, normalize, scale, sub, type Vec3 } from '../../math/vec3.js';
import { type JointDescription, linkFrames, type RobotDescription } from '../description/description.js';
import type { Finger, Gripper } from '../robot-model.js';
import { fitCapsules } from './capsule-fit.js';
import { meshesOf, surfacePointsOf } from './link-surface.js';
import type { MeshLibrary } from './mesh-library.js';
import type { RigidPart, RobotParts } from './parts.js';

/** Joint values from one end of the range to the other at which the opening is measured. */
const STEPS = 48;
/** Joint values of a finger that the model keeps for turning jaws. */
const KEPT_VALUES = 33;
const SURFACE_SPACING_M = 0.0015;
/** The pads are looked for in a slab of this half depth around the tool point, and this far across it, metres. */
const SLAB_HALF_M = 0.004;
const PAD_HALF_WIDTH_M = 0.012;
/** The tool point lies this share of a finger's free length short of its tip, and at most so far for fingers that stay parallel. */
const TIP_SHARE = 0.25;
const PARALLEL_TIP_M = 0.0087;
/** Directions nearer than this to one that is expected are taken to be that one. */
const SNAP_COSINE = Math.cos(0.5);
/** A jaw turned further than this against the other one holds nothing: twice the friction angle of a coefficient of 0.5, radians. */
const MOST_JAW_TURN_RAD = 2 * Math.atan(0.5);
/** Points of fingers that may stick out of their capsules, and air that these may hold, metres. */
const FINGER_OUTSIDE_M = 0.004;
const FINGER_TOO_FAT_M = 0.008;
/** Frames that descriptions name for the tool count when they lie near the measured point, metres. */
const NAMED_TOOL = /tcp|tool|tip|pinch|grasp/i;
const NAMED_TOOL_NEAR_M = 0.02;
/** Half of a second from open to closed. */
const TRAVEL_SEC = 0.5;
const FASTEST_M_PER_SEC = 0.1;

interface State {
  /** handFromFinger of every moving part, and the value of its joint. */
  readonly frames: readonly Mat4[];
  readonly values: readonly number[];
}

interface Cloud {
  readonly points: readonly Vec3[];
}

/** null when there is nothing that opens and closes. Frames: everything in the hand's frame unless named otherwise. */
export async function buildGripper(
  robot: RobotDescription,
  parts: RobotParts,
  library: MeshLibrary,
): Promise<Gripper | null> {
  const { hand, fingers } = parts;
  const states = statesOf(robot, hand, fingers);
  // Linkages, fingers that hang on fingers, are not understood.
  const isLinkage = fingers.some((finger) => !hand.frames.has(jointTo(robot, finger).parent));
  if (!states || isLinkage) return null;
  const clouds: Cloud[] = [];
  for (const finger of fingers) clouds.push(await cloudOf(finger, library));
  const own = await cloudOf(hand, library);
  const gripping = fingers.map((_, k) => k).filter((k) => clouds[k].points.length > 0);
  if (gripping.length === 0) return null;
  const at = (k: number, state: State): Vec3[] => clouds[k].points.map((p) => transformPoint(state.frames[k], p));
  const measured = measureOpenings(states, gripping, at, own.points, rollAxisOf(parts));
  if (!measured) return null;
  const { widths, states: usable, oneSided } = measured;
  const { handFromTool, tipBeyondToolM } = atNamedTool(measured, hand);
  const maxWidthM = widths[widths.length - 1];
  const valuesOf = (k: number): number[] =>
    Array.from({ length: KEPT_VALUES }, (_, i) => {
      const width = (maxWidthM * i) / (KEPT_VALUES - 1);
      const found = widths.findIndex((w) => w >= width - 1e-12);
      const after = Math.max(1, found < 0 ? widths.length - 1 : found);
      const step = widths[after] - widths[after - 1];
      const t = step > 0 ? Math.max(0, (width - widths[after - 1]) / step) : 0;
      return usable[after - 1].values[k] + t * (usable[after].values[k] - usable[after - 1].values[k]);
    });
  const toolFromHand = inverse(handFromTool);
  const inTool = (points: readonly Vec3[]): Vec3[] => points.map((p) => transformPoint(toolFromHand, p));
  const open = usable[usable.length - 1];
  const pad = padExtent(inTool(at(gripping[0], open)));
  const palm = palmOf(inTool(own.points), maxWidthM, oneSided);
  return {
    maxWidthM,
    widthSpeed: Math.min(FASTEST_M_PER_SEC, maxWidthM / TRAVEL_SEC),
    oneSided,
    toolFromHand,
    fingers: fingers.map((finger, k) => ({
      name: finger.link,
      ...jointOf(robot, finger, hand),
      valueAtWidth: valuesOf(k),
      capsules: fitCapsules(
        clouds[k].points.filter((_, i) => i % 4 === 0),
        { outsideM: FINGER_OUTSIDE_M, tooFatM: FINGER_TOO_FAT_M },
      ),
    })),
    tipBeyondToolM,
    fingerWidthM: pad.widthM,
    fingerThicknessM: pad.thicknessM,
    ...palm,
  };
}

/** Axis of the last arm joint in the hand's frame: wrists roll about the direction of approach. */
function rollAxisOf({ arm, hand }: RobotParts): Vec3 {
  const { joint, part } = arm[arm.length - 1];
  const jointFromHand = compose(joint.jointFromChild, part.frames.get(hand.link)!);
  return transformDirection(inverse(jointFromHand), joint.axis);
}

/** The tool point moved along the approach to where a frame of the description says it is. */
function atNamedTool(measured: Measured, hand: RigidPart): Pick<Measured, 'handFromTool' | 'tipBeyondToolM'> {
  const { handFromTool, tipBeyondToolM } = measured;
  for (const [name, handFromLink] of hand.frames) {
    if (!NAMED_TOOL.test(name)) continue;
    const offset = transformPoint(inverse(handFromTool), translationOf(handFromLink));
    if (norm(offset) > NAMED_TOOL_NEAR_M) continue;
    return {
      handFromTool: compose(handFromTool, fromTranslation([0, 0, offset[2]])),
      tipBeyondToolM: tipBeyondToolM - offset[2],
    };
  }
  return { handFromTool, tipBeyondToolM };
}

async function cloudOf(part: RigidPart, library: MeshLibrary): Promise<Cloud> {
  const shapes = part.visual.length > 0 ? part.visual : part.collision;
  return { points: surfacePointsOf(await meshesOf(shapes, library), SURFACE_SPACING_M) };
}

const jointTo = (robot: RobotDescription, finger: RigidPart): JointDescription =>
  robot.joints.find(({ child }) => child === finger.link)!;

/** A finger's joint with its z along the axis, seen from the hand. */
function jointOf(
  robot: RobotDescription,
  finger: RigidPart,
  hand: RigidPart,
): Pick<Finger, 'motion' | 'handFromJoint' | 'jointFromFinger'> {
  const joint = jointTo(robot, finger);
  const turned = rotationBetween([0, 0, 1], joint.axis);
  return {
    motion: joint.kind === 'slide' ? 'slide' : 'turn',
    handFromJoint: compose(hand.frames.get(joint.parent)!, joint.parentFromJoint, turned),
    jointFromFinger: compose(inverse(turned), joint.jointFromChild),
  };
}

/** Poses of the moving parts from one end of the range to the other; null when nothing moves within limits. */
function statesOf(robot: RobotDescription, hand: RigidPart, fingers: readonly RigidPart[]): State[] | null {
  const driven = fingers.map((finger) => jointTo(robot, finger));
  const leaders = new Set(driven.map((joint) => joint.mimic?.joint ?? joint.name));
  const drivers = robot.joints.filter((joint) => leaders.has(joint.name));
  if (drivers.length === 0 || drivers.some(({ lower, upper }) => !(upper > lower && Number.isFinite(upper - lower)))) {
    return null;
  }
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const values = new Map(
      drivers.map(({ name, lower, upper }) => [name, lower + ((upper - lower) * step) / STEPS] as const),
    );
    const frames = linkFrames(robot, values);
    const handFromRoot = inverse(frames.get(hand.link)!);
    return {
      frames: fingers.map((finger) => compose(handFromRoot, frames.get(finger.link)!)),
      values: driven.map(({ name, mimic }) =>
        mimic ? mimic.offset + mimic.multiplier * (values.get(mimic.joint) ?? 0) : values.get(name)!,
      ),
    };
  });
}

interface Measured {
  /** Rising openings and the states that give them. */
  readonly widths: number[];
  readonly states: State[];
  readonly handFromTool: Mat4;
  readonly oneSided: boolean;
  readonly tipBeyondToolM: number;
}

function measureOpenings(
  states: readonly State[],
  gripping: readonly number[],
  at: (k: number, state: State) => Vec3[],
  fixed: readonly Vec3[],
  rollAxis: Vec3,
): Measured | null {
  const oneSided = gripping.length === 1;
  const first = gripping[0];
  const other = gripping[gripping.length - 1];
  const middles = [states[0], states[states.length - 1]].map((state) => ({
    a: tipOf(at(first, state), fixed),
    b: oneSided ? ([0, 0, 0] as Vec3) : tipOf(at(other, state), fixed),
  }));
  const change = sub(sub(middles[1].a, middles[0].a), sub(middles[1].b, middles[0].b));
  if (!(norm(change) > 1e-4)) return null;
  // Closed is the end at which the pads are nearer to each other: for one finger, to the rest of the hand.
  const isReversed = !oneSided && norm(sub(middles[1].a, middles[1].b)) < norm(sub(middles[0].a, middles[0].b));
  let ordered = isReversed ? [...states].reverse() : [...states];
  if (oneSided && gapToHand(at(first, ordered[0]), fixed) > gapToHand(at(first, ordered.at(-1)!), fixed)) {
    ordered = ordered.reverse();
  }
  const closed = ordered[0];
  const tips = oneSided ? at(first, closed) : [...at(first, closed), ...at(other, closed)];
  const approach = snapped(approachOf(tips, fixed), [rollAxis, ...OWN_AXES]);
  const opening = sub(tipOf(at(first, ordered[2]), fixed), tipOf(at(first, closed), fixed));
  const against = oneSided
    ? opening
    : sub(opening, sub(tipOf(at(other, ordered[2]), fixed), tipOf(at(other, closed), fixed)));
  const level = normalize(sub(against, scale(approach, dot(against, approach))));
  const closing = snapped(
    level,
    OWN_AXES.filter((axis) => Math.abs(dot(axis, approach)) < 1e-3),
  );
  const axes = fromAxes(cross(closing, approach), closing, approach, [0, 0, 0]);
  const depths = tips.map((p) => dot(p, approach));
  const length = Math.max(...depths) - Math.max(0, Math.min(...depths));
  const isParallel = ordered.every(({ frames }) => rotationAngleBetween(frames[first], closed.frames[first]) < 1e-6);
  const tipBeyondToolM = isParallel ? Math.min(PARALLEL_TIP_M, TIP_SHARE * length) : TIP_SHARE * length;
  const toolDepth = Math.max(...depths) - tipBeyondToolM;
  const across = median(tips.filter((p) => dot(p, approach) > toolDepth).map((p) => dot(p, cross(closing, approach))));
  const inSlab = (points: readonly Vec3[]): number[] =>
    points
      .map((p): Vec3 => [dot(p, cross(closing, approach)) - across, dot(p, closing), dot(p, approach) - toolDepth])
      .filter(([x, , z]) => Math.abs(z) < SLAB_HALF_M && Math.abs(x) < PAD_HALF_WIDTH_M)
      .map(([, y]) => y);
  const fixedPad = Math.max(...inSlab(fixed));
  const widths: number[] = [];
  const usable: State[] = [];
  let centre = 0;
  for (const state of ordered) {
    const near = Math.min(...inSlab(at(first, state)));
    const far = oneSided ? fixedPad : Math.max(...inSlab(at(other, state)));
    const width = Math.max(0, near - far);
    if (!Number.isFinite(width) || rotationAngleBetween(state.frames[first], closed.frames[first]) > MOST_JAW_TURN_RAD)
      break;
    if (widths.length > 0 && width < widths[widths.length - 1] - 1e-4) break;
    centre = oneSided ? fixedPad : (near + far) / 2;
    widths.push(Math.max(width, widths.at(-1) ?? 0));
    usable.push(state);
  }
  if (widths.length < 2 || !(widths[widths.length - 1] > 0.005)) return null;
  const origin = add(add(scale(cross(closing, approach), across), scale(closing, centre)), scale(approach, toolDepth));
  const handFromTool = [...axes];
  [3, 7, 11].forEach((e, r) => {
    handFromTool[e] = origin[r];
  });
  return { widths, states: usable, handFromTool, oneSided, tipBeyondToolM };
}

/** Mean of the tenth of the points that lies farthest from the hand's origin. */
function tipOf(points: readonly Vec3[], fixed: readonly Vec3[]): Vec3 {
  const direction = approachOf(points, fixed);
  const sorted = [...points].sort((p, q) => dot(q, direction) - dot(p, direction));
  const some = sorted.slice(0, Math.max(1, Math.floor(points.length / 10)));
  return scale(
    some.reduce<Vec3>((sum, p) => add(sum, p), [0, 0, 0]),
    1 / some.length,
  );
}

/** From the hand's origin to the middle of the fingers. The hand's frame stands where the wrist carries it. */
function approachOf(points: readonly Vec3[], fixed: readonly Vec3[]): Vec3 {
  const middle = scale(
    points.reduce<Vec3>((sum, p) => add(sum, p), [0, 0, 0]),
    1 / Math.max(1, points.length),
  );
  const from: Vec3 = fixed.length > 0 || norm(middle) > 1e-3 ? [0, 0, 0] : [0, 0, -1];
  return normalize(sub(middle, from));
}

/** Mean distance of a finger's points to the nearest of a few of the hand's, metres. */
function gapToHand(points: readonly Vec3[], fixed: readonly Vec3[]): number {
  const some = (all: readonly Vec3[], count: number): Vec3[] =>
    all.filter((_, i) => i % Math.max(1, Math.floor(all.length / count)) === 0);
  const hand = some(fixed, 300);
  const gaps = some(points, 200).map((p) => Math.min(...hand.map((q) => norm(sub(p, q)))));
  return gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1, gaps.length);
}

const OWN_AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** The nearest of the expected axes, either way along it, if it is near. */
function snapped(direction: Vec3, expected: readonly Vec3[]): Vec3 {
  const near = expected.find((axis) => Math.abs(dot(axis, direction)) > SNAP_COSINE);
  return near ? scale(near, Math.sign(dot(near, direction))) : direction;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Width along x and thickness along y of a finger around the tool point, metres. Points in the tool frame. */
function padExtent(points: readonly Vec3[]): { widthM: number; thicknessM: number } {
  const pad = points.filter(([, , z]) => Math.abs(z) < 2 * SLAB_HALF_M);
  const extent = (i: 0 | 1): number => Math.max(...pad.map((p) => p[i])) - Math.min(...pad.map((p) => p[i]));
  return pad.length > 0 ? { widthM: extent(0), thicknessM: extent(1) } : { widthM: 0.02, thicknessM: 0.015 };
}

/** The hand's face between the fingers and its extents beside them. Points in the tool frame. */
function palmOf(
  points: readonly Vec3[],
  maxWidthM: number,
  oneSided: boolean,
): { fingerReachM: number; palmHalfM: [number, number] } {
  const [low, high] = oneSided ? [0.003, 0.6 * maxWidthM] : [-0.4 * maxWidthM, 0.4 * maxWidthM];
  const between = points.filter(([x, y]) => Math.abs(x) < PAD_HALF_WIDTH_M && y > low && y < high);
  const face = between.length > 0 ? Math.max(...between.map(([, , z]) => z)) : -0.05;
  const fingerReachM = Math.min(0.2, Math.max(0.01, -face));
  const palm = points.filter(([, , z]) => z < -fingerReachM && z > -fingerReachM - 0.06);
  const half = (i: 0 | 1): number => palm.reduce((most, p) => Math.max(most, Math.abs(p[i])), 0.01);
  return { fingerReachM, palmHalfM: [half(0), half(1)] };
}
