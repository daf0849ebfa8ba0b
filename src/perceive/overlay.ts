/** Pictures for people: who is who in a frame, and where the table lies. */
import { type ByteImage, createRgb, type RgbImage } from '../image/image.js';
import { project } from '../math/camera.js';
import { transformPoint } from '../math/se3.js';
import { HAND_ID, type ObjectRole, type Perception } from './perception.js';

type Colour = readonly [number, number, number];
const HAND_COLOUR: Colour = [60, 110, 255];
const ROLE_COLOURS: Record<ObjectRole, readonly Colour[]> = {
  source: [
    [40, 220, 60],
    [240, 120, 30],
    [240, 60, 200],
  ],
  target: [
    [250, 220, 30],
    [40, 220, 220],
  ],
  passive: [[170, 170, 170]],
};
const GRID_COLOUR: Colour = [255, 255, 255];
/** Lines of the drawn table grid are this far apart. */
const GRID_STEP_M = 0.1;
const GRID_REACH_M = 0.4;

/** Colour of every id: hand blue, sources green first, targets yellow first, passive grey. */
export function overlayColours(perception: Perception): Map<number, Colour> {
  const colours = new Map<number, Colour>([[HAND_ID, HAND_COLOUR]]);
  const used: Record<ObjectRole, number> = { source: 0, target: 0, passive: 0 };
  for (const { id, role } of perception.objects) {
    const palette = ROLE_COLOURS[role];
    colours.set(id, palette[used[role]++ % palette.length]);
  }
  return colours;
}

/** Frame with tinted masks, outlines and a 10 cm grid on the table. `frame` and `idMap` have the same size. */
export function drawPerceptionOverlay(frame: RgbImage, idMap: ByteImage, perception: Perception): RgbImage {
  const { widthPx: w, heightPx: h } = frame;
  if (idMap.widthPx !== w || idMap.heightPx !== h) throw new Error('overlay: frame and id map differ in size');
  const out = createRgb(w, h, Uint8Array.from(frame.data));
  drawTableGrid(out, idMap, perception);
  const colours = overlayColours(perception);
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++, i++) {
      const id = idMap.data[i];
      const colour = id === 0 ? undefined : colours.get(id);
      if (!colour) continue;
      const isEdge =
        (x > 0 && idMap.data[i - 1] !== id) ||
        (x < w - 1 && idMap.data[i + 1] !== id) ||
        (y > 0 && idMap.data[i - w] !== id) ||
        (y < h - 1 && idMap.data[i + w] !== id);
      blend(out.data, i, colour, isEdge ? 1 : 0.4);
    }
  }
  return out;
}

function blend(data: Uint8Array, i: number, colour: Colour, share: number): void {
  for (let c = 0; c < 3; c++) data[3 * i + c] = (1 - share) * data[3 * i + c] + share * colour[c];
}

function drawTableGrid(out: RgbImage, idMap: ByteImage, perception: Perception): void {
  const { camera, table } = perception;
  const numLines = Math.round(GRID_REACH_M / GRID_STEP_M);
  const dot = (x: number, y: number): void => {
    const [u, v] = project(camera, transformPoint(table.cameraFromWorld, [x, y, 0]));
    const px = Math.floor(u);
    const py = Math.floor(v);
    if (!(px >= 0 && py >= 0 && px < out.widthPx && py < out.heightPx)) return;
    const i = py * out.widthPx + px;
    if (idMap.data[i] === 0) blend(out.data, i, GRID_COLOUR, 0.5);
  };
  for (let k = -numLines; k <= numLines; k++) {
    for (let s = -GRID_REACH_M; s <= GRID_REACH_M; s += 0.001) {
      dot(k * GRID_STEP_M, s);
      dot(s, k * GRID_STEP_M);
    }
  }
}
