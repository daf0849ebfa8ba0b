/** XFeat: points that can be found again, and a descriptor for every pixel. Source: Potje et al. 2024, "XFeat". */
import type { RgbImage } from '../../image/image.js';
import { cropTensor, letterboxed, ZERO_TO_ONE } from '../crop.js';
import { openModel, type Session } from '../runtime.js';

const SIZE_PX = 640;
const CELL_PX = 8;
const CELLS = SIZE_PX / CELL_PX;
export const DESCRIPTOR_SIZE = 64;
const MIN_PROBABILITY = 0.05;
const NMS_RADIUS = 2;
/** Cosine above which two descriptors may show the same point. */
const MIN_COSINE = 0.82;

export interface Features {
  /** [N, 2] f32 picture pixels, best first. */
  readonly xyPx: Float32Array;
  /** [N, 64] f32, unit length. */
  readonly descriptors: Float32Array;
}

export class XFeat {
  private constructor(private readonly session: Session) {}

  static async open(folder?: string): Promise<XFeat> {
    const [session] = await openModel('xfeat', folder);
    return new XFeat(session);
  }

  /** The best points; with `use` [H, W] only where it is set. */
  async extract(image: RgbImage, maxPoints: number, use?: Uint8Array): Promise<Features> {
    const map = letterboxed(image, SIZE_PX);
    const output = await this.session.run({ input: cropTensor(image, map, SIZE_PX, SIZE_PX, ZERO_TO_ONE) });
    const heat = heatMap(output['1266'].data);
    const points = pickPoints(heat, output['266'].data)
      .map((point) => ({ ...point, px: map.a * (point.x + 0.5), py: map.d * (point.y + 0.5) }))
      .filter(({ px, py }) => {
        const x = Math.floor(px);
        const y = Math.floor(py);
        if (x >= image.widthPx || y >= image.heightPx) return false;
        return use === undefined || use[y * image.widthPx + x] !== 0;
      })
      .slice(0, maxPoints);
    const cells = normalisedCells(output.output.data);
    const xyPx = new Float32Array(2 * points.length);
    const descriptors = new Float32Array(DESCRIPTOR_SIZE * points.length);
    points.forEach(({ x, y, px, py }, n) => {
      xyPx[2 * n] = px;
      xyPx[2 * n + 1] = py;
      describe(cells, x, y, descriptors.subarray(DESCRIPTOR_SIZE * n, DESCRIPTOR_SIZE * (n + 1)));
    });
    return { xyPx, descriptors };
  }
}

/** [65, 80, 80] logits per cell (last: no point) to a [640, 640] probability map. */
export function heatMap(logits: Float32Array): Float32Array {
  const n = CELLS * CELLS;
  const out = new Float32Array(SIZE_PX * SIZE_PX);
  for (let cell = 0; cell < n; cell++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let c = 0; c <= 64; c++) max = Math.max(max, logits[c * n + cell]);
    let sum = 0;
    for (let c = 0; c <= 64; c++) sum += Math.exp(logits[c * n + cell] - max);
    const x0 = (cell % CELLS) * CELL_PX;
    const y0 = Math.floor(cell / CELLS) * CELL_PX;
    for (let c = 0; c < 64; c++) {
      out[(y0 + (c >> 3)) * SIZE_PX + x0 + (c & 7)] = Math.exp(logits[c * n + cell] - max) / sum;
    }
  }
  return out;
}

function pickPoints(heat: Float32Array, reliability: Float32Array): { x: number; y: number; score: number }[] {
  const points: { x: number; y: number; score: number }[] = [];
  for (let y = NMS_RADIUS; y < SIZE_PX - NMS_RADIUS; y++) {
    for (let x = NMS_RADIUS; x < SIZE_PX - NMS_RADIUS; x++) {
      const p = heat[y * SIZE_PX + x];
      if (p <= MIN_PROBABILITY) continue;
      let isPeak = true;
      for (let v = y - NMS_RADIUS; v <= y + NMS_RADIUS && isPeak; v++) {
        for (let u = x - NMS_RADIUS; u <= x + NMS_RADIUS; u++) if (heat[v * SIZE_PX + u] > p) isPeak = false;
      }
      if (isPeak) points.push({ x, y, score: p * bilinear(reliability, 0, x, y) });
    }
  }
  return points.sort((a, b) => b.score - a.score);
}

/** Value of channel `offset / 6400` at a pixel of the 640 x 640 picture. */
function bilinear(map: Float32Array, offset: number, x: number, y: number): number {
  const place = (k: number): number => Math.max(0, Math.min(CELLS - 1, (k / (SIZE_PX - 1)) * CELLS - 0.5));
  const u = place(x);
  const v = place(y);
  const x0 = Math.floor(u);
  const y0 = Math.floor(v);
  const x1 = Math.min(CELLS - 1, x0 + 1);
  const y1 = Math.min(CELLS - 1, y0 + 1);
  const upper = map[offset + y0 * CELLS + x0] * (1 - u + x0) + map[offset + y0 * CELLS + x1] * (u - x0);
  const lower = map[offset + y1 * CELLS + x0] * (1 - u + x0) + map[offset + y1 * CELLS + x1] * (u - x0);
  return upper * (1 - v + y0) + lower * (v - y0);
}

function normalisedCells(raw: Float32Array): Float32Array {
  const n = CELLS * CELLS;
  const out = new Float32Array(raw.length);
  for (let cell = 0; cell < n; cell++) {
    let sum = 0;
    for (let c = 0; c < DESCRIPTOR_SIZE; c++) sum += raw[c * n + cell] ** 2;
    const scale = 1 / Math.max(1e-6, Math.sqrt(sum));
    for (let c = 0; c < DESCRIPTOR_SIZE; c++) out[c * n + cell] = raw[c * n + cell] * scale;
  }
  return out;
}

function describe(cells: Float32Array, x: number, y: number, out: Float32Array): void {
  let sum = 0;
  for (let c = 0; c < DESCRIPTOR_SIZE; c++) {
    out[c] = bilinear(cells, c * CELLS * CELLS, x, y);
    sum += out[c] ** 2;
  }
  const scale = 1 / Math.max(1e-6, Math.sqrt(sum));
  for (let c = 0; c < DESCRIPTOR_SIZE; c++) out[c] *= scale;
}

/** Mutual nearest pairs with a cosine above 0.82, as indices into a and b. */
export function matchFeatures(a: Features, b: Features): [number, number][] {
  const best = (p: Features, q: Features): Int32Array => {
    const numP = p.xyPx.length / 2;
    const numQ = q.xyPx.length / 2;
    const out = new Int32Array(numP).fill(-1);
    for (let i = 0; i < numP; i++) {
      let top = MIN_COSINE;
      for (let j = 0; j < numQ; j++) {
        let dot = 0;
        for (let c = 0; c < DESCRIPTOR_SIZE; c++) {
          dot += p.descriptors[i * DESCRIPTOR_SIZE + c] * q.descriptors[j * DESCRIPTOR_SIZE + c];
        }
        if (dot > top) {
          top = dot;
          out[i] = j;
        }
      }
    }
    return out;
  };
  const ahead = best(a, b);
  const back = best(b, a);
  const pairs: [number, number][] = [];
  ahead.forEach((j, i) => {
    if (j >= 0 && back[j] === i) pairs.push([i, j]);
  });
  return pairs;
}
