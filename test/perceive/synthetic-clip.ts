/** A small made-up clip with known truth: a "hand" takes a textured square from one place of a textured table to another. */
import { Random } from '../../src/base/random.js';
import { type ByteImage, createBytes, createRgb, type RgbImage } from '../../src/image/image.js';
import type { FrameSource } from '../../src/video/frames.js';

export interface SyntheticClip {
  frames: FrameSource;
  /** True top-left corner of the square in frame k. */
  squareAt(k: number): [number, number];
  truth(k: number): ByteImage;
  size: number;
  liftFrame: number;
  downFrame: number;
}

const WIDTH = 320;
const HEIGHT = 240;
const HAND = 255;

/** Smooth random texture: bilinear noise on a lattice, three octaves. */
function texture(random: Random, w: number, h: number): Float32Array {
  const out = new Float32Array(w * h);
  for (const cell of [6, 13, 40]) {
    const gw = Math.ceil(w / cell) + 2;
    const grid = Float32Array.from({ length: gw * (Math.ceil(h / cell) + 2) }, () => random.uniform(-1, 1));
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const u = x / cell;
        const v = y / cell;
        const i = Math.floor(v) * gw + Math.floor(u);
        const fu = u - Math.floor(u);
        const fv = v - Math.floor(v);
        const top = grid[i] + fu * (grid[i + 1] - grid[i]);
        const bottom = grid[i + gw] + fu * (grid[i + gw + 1] - grid[i + gw]);
        out[y * w + x] += (top + fv * (bottom - top)) / 3;
      }
    }
  }
  return out;
}

export function syntheticClip(
  options: {
    withHand?: boolean;
    withObject?: boolean;
    returns?: boolean;
    /** The square never moves. */
    still?: boolean;
    numFrames?: number;
  } = {},
): SyntheticClip {
  const { withHand = true, withObject = true, returns = false, still = false, numFrames = returns ? 90 : 60 } = options;
  const random = new Random(5);
  const table = texture(random, WIDTH, HEIGHT);
  const skinNoise = texture(random, WIDTH, HEIGHT);
  const size = 44;
  const face = texture(random, size, size);
  const liftFrame = 18;
  const downFrame = numFrames - 20;
  const from: [number, number] = [190, 130];
  const to: [number, number] = still ? from : [70, 110];
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  const squareAt = (k: number): [number, number] => {
    const part = Math.max(0, Math.min(1, (k - liftFrame) / (downFrame - liftFrame)));
    // There and back again, or there for good.
    const t = returns ? smooth(Math.min(1, 3 * Math.min(part, 1 - part))) : smooth(part);
    return [
      Math.round(from[0] + t * (to[0] - from[0])),
      Math.round(from[1] + t * (to[1] - from[1]) - (still ? 0 : 30) * Math.sin(Math.PI * t)),
    ];
  };
  /** Lower end of the hand, which comes from the top border; null while it is away. */
  const handAt = (k: number): [number, number] | null => {
    if (!withHand || k < 6 || k > downFrame + 14) return null;
    const [x, y] = squareAt(k);
    const grip: [number, number] = [x + size / 2, y + 12];
    const away = k < 14 ? (14 - k) / 8 : k > downFrame + 4 ? (k - downFrame - 4) / 10 : 0;
    return [grip[0] + 20 * away, grip[1] - away * (grip[1] + 20)];
  };
  const truth = (k: number): ByteImage => {
    const ids = createBytes(WIDTH, HEIGHT);
    const [sx, sy] = squareAt(k);
    if (withObject) for (let y = sy; y < sy + size; y++) ids.data.fill(1, y * WIDTH + sx, y * WIDTH + sx + size);
    const hand = handAt(k);
    if (hand) {
      for (let y = 0; y < hand[1]; y++) {
        for (let x = Math.max(0, Math.round(hand[0] - 13)); x < Math.min(WIDTH, hand[0] + 13); x++)
          ids.data[y * WIDTH + x] = HAND;
      }
    }
    return ids;
  };
  const draw = (k: number): RgbImage => {
    const image = createRgb(WIDTH, HEIGHT);
    const ids = truth(k);
    const [sx, sy] = squareAt(k);
    const noise = new Random(1000 + k);
    for (let i = 0; i < ids.data.length; i++) {
      const x = i % WIDTH;
      const y = Math.floor(i / WIDTH);
      let colour = [120 + 25 * table[i], 125 + 25 * table[i], 130 + 25 * table[i]];
      if (ids.data[i] === 1) {
        const f = face[(y - sy) * size + x - sx];
        colour = [60 + 50 * f, 140 + 90 * f, 70 + 40 * f];
      } else if (ids.data[i] === HAND)
        colour = [205 + 12 * skinNoise[i], 150 + 12 * skinNoise[i], 120 + 12 * skinNoise[i]];
      for (let c = 0; c < 3; c++) image.data[3 * i + c] = Math.max(0, Math.min(255, colour[c] + noise.normal(0, 1.5)));
    }
    return image;
  };
  const drawn = new Map<number, RgbImage>();
  const read = async (k: number): Promise<RgbImage> => {
    const image = drawn.get(k) ?? draw(k);
    drawn.set(k, image);
    return image;
  };
  return {
    frames: { numFrames, fps: 30, widthPx: WIDTH, heightPx: HEIGHT, read },
    squareAt,
    truth,
    size,
    liftFrame,
    downFrame,
  };
}
