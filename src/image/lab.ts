/**
 * CIE Lab (D65) in 8 bits: L * 2.55, a + 128, b + 128, interleaved. Equal steps look about equally different, which is
 * what change detection and colour models need.
 */

const LINEAR = new Float32Array(256);
for (let i = 0; i < 256; i++) {
  const s = i / 255;
  LINEAR[i] = s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
}

/** f(t) of the Lab definition, sampled finely enough that L is right to 0.1. */
const CUBE_STEPS = 4096;
const CUBE_ROOT = new Float32Array(CUBE_STEPS + 2);
for (let i = 0; i < CUBE_ROOT.length; i++) {
  const t = i / CUBE_STEPS;
  CUBE_ROOT[i] = t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
}

const toByte = (v: number): number => (v < 0 ? 0 : v > 255 ? 255 : (v + 0.5) | 0);

/**
 * Converts [N, 3] u8 sRGB to [N, 3] u8 Lab; `out` may be `rgb` itself. `gain` multiplies the three channels first
 * (exposure normalisation).
 */
export function rgbToLab8(rgb: Uint8Array, out: Uint8Array, gain: readonly [number, number, number] = [1, 1, 1]): void {
  const tables = gain.map((g) => {
    const table = new Float32Array(256);
    for (let i = 0; i < 256; i++) table[i] = LINEAR[toByte(i * g)];
    return table;
  });
  const [tr, tg, tb] = tables;
  for (let i = 0; i < rgb.length; i += 3) {
    const r = tr[rgb[i]];
    const g = tg[rgb[i + 1]];
    const b = tb[rgb[i + 2]];
    const fx = CUBE_ROOT[((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) * (CUBE_STEPS / 0.95047) + 0.5) | 0];
    const fy = CUBE_ROOT[((0.2126729 * r + 0.7151522 * g + 0.072175 * b) * CUBE_STEPS + 0.5) | 0];
    const fz = CUBE_ROOT[((0.0193339 * r + 0.119192 * g + 0.9503041 * b) * (CUBE_STEPS / 1.08883) + 0.5) | 0];
    out[i] = toByte((116 * fy - 16) * 2.55);
    out[i + 1] = toByte(500 * (fx - fy) + 128);
    out[i + 2] = toByte(200 * (fy - fz) + 128);
  }
}

/** Lightness counts 0.7 so that shadows and exposure weigh less than hue; 2.55 undoes the 8-bit scaling of L. */
const LIGHTNESS_WEIGHT = (0.7 / 2.55) ** 2;

/** Squared Lab distance sqrt((0.7 dL)^2 + da^2 + db^2) between pixel `i` of `a` and pixel `j` of `b`, in Lab units. */
export function labDistance2(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  const dl = a[3 * i] - b[3 * j];
  const da = a[3 * i + 1] - b[3 * j + 1];
  const db = a[3 * i + 2] - b[3 * j + 2];
  return LIGHTNESS_WEIGHT * dl * dl + da * da + db * db;
}
