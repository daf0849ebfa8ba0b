/** From screen gradients to the rigid pose and log scale of one instance, four Gaussians at a time. */
import { EXP_G, REC_C, REC_GAUSSIAN, REC_OWNER, RECORD_BYTES } from './layout';

const LN2: f64 = Math.LN2;

/** a b + c d + e f. */
function dot(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(a, b), f32x4.mul(c, d)), f32x4.mul(e, f));
}

/** a b + c d. */
function dot2(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), f32x4.mul(c, d));
}

/** a b - c d. */
function cross(a: v128, b: v128, c: v128, d: v128): v128 {
  return f32x4.sub(f32x4.mul(a, b), f32x4.mul(c, d));
}

function twice(a: v128): v128 {
  return f32x4.add(a, a);
}

/** One f32 each of four addresses. */
function gather(a: usize, b: usize, c: usize, d: usize): v128 {
  const two = v128.load32_lane(b, v128.load32_zero(a), 1);
  return v128.load32_lane(d, v128.load32_lane(c, two, 2), 3);
}

/** Low (field 0 and 1) and high half of the transpose of four records' vectors. */
function low(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 0, 4, 1, 5);
}
function high(a: v128, b: v128): v128 {
  return i32x4.shuffle(a, b, 2, 6, 3, 7);
}
function even(ab: v128, cd: v128): v128 {
  return i64x2.shuffle(ab, cd, 0, 2);
}
function odd(ab: v128, cd: v128): v128 {
  return i64x2.shuffle(ab, cd, 1, 3);
}

function store4(out: usize, v: v128): void {
  const total =
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3));
  store<f64>(out, total);
}

/**
 * Adds up the chain of all visible Gaussians of `instance`. `pose` [12] f32 rows of [scale * R | t]; `camera` [6] f32: fx, fy,
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
  const m00 = v128.load32_splat(pose);
  const m01 = v128.load32_splat(pose, 4);
  const m02 = v128.load32_splat(pose, 8);
  const m10 = v128.load32_splat(pose, 16);
  const m11 = v128.load32_splat(pose, 20);
  const m12 = v128.load32_splat(pose, 24);
  const m20 = v128.load32_splat(pose, 32);
  const m21 = v128.load32_splat(pose, 36);
  const m22 = v128.load32_splat(pose, 40);
  const toConic = f32x4.splat(<f32>((-2 * LN2) / <f64>EXP_G));
  const half = f32x4.splat(0.5);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  let vx = zero;
  let vy = zero;
  let vz = zero;
  let wx = zero;
  let wy = zero;
  let wz = zero;
  let grow = zero;
  const owners = i32x4.splat(instance);
  for (let n = 0; n < count; n += 4) {
    const n1 = min(n + 1, count - 1);
    const n2 = min(n + 2, count - 1);
    const n3 = min(n + 3, count - 1);
    const r0 = records + <usize>n * RECORD_BYTES;
    const r1 = records + <usize>n1 * RECORD_BYTES;
    const r2 = records + <usize>n2 * RECORD_BYTES;
    const r3 = records + <usize>n3 * RECORD_BYTES;
    const g0 = gradients + (r0 - records);
    const g1 = gradients + (r1 - records);
    const g2 = gradients + (r2 - records);
    const g3 = gradients + (r3 - records);
    // sum G, G dx, G dy, G dx^2 | G dx dy, G dy^2, w dL/ddepthSum.
    let ab = low(v128.load(g0), v128.load(g1));
    let cd = low(v128.load(g2), v128.load(g3));
    const sum = even(ab, cd);
    const sx = odd(ab, cd);
    ab = high(v128.load(g0), v128.load(g1));
    cd = high(v128.load(g2), v128.load(g3));
    const sy = even(ab, cd);
    const sxx = odd(ab, cd);
    ab = low(v128.load(g0, 16), v128.load(g1, 16));
    cd = low(v128.load(g2, 16), v128.load(g3, 16));
    const sxy = even(ab, cd);
    const syy = odd(ab, cd);
    const byDepth = gather(g0 + 24, g1 + 24, g2 + 24, g3 + 24);
    // Lanes beyond the end, of other instances or without any gradient do not count.
    const lanes = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count - n));
    const owner = gather(r0 + REC_OWNER, r1 + REC_OWNER, r2 + REC_OWNER, r3 + REC_OWNER);
    const some = f32x4.ne(v128.or(v128.or(sum, sxx), v128.or(syy, byDepth)), zero);
    const counts = v128.and(v128.and(lanes, some), i32x4.eq(i32x4.shr_u(owner, 8), owners));
    if (!v128.any_true(counts)) continue;
    // Conic and dL/dV = K (1/2 sum G d d^T) K.
    ab = low(v128.load(r0), v128.load(r1));
    cd = low(v128.load(r2), v128.load(r3));
    const a = f32x4.mul(toConic, odd(ab, cd));
    const b = f32x4.mul(f32x4.mul(toConic, half), gather(r0 + 8, r1 + 8, r2 + 8, r3 + 8));
    const c = f32x4.mul(toConic, gather(r0 + REC_C, r1 + REC_C, r2 + REC_C, r3 + REC_C));
    const ax = dot2(a, sxx, b, sxy);
    const bx = dot2(a, sxy, b, syy);
    const ay = dot2(b, sxx, c, sxy);
    const by = dot2(b, sxy, c, syy);
    let hxx = f32x4.mul(half, dot2(ax, a, bx, b));
    let hxy = f32x4.mul(half, dot2(ax, b, bx, c));
    let hyy = f32x4.mul(half, dot2(ay, b, by, c));
    const gu = dot2(a, sx, b, sy);
    const gv = dot2(b, sx, c, sy);
    // The Gaussian in the camera frame. Its index is that of another set where the lane does not count: 0 is safe.
    const index = i32x4.shl(
      v128.and(gather(r0 + REC_GAUSSIAN, r1 + REC_GAUSSIAN, r2 + REC_GAUSSIAN, r3 + REC_GAUSSIAN), counts),
      2,
    );
    const f0 = set + <usize>(<u32>i32x4.extract_lane(index, 0));
    const f1 = set + <usize>(<u32>i32x4.extract_lane(index, 1));
    const f2 = set + <usize>(<u32>i32x4.extract_lane(index, 2));
    const f3 = set + <usize>(<u32>i32x4.extract_lane(index, 3));
    const px = gather(f0, f1, f2, f3);
    const py = gather(f0 + plane, f1 + plane, f2 + plane, f3 + plane);
    let p: usize = 2 * plane;
    const pz = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    const sizedX = dot(m00, px, m01, py, m02, pz);
    const sizedY = dot(m10, px, m11, py, m12, pz);
    const sizedZ = dot(m20, px, m21, py, m22, pz);
    const x = f32x4.add(sizedX, v128.load32_splat(pose, 12));
    const y = f32x4.add(sizedY, v128.load32_splat(pose, 28));
    const z = f32x4.add(sizedZ, v128.load32_splat(pose, 44));
    const iz = f32x4.div(one, z);
    const rawX = f32x4.mul(x, iz);
    const rawY = f32x4.mul(y, iz);
    const xMin = v128.load32_splat(camera, 8);
    const xMax = v128.load32_splat(camera, 12);
    const yMin = v128.load32_splat(camera, 16);
    const yMax = v128.load32_splat(camera, 20);
    const qx = f32x4.pmin(f32x4.pmax(rawX, xMin), xMax);
    const qy = f32x4.pmin(f32x4.pmax(rawY, yMin), yMax);
    const freeX = v128.and(f32x4.gt(rawX, xMin), f32x4.lt(rawX, xMax));
    const freeY = v128.and(f32x4.gt(rawY, yMin), f32x4.lt(rawY, yMax));
    const jx = f32x4.mul(v128.load32_splat(camera), iz);
    const jy = f32x4.mul(v128.load32_splat(camera, 4), iz);
    const j02 = f32x4.neg(f32x4.mul(jx, qx));
    const j12 = f32x4.neg(f32x4.mul(jy, qy));
    p += plane;
    const cxx = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    p += plane;
    const cxy = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    p += plane;
    const cxz = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    p += plane;
    const cyy = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    p += plane;
    const cyz = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    p += plane;
    const czz = gather(f0 + p, f1 + p, f2 + p, f3 + p);
    // Rows of J M, then times the covariance, then back into the camera frame: U = J S.
    const a0 = dot2(jx, m00, j02, m20);
    const a1 = dot2(jx, m01, j02, m21);
    const a2 = dot2(jx, m02, j02, m22);
    const b0 = dot2(jy, m10, j12, m20);
    const b1 = dot2(jy, m11, j12, m21);
    const b2 = dot2(jy, m12, j12, m22);
    const c0 = dot(cxx, a0, cxy, a1, cxz, a2);
    const c1 = dot(cxy, a0, cyy, a1, cyz, a2);
    const c2 = dot(cxz, a0, cyz, a1, czz, a2);
    const d0 = dot(cxx, b0, cxy, b1, cxz, b2);
    const d1 = dot(cxy, b0, cyy, b1, cyz, b2);
    const d2 = dot(cxz, b0, cyz, b1, czz, b2);
    const u0x = dot(m00, c0, m01, c1, m02, c2);
    const u0y = dot(m10, c0, m11, c1, m12, c2);
    const u0z = dot(m20, c0, m21, c1, m22, c2);
    const u1x = dot(m00, d0, m01, d1, m02, d2);
    const u1y = dot(m10, d0, m11, d1, m12, d2);
    const u1z = dot(m20, d0, m21, d1, m22, d2);
    const xx = dot(a0, c0, a1, c1, a2, c2);
    const xy = dot(b0, c0, b1, c1, b2, c2);
    const yy = dot(b0, d0, b1, d1, b2, d2);
    if (antialias) {
      const idet = f32x4.div(one, cross(xx, yy, xy, xy));
      const gain = f32x4.mul(half, sum);
      hxx = f32x4.add(hxx, f32x4.mul(gain, f32x4.sub(f32x4.mul(yy, idet), a)));
      hxy = f32x4.sub(hxy, f32x4.mul(gain, f32x4.add(f32x4.mul(xy, idet), b)));
      hyy = f32x4.add(hyy, f32x4.mul(gain, f32x4.sub(f32x4.mul(xx, idet), c)));
    }
    // dL/dJ = 2 H U at 00, 02, 11, 12.
    const d00 = twice(dot2(hxx, u0x, hxy, u1x));
    const d02 = twice(dot2(hxx, u0z, hxy, u1z));
    const d11 = twice(dot2(hxy, u0y, hyy, u1y));
    const d12 = twice(dot2(hxy, u0z, hyy, u1z));
    const gx = f32x4.mul(jx, f32x4.sub(gu, v128.and(f32x4.mul(d02, iz), freeX)));
    const gy = f32x4.mul(jy, f32x4.sub(gv, v128.and(f32x4.mul(d12, iz), freeY)));
    // J02 = -fx (x/z) / z falls with 1/z^2 where free and with 1/z where x/z is clamped.
    const byJ02 = f32x4.mul(d02, j02);
    const byJ12 = f32x4.mul(d12, j12);
    const free = f32x4.add(v128.and(byJ02, freeX), v128.and(byJ12, freeY));
    const byJacobian = f32x4.add(f32x4.add(dot2(d00, jx, d11, jy), f32x4.add(byJ02, byJ12)), free);
    const byMean = dot(f32x4.mul(gu, jx), rawX, f32x4.mul(gv, jy), rawY, iz, byJacobian);
    const gz = f32x4.sub(byDepth, byMean);
    // Rows of H J.
    const h0x = f32x4.mul(hxx, jx);
    const h0y = f32x4.mul(hxy, jy);
    const h0z = dot2(hxx, j02, hxy, j12);
    const h1x = f32x4.mul(hxy, jx);
    const h1y = f32x4.mul(hyy, jy);
    const h1z = dot2(hxy, j02, hyy, j12);
    const turnX = twice(f32x4.add(cross(u0y, h0z, u0z, h0y), cross(u1y, h1z, u1z, h1y)));
    const turnY = twice(f32x4.add(cross(u0z, h0x, u0x, h0z), cross(u1z, h1x, u1x, h1z)));
    const turnZ = twice(f32x4.add(cross(u0x, h0y, u0y, h0x), cross(u1x, h1y, u1y, h1x)));
    const trace = twice(f32x4.add(dot2(hxx, xx, hyy, yy), twice(f32x4.mul(hxy, xy))));
    vx = f32x4.add(vx, v128.and(gx, counts));
    vy = f32x4.add(vy, v128.and(gy, counts));
    vz = f32x4.add(vz, v128.and(gz, counts));
    wx = f32x4.add(wx, v128.and(f32x4.add(cross(y, gz, z, gy), turnX), counts));
    wy = f32x4.add(wy, v128.and(f32x4.add(cross(z, gx, x, gz), turnY), counts));
    wz = f32x4.add(wz, v128.and(f32x4.add(cross(x, gy, y, gx), turnZ), counts));
    grow = f32x4.add(grow, v128.and(f32x4.add(dot(gx, sizedX, gy, sizedY, gz, sizedZ), trace), counts));
  }
  store4(out, vx);
  store4(out + 8, vy);
  store4(out + 16, vz);
  store4(out + 24, wx);
  store4(out + 32, wy);
  store4(out + 40, wz);
  store4(out + 48, grow);
}
