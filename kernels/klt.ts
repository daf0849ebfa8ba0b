/**
 * Pyramidal Lucas-Kanade tracking of points (src/perceive/tracks/klt.ts says how and is the plain twin), in vectors of four pixels.
 * AssemblyScript, compiled to WebAssembly SIMD by `npm run build`. The host owns the memory above `__heap_base`.
 */

/** Rows of all patches lie this many floats apart; windows are at most PITCH - 4 px wide. */
const PITCH: i32 = 36;
const ROW_BYTES: usize = 4 * <usize>PITCH;
const PATCH_BYTES: i32 = 4 * PITCH * PITCH;
const TEMPLATE: usize = memory.data(PATCH_BYTES, 16);
const CURRENT: usize = memory.data(PATCH_BYTES, 16);
const GRADIENT_X: usize = memory.data(PATCH_BYTES, 16);
const GRADIENT_Y: usize = memory.data(PATCH_BYTES, 16);

/** Position of a lost point. */
const LOST: f32 = NaN;

/** Copies the (size x size) patch around (cx, cy) (index coordinates) bilinearly; clamps at the border. */
function samplePatch(data: usize, w: i32, h: i32, cx: f64, cy: f64, size: i32, out: usize): void {
  const fx0 = cx - <f64>(size - 1) / 2;
  const fy0 = cy - <f64>(size - 1) / 2;
  const ix = <i32>Math.floor(fx0);
  const iy = <i32>Math.floor(fy0);
  const fx = fx0 - <f64>ix;
  const fy = fy0 - <f64>iy;
  const w00 = <f32>((1 - fx) * (1 - fy));
  const w01 = <f32>(fx * (1 - fy));
  const w10 = <f32>((1 - fx) * fy);
  const w11 = <f32>(fx * fy);
  const pitch = (<usize>w) << 2;
  if (ix >= 0 && iy >= 0 && ix + size < w && iy + size < h) {
    const v00 = f32x4.splat(w00);
    const v01 = f32x4.splat(w01);
    const v10 = f32x4.splat(w10);
    const v11 = f32x4.splat(w11);
    const rowEnd = (<usize>size) << 2;
    let from = data + ((<usize>(iy * w + ix)) << 2);
    for (let y = 0; y < size; y++, from += pitch, out += ROW_BYTES) {
      // The last vector may reach past the patch: its surplus is weighted by gradients of 0.
      for (let o: usize = 0; o < rowEnd; o += 16) {
        const top = f32x4.add(f32x4.mul(v00, v128.load(from + o)), f32x4.mul(v01, v128.load(from + o, 4)));
        const low = from + o + pitch;
        const bottom = f32x4.add(f32x4.mul(v10, v128.load(low)), f32x4.mul(v11, v128.load(low, 4)));
        v128.store(out + o, f32x4.add(top, bottom));
      }
    }
    return;
  }
  for (let y = 0; y < size; y++, out += ROW_BYTES) {
    const a = data + <usize>min(h - 1, max(0, iy + y)) * pitch;
    const b = data + <usize>min(h - 1, max(0, iy + y + 1)) * pitch;
    for (let x = 0; x < size; x++) {
      const u = (<usize>min(w - 1, max(0, ix + x))) << 2;
      const v = (<usize>min(w - 1, max(0, ix + x + 1))) << 2;
      const value = w00 * load<f32>(a + u) + w01 * load<f32>(a + v) + w10 * load<f32>(b + u) + w11 * load<f32>(b + v);
      store<f32>(out + ((<usize>x) << 2), value);
    }
  }
}

/** [count] bytes to f32; `count` is rounded up to a multiple of 16. */
export function bytesToFloats(from: usize, to: usize, count: i32): void {
  for (let i = 0; i < count; i += 16, from += 16, to += 64) {
    const bytes = v128.load(from);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)));
    v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(to, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), 48);
  }
}

/** Halves [h, w] f32 `from` with [1 3 3 1] / 8 both ways; `mid` has room for [h, w / 2]. Sizes round down. */
export function halve(from: usize, w: i32, h: i32, mid: usize, to: usize): void {
  const w2 = w >> 1;
  const h2 = h >> 1;
  const three = f32x4.splat(3);
  const eighth = f32x4.splat(0.125);
  for (let y = 0; y < h; y++) {
    const row = from + ((<usize>(y * w)) << 2);
    const out = mid + ((<usize>(y * w2)) << 2);
    for (let x = 0; x < w2; ) {
      const i = 2 * x;
      if (x > 0 && i + 10 <= w) {
        const at = row + ((<usize>i) << 2);
        const a = v128.load(at);
        const b = v128.load(at, 16);
        const even = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
        const odd = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
        const left = v128.shuffle<f32>(v128.load(at - 4), v128.load(at - 4, 16), 0, 2, 4, 6);
        const right = v128.shuffle<f32>(v128.load(at, 8), v128.load(at, 24), 0, 2, 4, 6);
        const sum = f32x4.add(f32x4.add(left, right), f32x4.mul(three, f32x4.add(even, odd)));
        v128.store(out + ((<usize>x) << 2), f32x4.mul(sum, eighth));
        x += 4;
      } else {
        const left = load<f32>(row + ((<usize>max(0, i - 1)) << 2));
        const right = load<f32>(row + ((<usize>min(w - 1, i + 2)) << 2));
        const both = load<f32>(row + ((<usize>i) << 2)) + load<f32>(row + ((<usize>(i + 1)) << 2));
        store<f32>(out + ((<usize>x) << 2), (left + right + 3 * both) * 0.125);
        x++;
      }
    }
  }
  for (let y = 0; y < h2; y++) {
    let a = mid + ((<usize>(max(0, 2 * y - 1) * w2)) << 2);
    let b = mid + ((<usize>(2 * y * w2)) << 2);
    let c = b + ((<usize>w2) << 2);
    let d = mid + ((<usize>(min(h - 1, 2 * y + 2) * w2)) << 2);
    let out = to + ((<usize>(y * w2)) << 2);
    let x = 0;
    for (; x + 4 <= w2; x += 4, a += 16, b += 16, c += 16, d += 16, out += 16) {
      const outer = f32x4.add(v128.load(a), v128.load(d));
      const inner = f32x4.mul(three, f32x4.add(v128.load(b), v128.load(c)));
      v128.store(out, f32x4.mul(f32x4.add(outer, inner), eighth));
    }
    for (; x < w2; x++, a += 4, b += 4, c += 4, d += 4, out += 4) {
      store<f32>(out, (load<f32>(a) + load<f32>(d) + 3 * (load<f32>(b) + load<f32>(c))) * 0.125);
    }
  }
}

function sumOf(v: v128): f64 {
  const low = <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1);
  return low + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}

/** Ones in the lanes of the last vector of a row that belong to the window. */
function lastLanes(size: i32): v128 {
  const used = size - 4 * ((size - 1) >> 2);
  return i32x4.gt_s(i32x4.splat(used), i32x4(0, 1, 2, 3));
}

/**
 * Tracks `count` points. `from`, `to`: addresses of tables of `levels` entries [address of f32 pixels, width, height] (u32);
 * `points`, `guesses`, `out`: [count, 2] f64, f64, f32. Lost points become NaN.
 */
export function trackPoints(
  from: usize,
  to: usize,
  levels: i32,
  points: usize,
  guesses: usize,
  out: usize,
  count: i32,
  size: i32,
  maxIterations: i32,
): void {
  const rowEnd = (<usize>size) << 2;
  const lastVector = (rowEnd - 1) & ~15;
  const last = lastLanes(size);
  const half = f32x4.splat(0.5);
  for (let p = 0; p < count; p++, points += 16, guesses += 16, out += 8) {
    const x = load<f64>(points);
    const y = load<f64>(points, 8);
    let dx = load<f64>(guesses) - x;
    let dy = load<f64>(guesses, 8) - y;
    let lost = F64.isNaN(dx + dy);
    for (let l = levels - 1; l >= 0 && !lost; l--) {
      const level = from + <usize>l * 12;
      const next = to + <usize>l * 12;
      const scale = 1 / <f64>(1 << l);
      const cx = x * scale - 0.5;
      const cy = y * scale - 0.5;
      samplePatch(load<u32>(level), load<i32>(level, 4), load<i32>(level, 8), cx, cy, size + 2, TEMPLATE);
      let aa = f32x4.splat(0);
      let bb = f32x4.splat(0);
      let cc = f32x4.splat(0);
      for (let v = 0; v < size; v++) {
        const row = TEMPLATE + <usize>(v + 1) * ROW_BYTES + 4;
        const at = <usize>v * ROW_BYTES;
        for (let o: usize = 0; o < rowEnd; o += 16) {
          let gx = f32x4.mul(half, f32x4.sub(v128.load(row + o, 4), v128.load(row + o - 4)));
          let gy = f32x4.mul(half, f32x4.sub(v128.load(row + o + ROW_BYTES), v128.load(row + o - ROW_BYTES)));
          if (o === lastVector) {
            gx = v128.and(gx, last);
            gy = v128.and(gy, last);
          }
          v128.store(GRADIENT_X + at + o, gx);
          v128.store(GRADIENT_Y + at + o, gy);
          aa = f32x4.add(aa, f32x4.mul(gx, gx));
          bb = f32x4.add(bb, f32x4.mul(gx, gy));
          cc = f32x4.add(cc, f32x4.mul(gy, gy));
        }
      }
      const a = sumOf(aa);
      const b = sumOf(bb);
      const c = sumOf(cc);
      const det = a * c - b * b;
      const minEigen = (a + c - Math.sqrt((a - c) * (a - c) + 4 * b * b)) / <f64>(2 * size * size);
      if (minEigen < 0.5 || det <= 0) {
        if (l === 0) lost = true;
        continue;
      }
      let ux = dx * scale;
      let uy = dy * scale;
      const data = load<u32>(next);
      const w = load<i32>(next, 4);
      const h = load<i32>(next, 8);
      for (let k = 0; k < maxIterations; k++) {
        samplePatch(data, w, h, cx + ux, cy + uy, size, CURRENT);
        let exs = f32x4.splat(0);
        let eys = f32x4.splat(0);
        for (let v = 0; v < size; v++) {
          const row = TEMPLATE + <usize>(v + 1) * ROW_BYTES + 4;
          const at = <usize>v * ROW_BYTES;
          for (let o: usize = 0; o < rowEnd; o += 16) {
            const e = f32x4.sub(v128.load(row + o), v128.load(CURRENT + at + o));
            exs = f32x4.add(exs, f32x4.mul(e, v128.load(GRADIENT_X + at + o)));
            eys = f32x4.add(eys, f32x4.mul(e, v128.load(GRADIENT_Y + at + o)));
          }
        }
        const ex = sumOf(exs);
        const ey = sumOf(eys);
        const sx = (c * ex - b * ey) / det;
        const sy = (a * ey - b * ex) / det;
        ux += sx;
        uy += sy;
        if (sx * sx + sy * sy < 0.02 * 0.02) break;
      }
      dx = ux / scale;
      dy = uy / scale;
      const px = (x + dx) * scale;
      const py = (y + dy) * scale;
      if (!(px >= 0 && py >= 0 && px <= <f64>w && py <= <f64>h)) lost = true;
    }
    store<f32>(out, lost ? LOST : <f32>(x + dx));
    store<f32>(out, lost ? LOST : <f32>(y + dy), 4);
  }
}

export function heapBase(): usize {
  return __heap_base;
}
