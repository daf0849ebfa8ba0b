/** Print apart from light: what differs from its neighbourhood. */

/** `pixels` of an image (0 where it is not valid) less the mean of the valid ones in the square around them. */
export function standingOut(
  image: Float64Array,
  valid: Uint8Array,
  pixels: Int32Array,
  widthPx: number,
  radius: number,
): Float64Array {
  const heightPx = valid.length / widthPx;
  const stride = widthPx + 1;
  const sums = new Float64Array(stride * (heightPx + 1));
  const counts = new Float64Array(sums.length);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const at = (y + 1) * stride + x + 1;
      sums[at] = image[i] + sums[at - 1] + sums[at - stride] - sums[at - stride - 1];
      counts[at] = valid[i] + counts[at - 1] + counts[at - stride] - counts[at - stride - 1];
    }
  }
  const out = new Float64Array(pixels.length);
  for (let n = 0; n < out.length; n++) {
    const i = pixels[n];
    const x = i % widthPx;
    const y = (i - x) / widthPx;
    const left = Math.max(0, x - radius);
    const right = Math.min(widthPx, x + radius + 1);
    const top = Math.max(0, y - radius) * stride;
    const bottom = Math.min(heightPx, y + radius + 1) * stride;
    const sum = sums[bottom + right] - sums[top + right] - sums[bottom + left] + sums[top + left];
    const around = counts[bottom + right] - counts[top + right] - counts[bottom + left] + counts[top + left];
    out[n] = image[i] - sum / around;
  }
  return out;
}
