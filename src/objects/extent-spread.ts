/** How well outlines hold each extent of a shape: the side that points at the camera, a foot behind a belly may be hardly held at all. */
import type { Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from './object-model.js';
import { type OutlineView, placedAnew } from './refit-shape.js';

/** Changes tried, natural log; beyond the last an extent counts as known to that. */
const CHANGES = [0.02, 0.04, 0.08, 0.16, 0.32];
/** An extent may be off by as much as costs this share of what the outlines miss anyway, and what a pixel's rounding does. */
const MISSED_SHARE = 0.5;
const ROUNDING = 0.003;

/** Standard deviations of the natural logs of the extents along x, y, z of the mesh's frame (base on z = 0). */
export function extentSpread(mesh: TriangleMesh, views: readonly OutlineView[], cameraFromWorld: Mat4): Vec3 {
  const standing = views.filter(({ isStanding }) => isStanding);
  const agreement = (changed: TriangleMesh): number =>
    standing.reduce((sum, view) => sum + placedAnew(changed, view, cameraFromWorld).iou, 0) / standing.length;
  const best = agreement(mesh);
  const allowed = MISSED_SHARE * (1 - best) + ROUNDING;
  const reach = (axis: number, sign: 1 | -1): number => {
    let [change, loss] = [0, 0];
    for (const next of CHANGES) {
      const nextLoss = Math.max(loss, best - agreement(stretched(mesh, axis, Math.exp(sign * next))));
      if (nextLoss >= allowed) return change + ((next - change) * (allowed - loss)) / (nextLoss - loss);
      [change, loss] = [next, nextLoss];
    }
    return change;
  };
  const spread = (axis: number): number => (reach(axis, 1) + reach(axis, -1)) / 2;
  return [spread(0), spread(1), spread(2)];
}

/** Standard deviations of a size, metres, when all lengths are known to `scaleLogSd` (natural log) and each extent to `spread` besides. */
export const sizeSd = (sizeM: Vec3, scaleLogSd: number, spread: Vec3): Vec3 => [
  sizeM[0] * Math.hypot(scaleLogSd, spread[0]),
  sizeM[1] * Math.hypot(scaleLogSd, spread[1]),
  sizeM[2] * Math.hypot(scaleLogSd, spread[2]),
];

const stretched = (mesh: TriangleMesh, axis: number, factor: number): TriangleMesh => ({
  ...mesh,
  vertices: mesh.vertices.map((v, i) => (i % 3 === axis ? v * factor : v)),
});
