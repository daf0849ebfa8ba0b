/** NanoTrack v3: follows one box. Source: SiamTrackers; penalties as in Li et al. 2018, "SiamRPN". */
import type { RgbImage } from '../../image/image.js';
import { BGR_BYTES, type Box, cropTensor, squareCrop } from '../crop.js';
import { openModel, type Session, type Tensor } from '../runtime.js';

const SEARCH_PX = 255;
const TEMPLATE_PX = 127;
const SCORES = 15;
const STRIDE_PX = 16;
const PENALTY = 0.138;
const WINDOW_SHARE = 0.455;
const SIZE_RATE = 0.348;

export interface TrackedBox extends Box {
  /** 0..1 of the best place; low at any time means lost for good afterwards. */
  readonly score: number;
}

interface State {
  cx: number;
  cy: number;
  w: number;
  h: number;
}

export class NanoTrack {
  private constructor(
    private readonly backbone: Session,
    private readonly head: Session,
  ) {}

  static async open(folder?: string): Promise<NanoTrack> {
    const [backbone, head] = await openModel('nanotrack', folder);
    return new NanoTrack(backbone, head);
  }

  /** A tracker that starts from a box in a frame; it never learns, so order of frames is free. */
  async start(image: RgbImage, box: Box): Promise<BoxTracker> {
    const state = {
      cx: (box.x0 + box.x1) / 2,
      cy: (box.y0 + box.y1) / 2,
      w: box.x1 - box.x0,
      h: box.y1 - box.y0,
    };
    const features = await this.features(image, state);
    return new BoxTracker(this, centre(features), state);
  }

  /** Features [1, 96, 16, 16] of the square about a box. */
  async features(image: RgbImage, { cx, cy, w, h }: State): Promise<Tensor & { data: Float32Array }> {
    const mean = meanColour(image);
    const map = squareCrop(cx, cy, (contextSize(w, h) * SEARCH_PX) / TEMPLATE_PX, 0, SEARCH_PX);
    const input = cropTensor(image, map, SEARCH_PX, SEARCH_PX, { ...BGR_BYTES, outside: mean });
    const { output } = await this.backbone.run({ input });
    return output;
  }

  async compare(template: Tensor, search: Tensor): Promise<{ logits: Float32Array; distances: Float32Array }> {
    const { output1, output2 } = await this.head.run({ input1: template, input2: search });
    return { logits: output1.data, distances: output2.data };
  }
}

export class BoxTracker {
  constructor(
    private readonly net: NanoTrack,
    private readonly template: Tensor,
    private state: State,
  ) {}

  /** Finds the box in the next frame. */
  async step(image: RgbImage): Promise<TrackedBox> {
    const { logits, distances } = await this.net.compare(this.template, await this.net.features(image, this.state));
    const scale = (contextSize(this.state.w, this.state.h) * SEARCH_PX) / TEMPLATE_PX / SEARCH_PX;
    const best = chooseBox(logits, distances, { w: this.state.w / scale, h: this.state.h / scale });
    const rate = best.penalty * best.score * SIZE_RATE;
    this.state = {
      cx: Math.max(0, Math.min(image.widthPx, this.state.cx + best.cx * scale)),
      cy: Math.max(0, Math.min(image.heightPx, this.state.cy + best.cy * scale)),
      w: Math.max(8, this.state.w * (1 - rate) + best.w * scale * rate),
      h: Math.max(8, this.state.h * (1 - rate) + best.h * scale * rate),
    };
    const { cx, cy, w, h } = this.state;
    return { score: best.score, x0: cx - w / 2, y0: cy - h / 2, x1: cx + w / 2, y1: cy + h / 2 };
  }
}

/** Side of the square that a box is seen with: half of its mean side is added on each axis. */
function contextSize(w: number, h: number): number {
  const pad = 0.5 * (w + h);
  return Math.round(Math.sqrt((w + pad) * (h + pad)));
}

/** `logits` [2, 15, 15], `distances` [4, 15, 15] left, top, right, bottom; all in search pixels about the centre. */
export function chooseBox(
  logits: Float32Array,
  distances: Float32Array,
  size: { w: number; h: number },
): { cx: number; cy: number; w: number; h: number; score: number; penalty: number } {
  const n = SCORES * SCORES;
  const change = (r: number): number => Math.max(r, 1 / r);
  let best = { cx: 0, cy: 0, w: size.w, h: size.h, score: 0, penalty: 0 };
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const column = i % SCORES;
    const row = Math.floor(i / SCORES);
    const score = 1 / (1 + Math.exp(logits[i] - logits[n + i]));
    const px = (column - (SCORES - 1) / 2) * STRIDE_PX;
    const py = (row - (SCORES - 1) / 2) * STRIDE_PX;
    const x0 = px - distances[i];
    const y0 = py - distances[n + i];
    const x1 = px + distances[2 * n + i];
    const y1 = py + distances[3 * n + i];
    const w = Math.max(1, x1 - x0);
    const h = Math.max(1, y1 - y0);
    const resize = change(contextSize(w, h) / contextSize(size.w, size.h));
    const reshape = change(size.w / size.h / (w / h));
    const penalty = Math.exp(-(resize * reshape - 1) * PENALTY);
    const hann = (k: number): number => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (SCORES - 1));
    const value = penalty * score * (1 - WINDOW_SHARE) + hann(column) * hann(row) * WINDOW_SHARE;
    if (value <= bestValue) continue;
    bestValue = value;
    best = { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, w, h, score, penalty };
  }
  return best;
}

/** [1, C, 16, 16] -> [1, C, 8, 8], the middle. */
export function centre({ shape, data }: Tensor & { data: Float32Array }): Tensor & { data: Float32Array } {
  const [, channels, h, w] = shape;
  const out = new Float32Array(channels * 64);
  for (let c = 0, o = 0; c < channels; c++) {
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++, o++) out[o] = data[(c * h + y + 4) * w + x + 4];
    }
  }
  return { shape: [1, channels, 8, 8], data: out };
}

function meanColour({ data }: RgbImage): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) sums[i % 3] += data[i];
  const n = data.length / 3;
  return [sums[0] / n, sums[1] / n, sums[2] / n];
}
