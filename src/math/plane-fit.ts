/** Planes through points. */
import type { Vec3 } from './vec3.js';

/** z = a x + b y + c by least squares over the points; null where they do not span the plane. */
export function fitPlane(points: Iterable<Vec3>): [a: number, b: number, c: number] | null {
  let [n, sx, sy, sz, sxx, sxy, syy, sxz, syz] = [0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const [x, y, z] of points) {
    n++;
    sx += x;
    sy += y;
    sz += z;
    sxx += x * x;
    sxy += x * y;
    syy += y * y;
    sxz += x * z;
    syz += y * z;
  }
  const [cxx, cxy, cyy] = [sxx - (sx * sx) / n, sxy - (sx * sy) / n, syy - (sy * sy) / n];
  const [cxz, cyz] = [sxz - (sx * sz) / n, syz - (sy * sz) / n];
  const det = cxx * cyy - cxy * cxy;
  if (!(det > 1e-9)) return null;
  const a = (cxz * cyy - cyz * cxy) / det;
  const b = (cyz * cxx - cxz * cxy) / det;
  return [a, b, (sz - a * sx - b * sy) / n];
}
