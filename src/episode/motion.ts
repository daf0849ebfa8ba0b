/** The demonstrated motions, taken from the skill and fitted to a new arrangement. */
import {
  compose,
  fromQuaternion,
  fromTranslation,
  fromYaw,
  interpolate,
  inverse,
  type Mat4,
  quaternionOf,
  slerp,
  translationOf,
} from '../math/se3.js';
import { add, distance, lerp, scale, type Vec3 } from '../math/vec3.js';
import type { Skill } from '../skill/skill.js';

/** Source seen from the target (or from the world, target null), evenly spread over the demonstration's time. */
export interface RelativeMotion {
  readonly targetId: number | null;
  /** Whether the source comes to touch the target: not where it pours. */
  readonly touchesTarget: boolean;
  readonly poses: readonly Mat4[];
  readonly durationSec: number;
  /** Objects that the source pushes along: their poses in the same frame at the same moments. */
  readonly pushed: readonly PushedMotion[];
}

export interface PushedMotion {
  readonly id: number;
  readonly poses: readonly Mat4[];
}

/** An object that lies on a held one and goes where it goes. */
export interface Cargo {
  readonly id: number;
  readonly sourceFromCargo: Mat4;
}

/** One object being taken, moved through one or more task motions, and let go (or kept in the hand). */
export interface Manipulation {
  readonly sourceId: number;
  readonly motions: readonly RelativeMotion[];
  readonly cargo: readonly Cargo[];
  readonly released: boolean;
}

/** What rides on a carrier stays within this of its place on it, metres. */
const CARGO_SLIP_M = 0.03;

/** Standard deviation of the smoothing over time, seconds: wider than tracking noise, narrower than a hand's gesture. */
const SMOOTHING_SD_SEC = 0.12;

/** Short motions are filled up to this many poses, so that joint paths through them are smooth. */
const LEAST_POSES = 25;

const knownManipulations = new WeakMap<Skill, readonly Manipulation[]>();

/** The skill's segments in order of time, as one manipulation per grasp: the same for all episodes. */
export function manipulationsOf(skill: Skill): readonly Manipulation[] {
  const known = knownManipulations.get(skill);
  if (known) return known;
  const manipulations = readManipulations(skill);
  knownManipulations.set(skill, manipulations);
  return manipulations;
}

function readManipulations(skill: Skill): Manipulation[] {
  interface Growing {
    sourceId: number;
    motions: RelativeMotion[];
    cargo: Cargo[];
    released: boolean;
  }
  const open = new Map<number, Growing>();
  const all: Growing[] = [];
  const order = { grasp: 0, task: 1, release: 2 };
  const segments = [...skill.segments].sort((a, b) => a.fromFrame - b.fromFrame || order[a.kind] - order[b.kind]);
  for (const segment of segments) {
    let current = open.get(segment.sourceId);
    if (!current || segment.kind === 'grasp') {
      if (segment.kind === 'release') continue;
      current = { sourceId: segment.sourceId, motions: [], cargo: [], released: false };
      open.set(segment.sourceId, current);
      all.push(current);
    }
    if (segment.kind === 'release') {
      current.released = true;
      open.delete(segment.sourceId);
    }
    if (segment.kind !== 'task') continue;
    const motion = skill.relativeMotions.find(
      (candidate) =>
        candidate.sourceId === segment.sourceId &&
        candidate.targetId === segment.targetId &&
        candidate.fromFrame === segment.fromFrame &&
        (candidate.drivenBy ?? null) === null,
    );
    if (!motion || motion.targetFromSource.length === 0) continue;
    const durationSec = (motion.targetFromSource.length - 1) / skill.fps;
    const smooth = (recorded: readonly Mat4[]): Mat4[] => {
      const dense = resampleMotion(recorded, LEAST_POSES);
      return smoothMotion(dense, (dense.length - 1) / Math.max(durationSec, 1 / skill.fps));
    };
    const pushed: PushedMotion[] = [];
    for (const driven of skill.relativeMotions) {
      const isOwn = driven.drivenBy === segment.sourceId && driven.fromFrame === segment.fromFrame;
      if (!isOwn || driven.targetFromSource.length !== motion.targetFromSource.length) continue;
      const cargo = cargoOf(motion.targetFromSource, driven);
      if (!cargo) pushed.push({ id: driven.sourceId, poses: smooth(driven.targetFromSource) });
      else if (!current.cargo.some(({ id }) => id === cargo.id)) current.cargo.push(cargo);
    }
    const { targetId } = motion;
    const touchesTarget = targetId !== null && segment.word !== 'pour';
    current.motions.push({ targetId, touchesTarget, poses: smooth(motion.targetFromSource), durationSec, pushed });
  }
  return all.filter((manipulation) => manipulation.motions.length > 0);
}

/** Null when the driven object does not keep its place on the source. */
function cargoOf(targetFromSource: readonly Mat4[], driven: Skill['relativeMotions'][number]): Cargo | null {
  const places = driven.targetFromSource.map((pose, k) => compose(inverse(targetFromSource[k]), pose));
  const first = translationOf(places[0]);
  const slips = places.some((place) => distance(translationOf(place), first) > CARGO_SLIP_M);
  return slips ? null : { id: driven.sourceId, sourceFromCargo: places[0] };
}

/** At least `count` poses evenly spread over the same time; longer motions stay as they are. */
export function resampleMotion(poses: readonly Mat4[], count: number): Mat4[] {
  const last = poses.length - 1;
  if (poses.length >= count || last === 0) return [...poses];
  return Array.from({ length: count }, (_, k) => {
    const x = (k / (count - 1)) * last;
    const i = Math.min(last - 1, Math.floor(x));
    return interpolate(poses[i], poses[i + 1], x - i);
  });
}

/**
 * Gaussian smoothing over time that leaves the first and the last pose exactly as they are: near the ends the window shrinks to
 * what lies symmetrically on both sides.
 */
export function smoothMotion(poses: readonly Mat4[], fps: number): Mat4[] {
  const sd = SMOOTHING_SD_SEC * fps;
  const last = poses.length - 1;
  return poses.map((pose, k) => {
    const reach = Math.min(k, last - k, Math.ceil(3 * sd));
    if (reach === 0) return [...pose];
    let total = 0;
    let position: Vec3 = [0, 0, 0];
    let rotation = quaternionOf(pose);
    for (let j = -reach; j <= reach; j++) {
      const weight = Math.exp(-0.5 * (j / sd) ** 2);
      total += weight;
      position = add(position, scale(translationOf(poses[k + j]), weight));
      // A running mean on the sphere: each rotation pulls the mean by its share.
      rotation = slerp(rotation, quaternionOf(poses[k + j]), weight / total);
    }
    return fromQuaternion(rotation, scale(position, 1 / total));
  });
}

/** A motion relative to a target, in the world: the target stands at `worldFromTarget`. */
export function replayAtTarget(motion: Pick<RelativeMotion, 'poses'>, worldFromTarget: Mat4, spinRad = 0): Mat4[] {
  // `spinRad` turns the whole motion about the target's z: free where the target is round.
  const spun = compose(worldFromTarget, fromYaw(spinRad));
  return motion.poses.map((pose) => compose(spun, pose));
}

/** A round source may hold any turn about its own z: this one turn is added to all poses of the motion. */
export function spinSource(poses: readonly Mat4[], spinRad: number): Mat4[] {
  return poses.map((pose) => compose(pose, fromYaw(spinRad)));
}

/** Heading of a pose's x axis about the vertical, radians. */
export const yawOf = (m: Mat4): number => Math.atan2(m[4], m[0]);

/**
 * A motion over the table, fitted to a new start and end: the track on the table is turned, stretched and moved so that its ends
 * meet the new ones; heights are kept; all rotations turn about the vertical with the yaw of the new start. Where the demonstration
 * hardly travels, it is only moved (to the new end).
 */
export function replayOverTable(
  motion: Pick<RelativeMotion, 'poses'>,
  start: { xM: number; yM: number; yawRad: number },
  end: { xM: number; yM: number },
): Mat4[] {
  const first = translationOf(motion.poses[0]);
  const last = translationOf(motion.poses[motion.poses.length - 1]);
  const [dx, dy] = [last[0] - first[0], last[1] - first[1]];
  const travelled = Math.hypot(dx, dy);
  const turnYaw = fromYaw(start.yawRad - yawOf(motion.poses[0]));
  const stretches = travelled > LEAST_TRAVEL_M;
  const [ex, ey] = [end.xM - start.xM, end.yM - start.yM];
  // Complex division (e / d): turn and stretch of the plane in one number.
  const re = stretches ? (ex * dx + ey * dy) / (travelled * travelled) : 1;
  const im = stretches ? (ey * dx - ex * dy) / (travelled * travelled) : 0;
  return motion.poses.map((pose) => {
    const [x, y, z] = translationOf(pose);
    const [rx, ry] = [x - last[0], y - last[1]];
    const turned = compose(turnYaw, pose);
    turned[3] = end.xM + re * rx - im * ry;
    turned[7] = end.yM + im * rx + re * ry;
    turned[11] = z;
    return turned;
  });
}

const LEAST_TRAVEL_M = 0.03;

/** A motion over the table turned about the vertical and moved as a whole, so that it ends at `end`. */
export function replayAtPlace(
  { poses }: Pick<RelativeMotion, 'poses'>,
  turnRad: number,
  end: { xM: number; yM: number },
): Mat4[] {
  const [x, y] = translationOf(poses[poses.length - 1]);
  const placed = compose(fromTranslation([end.xM, end.yM, 0]), fromYaw(turnRad), fromTranslation([-x, -y, 0]));
  return poses.map((pose) => compose(placed, pose));
}

/** A motion that begins this near to where the object stands begins where it stands, metres. */
const SAME_START_M = 0.05;

/**
 * Ties a motion over the table to where the object really stands: its first half is led from `start` into the motion (if it begins
 * there), its second half to `end` (if given). What tracking put a little too high, too low or aslant comes right that way.
 */
export function anchorMotion(poses: readonly Mat4[], start: Mat4, end: Mat4 | null): Mat4[] {
  const last = poses.length - 1;
  const [first, final] = [poses[0], poses[last]];
  const startsThere = Math.hypot(start[3] - first[3], start[7] - first[7], start[11] - first[11]) < SAME_START_M;
  const shifted = (pose: Mat4, from: Mat4, to: Mat4): Mat4 => {
    const turn = compose(to, inverse(from));
    const out = compose(turn, pose);
    for (const e of [3, 7, 11]) out[e] = pose[e] + to[e] - from[e];
    return out;
  };
  return poses.map((pose, k) => {
    const s = last === 0 ? 1 : k / last;
    const led = s < 0.5 && startsThere ? interpolate(pose, shifted(pose, first, start), 1 - smoothStep(2 * s)) : pose;
    return s > 0.5 && end ? interpolate(led, shifted(led, final, end), smoothStep(2 * s - 1)) : led;
  });
}

const smoothStep = (x: number): number => x * x * (3 - 2 * x);

/** Poses raised as little as needed for no point of the object ([M, 3], object frame) to dip into the table. */
export function keepAboveTable(poses: readonly Mat4[], points: Float64Array): Mat4[] {
  return poses.map((pose) => {
    const lowest = lowestOf(points, pose);
    return lowest < 0 ? pose.with(11, pose[11] - lowest) : [...pose];
  });
}

/** Height of the lowest point at a pose. */
function lowestOf(points: Float64Array, pose: Mat4): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < points.length; k += 3) {
    lowest = Math.min(lowest, pose[8] * points[k] + pose[9] * points[k + 1] + pose[10] * points[k + 2] + pose[11]);
  }
  return lowest;
}

/** What pushes is kept this high over the table, if what it pushes is four times as high: it neither scrapes nor catches on a lip, metres. */
const SLIDE_M = 0.003;
const SLIDE_SHARE = 0.25;
/** A pushed thing that goes less far than this between two frames stands still, metres. */
const STILL_M = 1e-4;

/**
 * Poses of a pusher raised as little as needed to keep off the ground while it pushes, and less and less before and after, since it may
 * come from where it stands. `pusher` and the points of each pushed thing: [M, 3], their own frames.
 */
export function slideOver(
  poses: readonly Mat4[],
  pusher: Float64Array,
  pushed: readonly { poses: readonly Mat4[]; points: Float64Array }[],
): Mat4[] {
  const last = poses.length - 1;
  let [from, to] = [last, 0];
  let clearanceM = SLIDE_M;
  for (const { poses: way, points } of pushed) {
    clearanceM = Math.min(clearanceM, SLIDE_SHARE * heightOf(points, way[0]));
    for (let k = 1; k <= last; k++) {
      if (distance(translationOf(way[k]), translationOf(way[k - 1])) < STILL_M) continue;
      from = Math.min(from, k - 1);
      to = Math.max(to, k);
    }
  }
  if (from >= to) return [...poses];
  return poses.map((pose, k) => {
    const share = k < from ? smoothStep(k / from) : k > to ? smoothStep((last - k) / (last - to)) : 1;
    const lift = Math.max(0, clearanceM - lowestOf(pusher, pose));
    return pose.with(11, pose[11] + share * lift);
  });
}

function heightOf(points: Float64Array, pose: Mat4): number {
  return (
    -lowestOf(points, pose) -
    lowestOf(
      points,
      pose.map((value, e) => (e >= 8 && e < 12 ? -value : value)),
    )
  );
}

/** Poses evenly spread along a straight way: linear positions, slerped rotations. */
export function straightWay(from: Mat4, to: Mat4, count: number): Mat4[] {
  const a = quaternionOf(from);
  const b = quaternionOf(to);
  return Array.from({ length: count }, (_, k) => {
    const t = k / (count - 1);
    return fromQuaternion(slerp(a, b, t), lerp(translationOf(from), translationOf(to), t));
  });
}

/** An arch between two poses: leaves and arrives vertically, about three quarters of `riseM` above the straight way. */
export function archedWay(from: Mat4, to: Mat4, riseM: number, count: number): Mat4[] {
  const a = translationOf(from);
  const b = translationOf(to);
  const top = Math.max(a[2], b[2]) + riseM;
  const qa = quaternionOf(from);
  const qb = quaternionOf(to);
  return Array.from({ length: count }, (_, k) => {
    const t = k / (count - 1);
    const u = 1 - t;
    const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    const position: Vec3 = [
      (w0 + w1) * a[0] + (w2 + w3) * b[0],
      (w0 + w1) * a[1] + (w2 + w3) * b[1],
      w0 * a[2] + (w1 + w2) * top + w3 * b[2],
    ];
    // The hand turns in the middle of the way, not while it leaves or arrives.
    return fromQuaternion(slerp(qa, qb, smoothStep(t)), position);
  });
}

/** Tool poses that carry an object held at `objectFromTool` along `worldFromObject`. */
export const toolAlong = (worldFromObject: readonly Mat4[], objectFromTool: Mat4): Mat4[] =>
  worldFromObject.map((pose) => compose(pose, objectFromTool));

/** Pose of the held object for a tool pose. */
export const heldPose = (worldFromTool: Mat4, objectFromTool: Mat4): Mat4 =>
  compose(worldFromTool, inverse(objectFromTool));
