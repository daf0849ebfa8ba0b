/** BlazePalm: where palms are and which way they point. Source: Zhang et al. 2020, "MediaPipe Hands". */
import type { RgbImage } from '../../image/image.js';
import {
  type Box,
  type CropMap,
  cropTensor,
  MINUS_ONE_TO_ONE,
  mapPoint,
  sigmoid,
  squareCrop,
  suppress,
} from '../crop.js';
import { openModel, type Session } from '../runtime.js';

export interface Palm extends Box {
  readonly score: number;
  /** [7, 2] picture pixels: wrist, index, middle, ring, little base, two of the thumb. */
  readonly pointsPx: readonly (readonly [number, number])[];
}

const SIZE_PX = 128;
const NUM_POINTS = 7;
const ROW = 4 + 2 * NUM_POINTS;
const MIN_SCORE = 0.5;
const MAX_IOU = 0.3;
/** Cells per side and anchors per cell. */
const GRIDS = [
  { cells: 16, anchors: 2 },
  { cells: 8, anchors: 6 },
];

export class PalmDetection {
  private constructor(private readonly session: Session) {}

  static async open(folder?: string): Promise<PalmDetection> {
    const [session] = await openModel('palm-detection', folder);
    return new PalmDetection(session);
  }

  /** Palms inside a box of the picture (padded to a square), in picture pixels, best first. */
  async detect(image: RgbImage, area: Box): Promise<Palm[]> {
    const side = Math.max(area.x1 - area.x0, area.y1 - area.y0);
    const map = squareCrop((area.x0 + area.x1) / 2, (area.y0 + area.y1) / 2, side, 0, SIZE_PX);
    const { regressors, classificators } = await this.session.run({
      input: cropTensor(image, map, SIZE_PX, SIZE_PX, MINUS_ONE_TO_ONE),
    });
    return decodePalms(regressors.data, classificators.data, map);
  }
}

/** `regressors` [896, 18] offsets in crop pixels from anchors, `logits` [896]. */
export function decodePalms(regressors: Float32Array, logits: Float32Array, map: CropMap): Palm[] {
  const found: Palm[] = [];
  let k = 0;
  for (const { cells, anchors } of GRIDS) {
    for (let cell = 0; cell < cells * cells; cell++) {
      const ax = (((cell % cells) + 0.5) * SIZE_PX) / cells;
      const ay = ((Math.floor(cell / cells) + 0.5) * SIZE_PX) / cells;
      for (let a = 0; a < anchors; a++, k++) {
        const score = sigmoid(logits[k]);
        if (score <= MIN_SCORE) continue;
        const r = k * ROW;
        const [cx, cy] = mapPoint(map, regressors[r] + ax, regressors[r + 1] + ay);
        const w = (regressors[r + 2] * map.a) / 2;
        const h = (regressors[r + 3] * map.d) / 2;
        const pointsPx = Array.from({ length: NUM_POINTS }, (_, p) =>
          mapPoint(map, regressors[r + 4 + 2 * p] + ax, regressors[r + 5 + 2 * p] + ay),
        );
        found.push({ score, x0: cx - w, y0: cy - h, x1: cx + w, y1: cy + h, pointsPx });
      }
    }
  }
  return suppress(found, MAX_IOU);
}
