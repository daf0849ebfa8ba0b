/** Projection of Gaussians to screen ellipses, four at a time, and packing of the visible ones into records. */
import { EXP_G, EXP_H, LOG2_CUT, LOW_PASS, Off, On, RECORD_BYTES, SMALL, TILE_H, TILE_W } from './layout';

const LOG2E: f32 = <f32>Math.LOG2E;
const LN2: f32 = <f32>Math.LN2;
/** Ellipses wider than this (camera inside a blob) are not drawn; keeps the rounding trick of the masks in range. */
const MAX_RADIUS_PX: f32 = 1e6;

/** Area of the bounding box up to which its blocks are taken instead of the ellipse's; see the measurements in docs/performance.md. */
const SMALL_PX: f32 = 160;

let fx: f32 = 0;
let fy: f32 = 0;
let cx: f32 = 0;
let cy: f32 = 0;
let xMin: f32 = 0;
let xMax: f32 = 0;
let yMin: f32 = 0;
let yMax: f32 = 0;
let near: f32 = 0;
export let widthPx: i32 = 0;
export let heightPx: i32 = 0;

/** Intrinsics in px; the last four bound x/z and y/z for the Jacobian. */
export function setCamera(
  width: i32,
  height: i32,
  focalX: f32,
  focalY: f32,
  centreX: f32,
  centreY: f32,
  minX: f32,
  maxX: f32,
  minY: f32,
  maxY: f32,
  nearM: f32,
): void {
  widthPx = width;
  heightPx = height;
  fx = focalX;
  fy = focalY;
  cx = centreX;
  cy = centreY;
  xMin = minX;
  xMax = maxX;
  yMin = minY;
  yMax = maxY;
  near = nearM;
}

/**
 * log2 of positive numbers to 1e-5: exponent bits plus a polynomial of the mantissa in [1, 2) (minimax, degree 6).
 */
function log2x4(x: v128): v128 {
  const exponent = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(127)));
  const mantissa = v128.or(v128.and(x, i32x4.splat(0x007fffff)), i32x4.splat(0x3f800000));
  const t = f32x4.sub(mantissa, f32x4.splat(1.5));
  let p = f32x4.splat(-0.0240556);
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.0411617));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.0709498));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.1421668));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(-0.3206158));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.9617998));
  p = f32x4.add(f32x4.mul(p, t), f32x4.splat(0.5849625));
  return f32x4.add(exponent, p);
}

let numVisible: i32 = 0;
let records: usize = 0;
let keys: usize = 0;
let boxes: usize = 0;
/** Smallest and largest sort key (bits of z) so far, and the number of (Gaussian, tile) pairs. */
let keyMin: u32 = 0xffffffff;
let keyMax: u32 = 0;

/** Begins a frame. `recordsAt`, `keysAt` (u32 each) and `boxesAt` (4 u16 each) have room for all Gaussians + 4. */
export function beginProject(recordsAt: usize, keysAt: usize, boxesAt: usize): void {
  records = recordsAt;
  keys = keysAt;
  boxes = boxesAt;
  numVisible = 0;
  keyMin = 0xffffffff;
  keyMax = 0;
}

export function getNumVisible(): i32 {
  return numVisible;
}
export function getKeyMin(): u32 {
  return keyMin;
}
export function getKeyMax(): u32 {
  return keyMax;
}

/**
 * Projects one instance. `pose` holds 12 f32: rows of [scale * R | t], cameraFromSet. `facingAway` > 0: the set is closed and
 * Gaussians whose normal has a larger cosine to the line of sight are left out.
 */
export function projectSet(set: usize, count: i32, pose: usize, owner: u32, antialias: i32, facingAway: f32): void {
  if (antialias) project<On>(set, count, pose, owner, facingAway);
  else project<Off>(set, count, pose, owner, facingAway);
}

function project<Antialias>(set: usize, count: i32, pose: usize, owner: u32, facingAway: f32): void {
  const plane: usize = ((<usize>count + 3) & ~3) << 2;
  const m00 = v128.load32_splat(pose, 0);
  const m01 = v128.load32_splat(pose, 4);
  const m02 = v128.load32_splat(pose, 8);
  const m03 = v128.load32_splat(pose, 12);
  const m10 = v128.load32_splat(pose, 16);
  const m11 = v128.load32_splat(pose, 20);
  const m12 = v128.load32_splat(pose, 24);
  const m13 = v128.load32_splat(pose, 28);
  const m20 = v128.load32_splat(pose, 32);
  const m21 = v128.load32_splat(pose, 36);
  const m22 = v128.load32_splat(pose, 40);
  const m23 = v128.load32_splat(pose, 44);
  const one = f32x4.splat(1);
  const m00s = load<f32>(pose);
  const m10s = load<f32>(pose, 16);
  const m20s = load<f32>(pose, 32);
  const limit = f32x4.splat(facingAway * sqrt<f32>(m00s * m00s + m10s * m10s + m20s * m20s));
  const maxX = f32x4.splat(<f32>widthPx);
  const maxY = f32x4.splat(<f32>heightPx);
  const ownerLanes = i32x4.splat(owner);
  let n = <usize>numVisible;
  let nearest = i32x4.splat(-1);
  let farthest = i32x4.splat(0);
  for (let i = 0; i < count; i += 4) {
    let p: usize = set + ((<usize>i) << 2);
    const x = v128.load(p);
    const y = v128.load(p + plane);
    const z = v128.load(p + 2 * plane);
    const tz = f32x4.add(f32x4.add(f32x4.mul(m20, x), f32x4.mul(m21, y)), f32x4.add(f32x4.mul(m22, z), m23));
    const logOpacity = v128.load(p + 9 * plane);
    let visible = v128.and(f32x4.ge(tz, f32x4.splat(near)), f32x4.ge(logOpacity, f32x4.splat(LOG2_CUT)));
    if (!v128.any_true(visible)) continue;
    const tx = f32x4.add(f32x4.add(f32x4.mul(m00, x), f32x4.mul(m01, y)), f32x4.add(f32x4.mul(m02, z), m03));
    const ty = f32x4.add(f32x4.add(f32x4.mul(m10, x), f32x4.mul(m11, y)), f32x4.add(f32x4.mul(m12, z), m13));
    if (facingAway > 0) {
      // Normal in the camera frame, times the scale of the pose, along the line of sight.
      const nx = v128.load(p + 13 * plane);
      const ny = v128.load(p + 14 * plane);
      const nz = v128.load(p + 15 * plane);
      const ax = f32x4.add(f32x4.add(f32x4.mul(m00, tx), f32x4.mul(m10, ty)), f32x4.mul(m20, tz));
      const ay = f32x4.add(f32x4.add(f32x4.mul(m01, tx), f32x4.mul(m11, ty)), f32x4.mul(m21, tz));
      const az = f32x4.add(f32x4.add(f32x4.mul(m02, tx), f32x4.mul(m12, ty)), f32x4.mul(m22, tz));
      const along = f32x4.add(f32x4.add(f32x4.mul(nx, ax), f32x4.mul(ny, ay)), f32x4.mul(nz, az));
      const square = f32x4.add(f32x4.add(f32x4.mul(tx, tx), f32x4.mul(ty, ty)), f32x4.mul(tz, tz));
      visible = v128.and(visible, f32x4.le(along, f32x4.mul(limit, f32x4.sqrt(square))));
      if (!v128.any_true(visible)) continue;
    }
    const iz = f32x4.div(one, tz);
    const xz = f32x4.mul(tx, iz);
    const yz = f32x4.mul(ty, iz);
    const u = f32x4.add(f32x4.mul(xz, f32x4.splat(fx)), f32x4.splat(cx));
    const v = f32x4.add(f32x4.mul(yz, f32x4.splat(fy)), f32x4.splat(cy));
    const qx = f32x4.pmin(f32x4.pmax(xz, f32x4.splat(xMin)), f32x4.splat(xMax));
    const qy = f32x4.pmin(f32x4.pmax(yz, f32x4.splat(yMin)), f32x4.splat(yMax));
    const jx = f32x4.mul(iz, f32x4.splat(fx));
    const jy = f32x4.mul(iz, f32x4.splat(fy));
    // Rows of J * M: the Jacobian times the pose.
    const a0 = f32x4.mul(jx, f32x4.sub(m00, f32x4.mul(qx, m20)));
    const a1 = f32x4.mul(jx, f32x4.sub(m01, f32x4.mul(qx, m21)));
    const a2 = f32x4.mul(jx, f32x4.sub(m02, f32x4.mul(qx, m22)));
    const b0 = f32x4.mul(jy, f32x4.sub(m10, f32x4.mul(qy, m20)));
    const b1 = f32x4.mul(jy, f32x4.sub(m11, f32x4.mul(qy, m21)));
    const b2 = f32x4.mul(jy, f32x4.sub(m12, f32x4.mul(qy, m22)));
    p += 3 * plane;
    const sxx = v128.load(p);
    const sxy = v128.load(p + plane);
    const sxz = v128.load(p + 2 * plane);
    const syy = v128.load(p + 3 * plane);
    const syz = v128.load(p + 4 * plane);
    const szz = v128.load(p + 5 * plane);
    const c0 = f32x4.add(f32x4.add(f32x4.mul(sxx, a0), f32x4.mul(sxy, a1)), f32x4.mul(sxz, a2));
    const c1 = f32x4.add(f32x4.add(f32x4.mul(sxy, a0), f32x4.mul(syy, a1)), f32x4.mul(syz, a2));
    const c2 = f32x4.add(f32x4.add(f32x4.mul(sxz, a0), f32x4.mul(syz, a1)), f32x4.mul(szz, a2));
    const d0 = f32x4.add(f32x4.add(f32x4.mul(sxx, b0), f32x4.mul(sxy, b1)), f32x4.mul(sxz, b2));
    const d1 = f32x4.add(f32x4.add(f32x4.mul(sxy, b0), f32x4.mul(syy, b1)), f32x4.mul(syz, b2));
    const d2 = f32x4.add(f32x4.add(f32x4.mul(sxz, b0), f32x4.mul(syz, b1)), f32x4.mul(szz, b2));
    const xx0 = f32x4.add(f32x4.add(f32x4.mul(a0, c0), f32x4.mul(a1, c1)), f32x4.mul(a2, c2));
    const xy = f32x4.add(f32x4.add(f32x4.mul(b0, c0), f32x4.mul(b1, c1)), f32x4.mul(b2, c2));
    const yy0 = f32x4.add(f32x4.add(f32x4.mul(b0, d0), f32x4.mul(b1, d1)), f32x4.mul(b2, d2));
    const xx = f32x4.add(xx0, f32x4.splat(LOW_PASS));
    const yy = f32x4.add(yy0, f32x4.splat(LOW_PASS));
    const xy2 = f32x4.mul(xy, xy);
    const det = f32x4.sub(f32x4.mul(xx, yy), xy2);
    let lo = logOpacity;
    if (isInteger<Antialias>()) {
      const det0 = f32x4.pmax(f32x4.sub(f32x4.mul(xx0, yy0), xy2), f32x4.splat(0));
      // A floor keeps log2 defined; 1e-12 lies far below the cut.
      const ratio = f32x4.pmax(f32x4.div(det0, det), f32x4.splat(1e-12));
      lo = f32x4.add(lo, f32x4.mul(f32x4.splat(0.5), log2x4(ratio)));
      visible = v128.and(visible, f32x4.ge(lo, f32x4.splat(LOG2_CUT)));
    }
    // Mahalanobis distance squared at which alpha falls to the cut.
    const reach = f32x4.mul(f32x4.sub(lo, f32x4.splat(LOG2_CUT)), f32x4.splat(2 * LN2));
    const rx = f32x4.sqrt(f32x4.mul(reach, xx));
    const ry = f32x4.sqrt(f32x4.mul(reach, yy));
    const half = f32x4.splat(0.5);
    const zero = f32x4.splat(0);
    const left = f32x4.pmax(f32x4.ceil(f32x4.sub(f32x4.sub(u, rx), half)), zero);
    const right = f32x4.pmin(f32x4.floor(f32x4.add(f32x4.add(u, rx), half)), maxX);
    const top = f32x4.pmax(f32x4.ceil(f32x4.sub(f32x4.sub(v, ry), half)), zero);
    const bottom = f32x4.pmin(f32x4.floor(f32x4.add(f32x4.add(v, ry), half)), maxY);
    visible = v128.and(visible, v128.and(f32x4.lt(left, right), f32x4.lt(top, bottom)));
    visible = v128.and(visible, v128.and(f32x4.lt(rx, f32x4.splat(MAX_RADIUS_PX)), f32x4.gt(det, zero)));
    const bits = i32x4.bitmask(visible);
    if (bits === 0) continue;
    const idet = f32x4.div(one, det);
    const scale = f32x4.mul(idet, f32x4.splat(-0.5 * LOG2E * EXP_G));
    const iyy = f32x4.div(one, yy);
    const dyy = f32x4.mul(det, iyy);
    const columns = i32x4.trunc_sat_f32x4_s(left);
    const lastColumn = i32x4.sub(i32x4.trunc_sat_f32x4_s(right), i32x4.splat(1));
    const rows = i32x4.trunc_sat_f32x4_s(top);
    const lastRow = i32x4.sub(i32x4.trunc_sat_f32x4_s(bottom), i32x4.splat(1));
    const index = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
    p += 7 * plane;
    const A = f32x4.mul(scale, yy);
    const B = f32x4.mul(f32x4.mul(scale, xy), f32x4.splat(-2));
    const C = f32x4.mul(scale, xx);
    const LO = f32x4.add(f32x4.mul(lo, f32x4.splat(EXP_G)), f32x4.splat(EXP_H));
    // Spans are kept in block widths of 4 px.
    const m = f32x4.mul(f32x4.mul(xy, iyy), f32x4.splat(0.25));
    const k2 = f32x4.mul(f32x4.mul(reach, dyy), f32x4.splat(0.0625));
    const k3 = f32x4.mul(f32x4.mul(dyy, iyy), f32x4.splat(0.0625));
    // Boxes of few blocks, or round ones, waste less in their corners than the search for the ellipse's edge costs.
    const area = f32x4.mul(f32x4.sub(right, left), f32x4.sub(bottom, top));
    const isSmall = f32x4.le(area, f32x4.splat(SMALL_PX));
    const columnPair = v128.or(columns, i32x4.shl(lastColumn, 16));
    const slopeOrColumns = v128.bitselect(columnPair, m, isSmall);
    const rowPair = v128.or(v128.or(rows, i32x4.shl(lastRow, 16)), v128.and(isSmall, i32x4.splat(SMALL)));
    const tilesX = v128.or(i32x4.shr_u(columns, 5), i32x4.shl(i32x4.shr_u(lastColumn, 5), 16));
    const tilesY = v128.or(i32x4.shr_u(rows, 4), i32x4.shl(i32x4.shr_u(lastRow, 4), 16));
    // Every lane is written; where the next one goes depends on whether this one is visible, so no branch is needed.
    const n1 = n + <usize>(bits & 1);
    const n2 = n1 + <usize>((bits >> 1) & 1);
    const n3 = n2 + <usize>((bits >> 2) & 1);
    const to0 = records + n * RECORD_BYTES;
    const to1 = records + n1 * RECORD_BYTES;
    const to2 = records + n2 * RECORD_BYTES;
    const to3 = records + n3 * RECORD_BYTES;
    storeFields(0, u, A, B, tz, to0, to1, to2, to3);
    storeFields(16, v128.load(p), v128.load(p + plane), v128.load(p + 2 * plane), v, to0, to1, to2, to3);
    storeFields(32, C, LO, slopeOrColumns, k2, to0, to1, to2, to3);
    storeFields(48, k3, ownerLanes, index, rowPair, to0, to1, to2, to3);
    const keyAt = keys + (n << 2);
    v128.store32_lane(keyAt, tz, 0);
    v128.store32_lane(keys + (n1 << 2), tz, 1);
    v128.store32_lane(keys + (n2 << 2), tz, 2);
    v128.store32_lane(keys + (n3 << 2), tz, 3);
    const box0 = i32x4.shuffle(tilesX, tilesY, 0, 4, 1, 5);
    const box2 = i32x4.shuffle(tilesX, tilesY, 2, 6, 3, 7);
    v128.store64_lane(boxes + (n << 3), box0, 0);
    v128.store64_lane(boxes + (n1 << 3), box0, 1);
    v128.store64_lane(boxes + (n2 << 3), box2, 0);
    v128.store64_lane(boxes + (n3 << 3), box2, 1);
    n = n3 + <usize>(bits >> 3);
    // Bits of positive floats sort like the floats; invisible lanes count as farthest and nearest.
    nearest = i32x4.min_u(nearest, v128.or(tz, v128.not(visible)));
    farthest = i32x4.max_u(farthest, v128.and(tz, visible));
  }
  numVisible = <i32>n;
  keyMin = min<u32>(keyMin, min<u32>(lowest(nearest), lowest(i64x2.shuffle(nearest, nearest, 1, 0))));
  keyMax = max<u32>(keyMax, max<u32>(highest(farthest), highest(i64x2.shuffle(farthest, farthest, 1, 0))));
}

function lowest(v: v128): u32 {
  return min<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
}

function highest(v: v128): u32 {
  return max<u32>(i32x4.extract_lane(v, 0), i32x4.extract_lane(v, 1));
}

/** Writes four fields of four Gaussians, which arrive as four vectors of one field, to the four records. */
function storeFields(
  offset: usize,
  a: v128,
  b: v128,
  c: v128,
  d: v128,
  to0: usize,
  to1: usize,
  to2: usize,
  to3: usize,
): void {
  const ab0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const ab1 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd0 = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cd1 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to0 + offset, i64x2.shuffle(ab0, cd0, 0, 2));
  v128.store(to1 + offset, i64x2.shuffle(ab0, cd0, 1, 3));
  v128.store(to2 + offset, i64x2.shuffle(ab1, cd1, 0, 2));
  v128.store(to3 + offset, i64x2.shuffle(ab1, cd1, 1, 3));
}

/** Tiles per row and column of the image. */
export function tilesAcross(): i32 {
  return (widthPx + TILE_W - 1) / TILE_W;
}
export function tilesDown(): i32 {
  return (heightPx + TILE_H - 1) / TILE_H;
}
