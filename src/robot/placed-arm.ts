/** The arm's capsules at a configuration, for distances: as flat arrays, since planning places the arm thousands of times. */
import { compose, inverse, type Mat4, transformPoint } from '../math/se3.js';
import { chainFramesInto, handFromFingers } from './kinematics.js';
import type { RobotModel } from './robot-model.js';

export const CAPSULE_STRIDE = 7;

/** The arm's capsules at one configuration, in the frame that `frameFromBase` leads to. */
export interface PlacedArm {
  /** [C, 7] f64: a (3), b (3), radius, metres. */
  readonly capsules: Float64Array;
  /** [C] frame index of each capsule as in `Capsule.frame`; fingers have `FINGER_FRAME`. */
  readonly frames: readonly number[];
}

/** Stands for both fingers in `PlacedArm.frames`: beyond any link. */
export const FINGER_FRAME = 1000;

/** What never changes about an arm's capsules: fixed to a chain frame (0..n - 1 joints, n tool) or to the base. */
interface Layout {
  readonly frames: readonly number[];
  /** [C] chain frame that carries the capsule; -1: the base. */
  readonly carriers: readonly number[];
  /** [C, 7] f64 ends in the carrier's frame; fingers as they were placed last. */
  readonly local: Float64Array;
  readonly fingersFrom: number;
  /** Rows that move with the tool: last link, hand and fingers, and their `frames`. */
  readonly hand: { readonly rows: readonly number[]; readonly frames: readonly number[] };
  /** Opening at which `local` has the fingers, metres. */
  fingersAtM: number;
  /** [n + 1, 12] f64 scratch. */
  readonly chain: Float64Array;
}

const layouts = new WeakMap<RobotModel, Layout>();

function layoutOf(robot: RobotModel): Layout {
  const known = layouts.get(robot);
  if (known) return known;
  const n = robot.joints.length;
  const { fingers, toolFromHand } = robot.gripper;
  const numFinger = fingers.reduce((sum, finger) => sum + finger.capsules.length, 0);
  const local = new Float64Array((robot.capsules.length + numFinger) * CAPSULE_STRIDE);
  const toolFromLastLink = compose(inverse(robot.lastFromTool), robot.joints[n - 1].jointFromLink);
  const carriers: number[] = [];
  robot.capsules.forEach(({ frame, a, b, radiusM }, c) => {
    // The last link, too, is fixed to the tool.
    carriers.push(frame >= n ? n : frame - 1);
    const at = c * CAPSULE_STRIDE;
    const toCarrier =
      frame === 0
        ? null
        : frame > n
          ? toolFromHand
          : frame === n
            ? toolFromLastLink
            : robot.joints[frame - 1].jointFromLink;
    local.set(toCarrier ? transformPoint(toCarrier, a) : a, at);
    local.set(toCarrier ? transformPoint(toCarrier, b) : b, at + 3);
    local[at + 6] = radiusM;
  });
  const frames = [...robot.capsules.map(({ frame }) => frame), ...new Array<number>(numFinger).fill(FINGER_FRAME)];
  const handRows = frames.flatMap((frame, row) => (frame >= n ? [row] : []));
  const layout: Layout = {
    frames,
    carriers: [...carriers, ...new Array<number>(numFinger).fill(n)],
    local,
    fingersFrom: robot.capsules.length,
    hand: { rows: handRows, frames: handRows.map((row) => frames[row]) },
    fingersAtM: Number.NaN,
    chain: new Float64Array((n + 1) * 12),
  };
  layouts.set(robot, layout);
  return layout;
}

function openFingers(robot: RobotModel, layout: Layout, widthM: number): void {
  if (layout.fingersAtM === widthM) return;
  layout.fingersAtM = widthM;
  const { fingers, toolFromHand } = robot.gripper;
  let at = layout.fingersFrom * CAPSULE_STRIDE;
  handFromFingers(robot, widthM).forEach((handFromFinger, k) => {
    const toolFromFinger = compose(toolFromHand, handFromFinger);
    for (const { a, b, radiusM } of fingers[k].capsules) {
      layout.local.set(transformPoint(toolFromFinger, a), at);
      layout.local.set(transformPoint(toolFromFinger, b), at + 3);
      layout.local[at + 6] = radiusM;
      at += CAPSULE_STRIDE;
    }
  });
}

/** Room for the capsules of one arm, to be used over and over by those who need each placed arm only for a moment. */
export const roomForArm = (robot: RobotModel): Float64Array => new Float64Array(layoutOf(robot).local.length);

/** Last link, hand and fingers alone, opened to `widthM`, with the tool where `frameFromTool` leads. `room`: as for `placeArm`. */
export function placeHand(robot: RobotModel, frameFromTool: Mat4, widthM: number, room?: Float64Array): PlacedArm {
  const layout = layoutOf(robot);
  openFingers(robot, layout, widthM);
  const { rows, frames } = layout.hand;
  const capsules = room ?? new Float64Array(rows.length * CAPSULE_STRIDE);
  for (let k = 0; k < rows.length; k++) {
    moveCapsule(frameFromTool, 0, layout.local, rows[k] * CAPSULE_STRIDE, capsules, k * CAPSULE_STRIDE);
  }
  return { capsules, frames };
}

/**
 * The arm with its gripper opened to `widthM`, seen from the frame that `frameFromBase` leads to. With `room` (`roomForArm`) it holds
 * until that is used again.
 */
export function placeArm(
  robot: RobotModel,
  q: ArrayLike<number>,
  widthM: number,
  frameFromBase: Mat4,
  room?: Float64Array,
): PlacedArm {
  const layout = layoutOf(robot);
  openFingers(robot, layout, widthM);
  const { frames, carriers, local, chain } = layout;
  chainFramesInto(robot, q, chain, frameFromBase);
  const capsules = room ?? new Float64Array(local.length);
  for (let c = 0; c < frames.length; c++) {
    const at = c * CAPSULE_STRIDE;
    const carrier = carriers[c];
    const m = carrier < 0 ? frameFromBase : chain;
    moveCapsule(m, carrier < 0 ? 0 : carrier * 12, local, at, capsules, at);
  }
  return { capsules, frames };
}

/** Row `at` of `local` moved by the 3x4 transform at `from` of `m`, into row `to` of `out`. */
function moveCapsule(
  m: ArrayLike<number>,
  from: number,
  local: Float64Array,
  at: number,
  out: Float64Array,
  to: number,
): void {
  const m0 = m[from];
  const m1 = m[from + 1];
  const m2 = m[from + 2];
  const m4 = m[from + 4];
  const m5 = m[from + 5];
  const m6 = m[from + 6];
  const m8 = m[from + 8];
  const m9 = m[from + 9];
  const m10 = m[from + 10];
  for (let end = 0; end <= 3; end += 3) {
    const x = local[at + end];
    const y = local[at + end + 1];
    const z = local[at + end + 2];
    out[to + end] = m0 * x + m1 * y + m2 * z + m[from + 3];
    out[to + end + 1] = m4 * x + m5 * y + m6 * z + m[from + 7];
    out[to + end + 2] = m8 * x + m9 * y + m10 * z + m[from + 11];
  }
  out[to + 6] = local[at + 6];
}
