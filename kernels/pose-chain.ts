/** From screen gradients to the rigid pose and log scale of one instance. */
import { EXP_G, REC_C, REC_GAUSSIAN, REC_OWNER, RECORD_BYTES } from './layout';

const LN2: f64 = Math.LN2;

/**
 * Adds up the chain of all visible Gaussians of `instance`. `pose` [12] f32 rows of [scale * R | t]; `camera` [6] f64: fx, fy,
 * xMin, xMax, yMin, yMax; `out` [7] f64: d/d(twist) [v, w] and d/d(log scale). With U = J S (S the camera-frame covariance),
 * H = dL/dV: turning gives 2 (u0 x (HJ)0 + u1 x (HJ)1), scaling 2 tr(H V0), and dL/dJ = 2 H U leads to the mean.
 */
export function poseChain(
  set: usize,
  stride: i32,
  pose: usize,
  camera: usize,
  records: usize,
  gradients: usize,
  count: i32,
  instance: u32,
  antialias: bool,
  out: usize,
): void {
  const plane = (<usize>stride) << 2;
  const m00 = <f64>load<f32>(pose);
  const m01 = <f64>load<f32>(pose, 4);
  const m02 = <f64>load<f32>(pose, 8);
  const tx = <f64>load<f32>(pose, 12);
  const m10 = <f64>load<f32>(pose, 16);
  const m11 = <f64>load<f32>(pose, 20);
  const m12 = <f64>load<f32>(pose, 24);
  const ty = <f64>load<f32>(pose, 28);
  const m20 = <f64>load<f32>(pose, 32);
  const m21 = <f64>load<f32>(pose, 36);
  const m22 = <f64>load<f32>(pose, 40);
  const tz = <f64>load<f32>(pose, 44);
  const fx = load<f64>(camera);
  const fy = load<f64>(camera, 8);
  const xMin = load<f64>(camera, 16);
  const xMax = load<f64>(camera, 24);
  const yMin = load<f64>(camera, 32);
  const yMax = load<f64>(camera, 40);
  const toConic = (-2 * LN2) / <f64>EXP_G;
  let vx: f64 = 0;
  let vy: f64 = 0;
  let vz: f64 = 0;
  let wx: f64 = 0;
  let wy: f64 = 0;
  let wz: f64 = 0;
  let grow: f64 = 0;
  for (let n = 0; n < count; n++) {
    const record = records + <usize>n * RECORD_BYTES;
    if (load<u32>(record, REC_OWNER) >> 8 !== instance) continue;
    const at = gradients + <usize>n * RECORD_BYTES;
    const sum = <f64>load<f32>(at);
    const sx = <f64>load<f32>(at, 4);
    const sy = <f64>load<f32>(at, 8);
    const sxx = <f64>load<f32>(at, 12);
    const sxy = <f64>load<f32>(at, 16);
    const syy = <f64>load<f32>(at, 20);
    const byDepth = <f64>load<f32>(at, 24);
    if (sum === 0 && sxx === 0 && syy === 0 && byDepth === 0) continue;
    // Conic and dL/dV = K (1/2 sum G d d^T) K.
    const a = toConic * <f64>load<f32>(record, 4);
    const b = 0.5 * toConic * <f64>load<f32>(record, 8);
    const c = toConic * <f64>load<f32>(record, REC_C);
    let hxx = 0.5 * (a * a * sxx + 2 * a * b * sxy + b * b * syy);
    let hxy = 0.5 * (a * b * sxx + (a * c + b * b) * sxy + b * c * syy);
    let hyy = 0.5 * (b * b * sxx + 2 * b * c * sxy + c * c * syy);
    const gu = a * sx + b * sy;
    const gv = b * sx + c * sy;
    // The Gaussian in the camera frame.
    const from = set + ((<usize>load<u32>(record, REC_GAUSSIAN)) << 2);
    const px = <f64>load<f32>(from);
    const py = <f64>load<f32>(from + plane);
    const pz = <f64>load<f32>(from + 2 * plane);
    const sizedX = m00 * px + m01 * py + m02 * pz;
    const sizedY = m10 * px + m11 * py + m12 * pz;
    const sizedZ = m20 * px + m21 * py + m22 * pz;
    const x = sizedX + tx;
    const y = sizedY + ty;
    const z = sizedZ + tz;
    const iz = 1 / z;
    const rawX = x * iz;
    const rawY = y * iz;
    const qx = min(max(rawX, xMin), xMax);
    const qy = min(max(rawY, yMin), yMax);
    const jx = fx * iz;
    const jy = fy * iz;
    const j02 = -jx * qx;
    const j12 = -jy * qy;
    const shape = from + 3 * plane;
    const cxx = <f64>load<f32>(shape);
    const cxy = <f64>load<f32>(shape + plane);
    const cxz = <f64>load<f32>(shape + 2 * plane);
    const cyy = <f64>load<f32>(shape + 3 * plane);
    const cyz = <f64>load<f32>(shape + 4 * plane);
    const czz = <f64>load<f32>(shape + 5 * plane);
    // Rows of J M, then times the covariance, then back into the camera frame: U = J S.
    const a0 = jx * m00 + j02 * m20;
    const a1 = jx * m01 + j02 * m21;
    const a2 = jx * m02 + j02 * m22;
    const b0 = jy * m10 + j12 * m20;
    const b1 = jy * m11 + j12 * m21;
    const b2 = jy * m12 + j12 * m22;
    const c0 = cxx * a0 + cxy * a1 + cxz * a2;
    const c1 = cxy * a0 + cyy * a1 + cyz * a2;
    const c2 = cxz * a0 + cyz * a1 + czz * a2;
    const d0 = cxx * b0 + cxy * b1 + cxz * b2;
    const d1 = cxy * b0 + cyy * b1 + cyz * b2;
    const d2 = cxz * b0 + cyz * b1 + czz * b2;
    const u0x = m00 * c0 + m01 * c1 + m02 * c2;
    const u0y = m10 * c0 + m11 * c1 + m12 * c2;
    const u0z = m20 * c0 + m21 * c1 + m22 * c2;
    const u1x = m00 * d0 + m01 * d1 + m02 * d2;
    const u1y = m10 * d0 + m11 * d1 + m12 * d2;
    const u1z = m20 * d0 + m21 * d1 + m22 * d2;
    const xx = a0 * c0 + a1 * c1 + a2 * c2;
    const xy = b0 * c0 + b1 * c1 + b2 * c2;
    const yy = b0 * d0 + b1 * d1 + b2 * d2;
    if (antialias) {
      const det = xx * yy - xy * xy;
      hxx += 0.5 * sum * (yy / det - a);
      hxy += 0.5 * sum * (-xy / det - b);
      hyy += 0.5 * sum * (xx / det - c);
    }
    // dL/dJ = 2 H U at 00, 02, 11, 12.
    const d00 = 2 * (hxx * u0x + hxy * u1x);
    const d02 = 2 * (hxx * u0z + hxy * u1z);
    const d11 = 2 * (hxy * u0y + hyy * u1y);
    const d12 = 2 * (hxy * u0z + hyy * u1z);
    const freeX = rawX > xMin && rawX < xMax;
    const freeY = rawY > yMin && rawY < yMax;
    const gx = jx * gu - (freeX ? d02 * jx * iz : 0);
    const gy = jy * gv - (freeY ? d12 * jy * iz : 0);
    // J02 = -fx (x/z) / z falls with 1/z^2 where free and with 1/z where x/z is clamped.
    const byJacobian = d00 * jx + d11 * jy + d02 * j02 * (freeX ? 2.0 : 1.0) + d12 * j12 * (freeY ? 2.0 : 1.0);
    const gz = byDepth - gu * jx * rawX - gv * jy * rawY - iz * byJacobian;
    vx += gx;
    vy += gy;
    vz += gz;
    // Rows of H J.
    const h0x = hxx * jx;
    const h0y = hxy * jy;
    const h0z = hxx * j02 + hxy * j12;
    const h1x = hxy * jx;
    const h1y = hyy * jy;
    const h1z = hxy * j02 + hyy * j12;
    wx += y * gz - z * gy + 2 * (u0y * h0z - u0z * h0y + u1y * h1z - u1z * h1y);
    wy += z * gx - x * gz + 2 * (u0z * h0x - u0x * h0z + u1z * h1x - u1x * h1z);
    wz += x * gy - y * gx + 2 * (u0x * h0y - u0y * h0x + u1x * h1y - u1y * h1x);
    grow += gx * sizedX + gy * sizedY + gz * sizedZ + 2 * (hxx * xx + 2 * hxy * xy + hyy * yy);
  }
  store<f64>(out, vx);
  store<f64>(out, vy, 8);
  store<f64>(out, vz, 16);
  store<f64>(out, wx, 24);
  store<f64>(out, wy, 32);
  store<f64>(out, wz, 40);
  store<f64>(out, grow, 48);
}
