/**
 * Dilation and erosion of byte masks by a square (src/image/morphology.ts), sixteen pixels at a time. AssemblyScript, compiled to
 * WebAssembly SIMD by `npm run build`. The host owns the memory above `__heap_base`.
 */

/** Vectors may reach past the end of what they work on by this. */
const SLACK: i32 = 16;

export function heapBase(): usize {
  return __heap_base;
}

/** Scratch that `extreme` needs. */
export function bytesFor(w: i32, h: i32, r: i32): i32 {
  return w + 2 * r + 2 * SLACK + w * (h + 2 * r) + SLACK;
}

/** data[i] |= data[i + step], from the front, for `count` bytes rounded up to whole vectors. */
function orAhead(data: usize, step: usize, count: i32): void {
  for (let at = data, end = data + <usize>count; at < end; at += 16) {
    v128.store(at, v128.or(v128.load(at), v128.load(at + step)));
  }
}

/** data[i] becomes 1 where one of the `length` bytes data[i + n * step] is; doubles what is looked at until it is enough. */
function orWindow(data: usize, step: usize, length: i32, count: i32): void {
  let span = 1;
  // What later rounds look at ahead must have been joined, too.
  for (; 2 * span <= length; span *= 2) orAhead(data, <usize>span * step, count + (length - 2 * span) * <i32>step);
  if (span < length) orAhead(data, <usize>(length - span) * step, count);
}

/**
 * out[i] = `wanted` where a pixel within `r` (Chebyshev) is `wanted` (0: unset, 1: set), else the other one; beyond [h, w] nothing is.
 * `mask`, `out`: [h, w] u8, readable and writable for another 16 bytes; `work`: `bytesFor` bytes.
 */
export function extreme(mask: usize, out: usize, work: usize, w: i32, h: i32, r: i32, wanted: i32): void {
  const flip = i8x16.splat(<i8>(1 - wanted));
  const one = i8x16.splat(1);
  const zero = i8x16.splat(0);
  const length = 2 * r + 1;
  const row = work;
  const rows = work + <usize>(w + 2 * r + 2 * SLACK);
  const begin = rows + <usize>(r * w);
  for (let y = 0; y < h; y++) {
    memory.fill(row, 0, <usize>r);
    const from = mask + <usize>(y * w);
    const line = row + <usize>r;
    for (let x = 0; x < w; x += 16) {
      const set = v128.and(i8x16.ne(v128.load(from + <usize>x), zero), one);
      v128.store(line + <usize>x, v128.xor(set, flip));
    }
    memory.fill(line + <usize>w, 0, <usize>(r + SLACK));
    orWindow(row, 1, length, w);
    memory.copy(begin + <usize>(y * w), row, <usize>w);
  }
  memory.fill(rows, 0, <usize>(r * w));
  memory.fill(begin + <usize>(h * w), 0, <usize>(r * w + SLACK));
  orWindow(rows, <usize>w, length, h * w);
  for (let i = 0; i < h * w; i += 16) v128.store(out + <usize>i, v128.xor(v128.load(rows + <usize>i), flip));
}
