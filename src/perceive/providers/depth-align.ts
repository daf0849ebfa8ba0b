/** Depth against the table plane: where the table is bare its depth is known, which gives a map's scale, shift and sign. */
import { createFloats, type FloatImage } from '../../image/image.js';
import { dilate } from '../../image/morphology.js';
import { rayOf } from '../../math/camera.js';
import { dot } from '../../math/vec3.js';
import type { CameraFinding, DepthInputs } from './provider.js';

/** What is linear in a map's values. */
export type DepthKind = 'metric' | 'relative' | 'inverse';

export interface AlignedDepth {
  /** [H, W] f32 metres, at frame size. */
  readonly depth: FloatImage;
  readonly tableError: number;
}

/** z-depth in metres of the table in every pixel of a size; 0 above the horizon. */
export function tableDepth({ camera, up, distance }: CameraFinding, widthPx: number, heightPx: number): FloatImage {
  const out = createFloats(widthPx, heightPx);
  const [sx, sy] = [camera.widthPx / widthPx, camera.heightPx / heightPx];
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const slope = dot(up, rayOf(camera, (x + 0.5) * sx, (y + 0.5) * sy));
      if (slope < -0.02) out.data[i] = (distance.value * up[2]) / slope;
    }
  }
  return out;
}

/** Reach around the objects in which the table is looked for, as share of the work width. */
const NEAR_SHARE = 0.12;
const GAP_PX = 4;

/** [H, W] at work size: bare table where the user showed it, else near the objects. Farther away may lie walls and other furniture. */
export function bareTable({ clip, table }: DepthInputs, ids: { data: Uint8Array }): Uint8Array {
  const { widthPx: w, heightPx: h } = clip;
  const things = ids.data.map((id) => (id !== 0 ? 1 : 0));
  const objects = ids.data.map((id) => (id !== 0 && id !== 255 ? 1 : 0));
  const near = table?.region ?? dilate(objects, w, h, Math.round(NEAR_SHARE * w));
  const taken = dilate(things, w, h, GAP_PX);
  return near.map((value, i) => (value !== 0 && taken[i] === 0 ? 1 : 0));
}

/** Rounds of reweighting: outliers (what stands on the table unseen) lose their say. */
const ROUNDS = 12;
/** Huber width, as share of the fitted quantity. */
const TOLERANCE = 0.03;
const MIN_PIXELS = 500;

/**
 * Metres from a map of unknown scale and shift (`relative`: linear in depth, `inverse`: in 1 / depth) so that bare table
 * lies on the plane. Null when there is too little table, or when the map grows the wrong way: then it says nothing.
 */
export function alignToTable(
  map: FloatImage,
  kind: Exclude<DepthKind, 'metric'>,
  inputs: DepthInputs,
  ids: { data: Uint8Array },
): AlignedDepth | null {
  const { clip, found } = inputs;
  const bare = bareTable(inputs, ids);
  const plane = tableDepth(found, clip.widthPx, clip.heightPx);
  const sample = (i: number): number => {
    const x = ((i % clip.widthPx) + 0.5) / clip.widthPx;
    const y = (Math.floor(i / clip.widthPx) + 0.5) / clip.heightPx;
    return bilinear(map, x * map.widthPx - 0.5, y * map.heightPx - 0.5);
  };
  const values: number[] = [];
  const wanted: number[] = [];
  for (let i = 0; i < bare.length; i += 3) {
    if (bare[i] === 0 || plane.data[i] <= 0) continue;
    values.push(sample(i));
    wanted.push(kind === 'relative' ? plane.data[i] : 1 / plane.data[i]);
  }
  if (values.length < MIN_PIXELS) return null;
  const fit = fitLine(values, wanted);
  if (!fit || fit.slope <= 0) return null;
  const toMetres = (value: number): number => {
    const q = fit.slope * value + fit.shift;
    const metres = kind === 'relative' ? q : 1 / q;
    return q > 0 && Number.isFinite(metres) ? metres : 0;
  };
  const errors = values.map((value, n) => {
    const truth = kind === 'relative' ? wanted[n] : 1 / wanted[n];
    return Math.abs(toMetres(value) - truth) / truth;
  });
  const depth = createFloats(clip.frameWidthPx, clip.frameHeightPx);
  for (let y = 0, i = 0; y < depth.heightPx; y++) {
    const v = ((y + 0.5) * map.heightPx) / depth.heightPx - 0.5;
    for (let x = 0; x < depth.widthPx; x++, i++) {
      depth.data[i] = toMetres(bilinear(map, ((x + 0.5) * map.widthPx) / depth.widthPx - 0.5, v));
    }
  }
  return { depth, tableError: medianOf(errors) };
}

export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Least squares with Huber weights. */
function fitLine(xs: readonly number[], ys: readonly number[]): { slope: number; shift: number } | null {
  let fit: { slope: number; shift: number } | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    let [sw, sx, sy, sxx, sxy] = [0, 0, 0, 0, 0];
    for (let n = 0; n < xs.length; n++) {
      const off = fit ? Math.abs(fit.slope * xs[n] + fit.shift - ys[n]) / (TOLERANCE * ys[n]) : 0;
      const w = off > 1 ? 1 / off : 1;
      sw += w;
      sx += w * xs[n];
      sy += w * ys[n];
      sxx += w * xs[n] * xs[n];
      sxy += w * xs[n] * ys[n];
    }
    const spread = sxx * sw - sx * sx;
    if (spread <= 1e-9 * sxx * sw) return null;
    const slope = (sxy * sw - sx * sy) / spread;
    fit = { slope, shift: (sy - slope * sx) / sw };
  }
  return fit;
}

export function bilinear({ widthPx, heightPx, data }: FloatImage, x: number, y: number): number {
  const u = Math.max(0, Math.min(widthPx - 1, x));
  const v = Math.max(0, Math.min(heightPx - 1, y));
  const x0 = Math.floor(u);
  const y0 = Math.floor(v);
  const x1 = Math.min(widthPx - 1, x0 + 1);
  const y1 = Math.min(heightPx - 1, y0 + 1);
  const upper = data[y0 * widthPx + x0] * (1 - u + x0) + data[y0 * widthPx + x1] * (u - x0);
  const lower = data[y1 * widthPx + x0] * (1 - u + x0) + data[y1 * widthPx + x1] * (u - x0);
  return upper * (1 - v + y0) + lower * (v - y0);
}
