/**
 * What slides level into the side of a box (a drawer into its case) is hidden where it matters: how deep it went, how far aside and how
 * turned it is are known worst at the end. There the box holds it: it cannot go through the walls beside it nor through the one behind.
 */
import { compose, fromYaw, interpolate, type Mat4, transformPoint, translationOf } from '../math/se3.js';
import { norm, sub, vec3At } from '../math/vec3.js';
import type { Actor } from './actor.js';

/** It comes in level when it sinks or rises by no more than this share of its way, and through a side when it goes along an axis by this share. */
const LEVEL_SHARE = 0.3;
const ALONG_SHARE = 0.8;
/** It must come from outside: this share of the box's depth at least. */
const LEAST_WAY_SHARE = 0.5;
/** An end that is off by more than this share of the depth is not believed to be in the box. */
const MOST_SHARE = 0.6;
/** A box that ends turned by no more than this in a box lies along it, radians. */
const MOST_TURN_RAD = 0.35;
/** Room for the walls beside and behind it, and for the floor below, metres. */
const WALL_M = 0.003;
const FLOOR_M = 0.0015;

export interface SlidIn {
  /** targetFromSource. */
  readonly path: Mat4[];
  /** How far its end was moved, metres, and turned, radians. */
  readonly movedM: number;
  readonly turnedRad: number;
}

/** The way `path` (targetFromSource) with its end held by the box; null where the source does not slide into one, or ends elsewhere. */
export function slidIn(source: Actor, target: Actor, path: readonly Mat4[]): SlidIn | null {
  if (target.model.family !== 'box' || source.model.family !== 'box') return null;
  const [first, last] = [path[0], path[path.length - 1]];
  const way = [last[3] - first[3], last[7] - first[7], last[11] - first[11]];
  const level = Math.hypot(way[0], way[1]);
  const axis = Math.abs(way[0]) > Math.abs(way[1]) ? 0 : 1;
  const sign = Math.sign(way[axis]);
  const { low, high } = target.field;
  if (Math.abs(way[2]) > LEVEL_SHARE * level || Math.abs(way[axis]) < ALONG_SHARE * level) return null;
  if (Math.abs(way[axis]) < LEAST_WAY_SHARE * (high[axis] - low[axis])) return null;
  if (translationOf(last).some((v, k) => v < low[k] || v > high[k])) return null;
  const yaw = Math.atan2(last[4], last[0]);
  const turn = Math.round(yaw / (Math.PI / 2)) * (Math.PI / 2) - yaw;
  if (Math.abs(turn) > MOST_TURN_RAD) return null;
  const seated = compose(fromYaw(turn), last);
  for (const k of [3, 7, 11]) seated[k] = last[k];
  const at = extentOf(source, seated);
  const behind = WALL_M + (sign > 0 ? at.high[axis] - high[axis] : low[axis] - at.low[axis]);
  if (behind > 0) seated[3 + 4 * axis] -= sign * behind;
  const side = 1 - axis;
  seated[3 + 4 * side] += intoRange(at.low[side], at.high[side], low[side] + WALL_M, high[side] - WALL_M);
  seated[11] += Math.max(0, low[2] + FLOOR_M - at.low[2]);
  const movedM = norm(sub([seated[3], seated[7], seated[11]], [last[3], last[7], last[11]]));
  if (movedM > MOST_SHARE * (high[axis] - low[axis])) return null;
  const entry = path.findIndex((pose) => {
    const { low: from, high: to } = extentOf(source, pose);
    return sign > 0 ? to[axis] > low[axis] : from[axis] < high[axis];
  });
  return {
    path: path.map((pose, k) => {
      // On the rails of the box: only how far it is in is the demonstration's.
      const rail = [...seated];
      rail[3 + 4 * axis] =
        pose[3 + 4 * axis] +
        smooth((k - entry) / (path.length - 1 - entry)) * (seated[3 + 4 * axis] - last[3 + 4 * axis]);
      return k >= entry ? rail : interpolate(pose, rail, smooth(k / entry));
    }),
    movedM,
    turnedRad: Math.abs(turn),
  };
}

/** 0 up to 0, 1 from 1 on, level at both. */
function smooth(t: number): number {
  const s = Math.min(1, Math.max(0, t));
  return s * s * (3 - 2 * s);
}

/** How far to move [from, to] so that it lies in [low, high]; to its middle where it does not fit. */
function intoRange(from: number, to: number, low: number, high: number): number {
  if (to - from >= high - low) return (low + high - from - to) / 2;
  return Math.max(0, low - from) - Math.max(0, to - high);
}

function extentOf({ field }: Actor, targetFromSource: Mat4): { low: number[]; high: number[] } {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  const { probes } = field;
  for (let i = 0; i < probes.length; i += 3) {
    transformPoint(targetFromSource, vec3At(probes, i)).forEach((v, k) => {
      low[k] = Math.min(low[k], v);
      high[k] = Math.max(high[k], v);
    });
  }
  return { low, high };
}
