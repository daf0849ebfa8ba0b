/** Contact shadows: darkened ground around a hole that has to go together with the object that throws it. */
import { connectedComponents } from '../image/components.js';
import type { RgbImage } from '../image/image.js';
import { closed, dilate, distanceTo } from '../image/morphology.js';

/** Shadows are looked for up to this share of the hole's size beyond its edge, and at least this many px. */
const REACH_SHARE = 0.4;
const MIN_REACH_PX = 10;
const MAX_REACH_PX = 60;
/** Darker than the ground around by this factor (or by what its own texture demands) counts as shadow. */
const DARKER = 0.985;
const TEXTURE_FACTOR = 3;
/** Darker than this is not a shadow on the table but another thing. */
const TOO_DARK = 0.35;
/** The ground around a hole is fitted to at least so many px, first those of the commonest brightness to within this share. */
const MIN_GROUND_PX = 60;
const GROUND_TOLERANCE = 0.12;
/** Islands and bays in the hole narrower than twice this share of the width are remains of the object, not ground. */
const ISLAND_SHARE = 0.012;
/** On the way outwards a shadow may get darker again by this share (or what texture demands), not more. */
const DARKENING = 0.02;
/** Leftovers of a thing: this much off the ground's brightness, within this share of the reach, smaller than this share of the hole. */
const LEFTOVER_CONTRAST = 0.08;
const LEFTOVER_SHARE = 0.5;
const LEFTOVER_AREA = 0.1;
/** Shadows have soft edges: what was found is widened by this. */
const SOFT_EDGE_PX = 3;

/** The hole together with the shadows that join it, [H, W] 0 / 1. */
export function withShadows(image: RgbImage, hole: Uint8Array): Uint8Array {
  const { widthPx: w, heightPx: h } = image;
  const luma = lumaOf(image);
  const out = Uint8Array.from(hole);
  for (const part of connectedComponents(hole, w, h).components) {
    const size = Math.sqrt((part.box.x1 - part.box.x0) * (part.box.y1 - part.box.y0));
    const reach = Math.min(MAX_REACH_PX, Math.max(MIN_REACH_PX, Math.round(REACH_SHARE * size)));
    growShadow(luma, hole, part.box, reach, w, h, out);
  }
  return closed(out, w, h, Math.round(ISLAND_SHARE * w));
}

function lumaOf({ data }: RgbImage): Float32Array {
  const luma = new Float32Array(data.length / 3);
  for (let i = 0; i < luma.length; i++)
    luma[i] = 0.299 * data[i * 3] + 0.587 * data[i * 3 + 1] + 0.114 * data[i * 3 + 2];
  return luma;
}

/** Adds to `out` the shadow pixels within `reach` of the hole part in `box` that are connected to it through shadow. */
function growShadow(
  luma: Float32Array,
  hole: Uint8Array,
  box: { x0: number; y0: number; x1: number; y1: number },
  reach: number,
  w: number,
  h: number,
  out: Uint8Array,
): void {
  const pad = 2 * reach;
  const x0 = Math.max(0, box.x0 - pad);
  const y0 = Math.max(0, box.y0 - pad);
  const cw = Math.min(w, box.x1 + pad) - x0;
  const ch = Math.min(h, box.y1 + pad) - y0;
  const local = new Uint8Array(cw * ch);
  const ground = new Float32Array(cw * ch);
  for (let y = 0; y < ch; y++) {
    for (let x = 0; x < cw; x++) {
      local[y * cw + x] = hole[(y + y0) * w + x + x0];
      ground[y * cw + x] = luma[(y + y0) * w + x + x0];
    }
  }
  const away = distanceTo(local, cw, ch);
  const plane = fitGround(ground, away, reach, cw, ch);
  if (!plane) return;
  const limit = Math.min(DARKER, 1 - TEXTURE_FACTOR * plane.spread);
  const ratio = smoothOutside(ground, local, cw, ch);
  for (let i = 0; i < ratio.length; i++) ratio[i] /= Math.max(1, plane.at(i % cw, Math.floor(i / cw)));
  const isDark = (i: number): boolean => away[i] <= reach && ratio[i] < limit && ratio[i] > TOO_DARK;
  const connected = spreadOutwards(ratio, isDark, Math.max(DARKENING, 2 * plane.spread), local, cw, ch);
  const leftovers = findLeftovers(ratio, plane.spread, local, away, reach, cw, ch);
  const softShadow = dilate(connected, cw, ch, SOFT_EDGE_PX);
  const softSpots = dilate(leftovers, cw, ch, SOFT_EDGE_PX);
  for (let y = 0; y < ch; y++) {
    for (let x = 0; x < cw; x++) {
      const i = y * cw + x;
      // The soft edge of a shadow lies on the ground, not on the next thing.
      const edge = softShadow[i] !== 0 && ratio[i] > limit - DARKENING;
      if (connected[i] !== 0 || edge || softSpots[i] !== 0) out[(y + y0) * w + x + x0] = 1;
    }
  }
}

/** 3x3 means of the pixels that are not in the hole. */
function smoothOutside(values: Float32Array, hole: Uint8Array, w: number, h: number): Float32Array {
  const out = Float32Array.from(values);
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1; x < w - 1; x++) {
      let sum = 0;
      let count = 0;
      for (let v = y - 1; v <= y + 1; v++) {
        for (let u = x - 1; u <= x + 1; u++) {
          if (hole[v * w + u] !== 0) continue;
          sum += values[v * w + u];
          count++;
        }
      }
      if (count > 0) out[y * w + x] = sum / count;
    }
  }
  return out;
}

/**
 * Dark pixels reached from the hole on ways along which it never gets darker again by more than `darkening`: a shadow fades
 * outwards, the next thing that stands there does not.
 */
function spreadOutwards(
  ratio: Float32Array,
  isDark: (i: number) => boolean,
  darkening: number,
  hole: Uint8Array,
  w: number,
  h: number,
): Uint8Array {
  const reached = new Uint8Array(w * h);
  const brightest = new Float32Array(w * h);
  let front: number[] = [];
  for (let i = 0; i < hole.length; i++) if (hole[i] !== 0) front.push(i);
  while (front.length > 0) {
    const next: number[] = [];
    for (const i of front) {
      const x = i % w;
      const around = [x > 0 ? i - 1 : -1, x < w - 1 ? i + 1 : -1, i - w, i + w];
      for (const n of around) {
        if (n < 0 || n >= w * h || hole[n] !== 0 || reached[n] !== 0) continue;
        if (!isDark(n) || ratio[n] < brightest[i] - darkening) continue;
        reached[n] = 1;
        brightest[n] = Math.max(brightest[i], ratio[n]);
        next.push(n);
      }
    }
    front = next;
  }
  return reached;
}

/** Feet, handles, tips that the mask missed: small spots unlike the ground, brighter or darker, that lie close to the hole. */
function findLeftovers(
  ratio: Float32Array,
  spread: number,
  hole: Uint8Array,
  away: Float32Array,
  reach: number,
  w: number,
  h: number,
): Uint8Array {
  const limit = Math.max(LEFTOVER_CONTRAST, 4 * spread);
  const near = LEFTOVER_SHARE * reach;
  const spots = new Uint8Array(w * h);
  let holeArea = 0;
  for (let i = 0; i < spots.length; i++) {
    if (hole[i] !== 0) holeArea++;
    else if (away[i] <= near + 1 && Math.abs(ratio[i] - 1) > limit) spots[i] = 1;
  }
  const { labels, components } = connectedComponents(spots, w, h);
  // A spot that goes on outwards is no leftover but another thing that begins here.
  const goesOn = new Uint8Array(components.length + 1);
  for (let i = 0; i < spots.length; i++) if (labels[i] !== 0 && away[i] > near) goesOn[labels[i]] = 1;
  const small = components.filter((c) => c.area < LEFTOVER_AREA * holeArea && goesOn[c.label] === 0);
  const wanted = new Set(small.map((c) => c.label));
  for (let i = 0; i < spots.length; i++) if (!wanted.has(labels[i])) spots[i] = 0;
  return spots;
}

/**
 * Brightness of the unshadowed ground as a plane over the image, fitted to the pixels between one and two reaches from
 * the hole; other things and other shadows are dropped as outliers. `spread`: relative standard deviation of the rest.
 */
function fitGround(
  luma: Float32Array,
  away: Float32Array,
  reach: number,
  w: number,
  h: number,
): { at: (x: number, y: number) => number; spread: number } | null {
  const ring: number[] = [];
  for (let i = 0; i < w * h; i++) if (away[i] > reach && away[i] <= 2 * reach) ring.push(i);
  if (ring.length < MIN_GROUND_PX) return null;
  const levels = ring.map((i) => luma[i]).sort((p, q) => p - q);
  // The commonest brightness first: the ring may also show the floor, a wall, other things.
  const level = densest(levels);
  let use = ring.filter((i) => Math.abs(luma[i] / level - 1) < GROUND_TOLERANCE);
  let plane: [number, number, number] | null = null;
  let spread = 0;
  for (let round = 0; round < 3; round++) {
    if (use.length < MIN_GROUND_PX) return null;
    plane = leastSquaresPlane(use, luma, w);
    if (!plane) return null;
    const [a, b, c] = plane;
    const off = (i: number): number => luma[i] / Math.max(1, a * (i % w) + b * Math.floor(i / w) + c) - 1;
    const sorted = use.map((i) => Math.abs(off(i))).sort((p, q) => p - q);
    spread = 1.4826 * sorted[sorted.length >> 1];
    const most = Math.max(0.02, 2.5 * spread);
    use = ring.filter((i) => Math.abs(off(i)) < most);
  }
  const [a, b, c] = plane!;
  return { at: (x, y) => a * x + b * y + c, spread };
}

/** Middle of the narrowest stretch that holds a third of the sorted values. */
function densest(sorted: readonly number[]): number {
  const third = Math.max(1, Math.floor(sorted.length / 3));
  let best = 0;
  for (let k = 0; k + third < sorted.length; k++) {
    if (sorted[k + third] - sorted[k] < sorted[best + third] - sorted[best]) best = k;
  }
  return Math.max(1, sorted[best + (third >> 1)]);
}

/** luma ~ a x + b y + c by the normal equations about the mean; null when the pixels lie on a line. */
function leastSquaresPlane(use: readonly number[], luma: Float32Array, w: number): [number, number, number] | null {
  let mx = 0;
  let my = 0;
  let ml = 0;
  for (const i of use) {
    mx += i % w;
    my += Math.floor(i / w);
    ml += luma[i];
  }
  mx /= use.length;
  my /= use.length;
  ml /= use.length;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let xl = 0;
  let yl = 0;
  for (const i of use) {
    const x = (i % w) - mx;
    const y = Math.floor(i / w) - my;
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xl += x * (luma[i] - ml);
    yl += y * (luma[i] - ml);
  }
  const det = xx * yy - xy * xy;
  if (det <= 1e-9 * (xx * yy + 1)) return null;
  const a = (xl * yy - yl * xy) / det;
  const b = (yl * xx - xl * xy) / det;
  return [a, b, ml - a * mx - b * my];
}
