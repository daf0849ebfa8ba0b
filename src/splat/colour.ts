/** Colour of Gaussians: real spherical harmonics of degree 0 to 3 with the constants of the reference 3DGS code. */
import type { Mat4 } from '../math/se3.js';
import { type Vec3, vec3 } from '../math/vec3.js';
import { type GaussianSet, SH_C0 } from './gaussians.js';

const C1 = 0.4886025119029199;
const C2 = [1.0925484305920792, -1.0925484305920792, 0.31539156525252005, -1.0925484305920792, 0.5462742152960396];
const C3 = [
  -0.5900435899266435, 2.890611442640554, -0.4570457994644658, 0.3731763325901154, -0.4570457994644658,
  1.445305721320277, -0.5900435899266435,
];

/** Camera centre in the set's frame, before scaling. */
export function cameraCentre(cameraFromSet: Mat4, scale: number): Vec3 {
  const m = cameraFromSet;
  return vec3((c) => -(m[c] * m[3] + m[4 + c] * m[7] + m[8 + c] * m[11]) / scale);
}

/**
 * Colours seen from a camera, [N, 3] 0..: 0.5 + SH(direction), cut at 0 from below as in the 3DGS code. Sets of degree 0 look
 * the same from everywhere. `scale` is the uniform scale of the set before its pose.
 */
export function evaluateColours<T extends Float32Array | Float64Array>(
  set: GaussianSet,
  cameraFromSet: Mat4,
  scale: number,
  out: T,
): T {
  const { count, shDegree, sh, position } = set;
  const numBasis = (shDegree + 1) ** 2;
  const centre = cameraCentre(cameraFromSet, scale);
  const basis = new Float64Array(numBasis);
  basis[0] = SH_C0;
  for (let i = 0; i < count; i++) {
    if (shDegree > 0) {
      const x = position[3 * i] - centre[0];
      const y = position[3 * i + 1] - centre[1];
      const z = position[3 * i + 2] - centre[2];
      const inverseLength = 1 / Math.max(Math.hypot(x, y, z), 1e-12);
      fillBasis(basis, shDegree, x * inverseLength, y * inverseLength, z * inverseLength);
    }
    for (let c = 0; c < 3; c++) {
      let value = 0.5;
      for (let k = 0; k < numBasis; k++) value += basis[k] * sh[(i * numBasis + k) * 3 + c];
      out[3 * i + c] = Math.max(value, 0);
    }
  }
  return out;
}

/** All (degree + 1)^2 basis functions at a unit direction, so that a colour is 0.5 + sum of basis * coefficient. */
export function shBasis(degree: number, x: number, y: number, z: number): Float64Array {
  const basis = new Float64Array((degree + 1) ** 2);
  basis[0] = SH_C0;
  if (degree > 0) fillBasis(basis, degree, x, y, z);
  return basis;
}

/** Basis functions 1.. of the unit direction (x, y, z), in the order of `f_rest`. */
function fillBasis(basis: Float64Array, degree: number, x: number, y: number, z: number): void {
  basis[1] = -C1 * y;
  basis[2] = C1 * z;
  basis[3] = -C1 * x;
  if (degree < 2) return;
  const [xx, yy, zz] = [x * x, y * y, z * z];
  basis[4] = C2[0] * x * y;
  basis[5] = C2[1] * y * z;
  basis[6] = C2[2] * (2 * zz - xx - yy);
  basis[7] = C2[3] * x * z;
  basis[8] = C2[4] * (xx - yy);
  if (degree < 3) return;
  basis[9] = C3[0] * y * (3 * xx - yy);
  basis[10] = C3[1] * x * y * z;
  basis[11] = C3[2] * y * (4 * zz - xx - yy);
  basis[12] = C3[3] * z * (2 * zz - 3 * xx - 3 * yy);
  basis[13] = C3[4] * x * (4 * zz - xx - yy);
  basis[14] = C3[5] * z * (xx - yy);
  basis[15] = C3[6] * x * (xx - 3 * yy);
}
