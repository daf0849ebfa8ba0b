/** Poses drawn into a frame, for the report: outline and axes of every object, or the rendered objects themselves. */
import { createRgb, type RgbImage } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { PreparedSet, SplatRenderer } from '../splat/renderer.js';

export interface OverlayItem {
  readonly set: PreparedSet;
  readonly cameraFromObject: Mat4;
  /** Length of the drawn axes, metres. */
  readonly axisM: number;
  /** sRGB of the outline, 0..255. */
  readonly colour: Vec3;
}

/** x red, y green, z blue. */
const AXIS_COLOURS: readonly Vec3[] = [
  [230, 40, 40],
  [40, 190, 40],
  [60, 90, 255],
];

/** `style` outline: the frame with outlines and axes. render: the frame with the objects drawn over it, to compare by eye. */
export function drawPoseOverlay(
  frame: RgbImage,
  camera: Intrinsics,
  items: readonly OverlayItem[],
  renderer: SplatRenderer,
  style: 'outline' | 'render' = 'outline',
): RgbImage {
  const { widthPx, heightPx } = frame;
  const out = createRgb(widthPx, heightPx, new Uint8Array(frame.data));
  if (items.length === 0) return out;
  const instances = items.map(({ set, cameraFromObject }, k) => ({
    set,
    cameraFromSet: cameraFromObject,
    label: k + 1,
  }));
  const drawn = renderer.render(camera, instances);
  if (style === 'render') {
    for (let i = 0; i < out.data.length; i++) {
      const alpha = drawn.alpha[Math.floor(i / 3)];
      const value = 255 * drawn.rgb[i] + (1 - alpha) * frame.data[i];
      out.data[i] = Math.min(255, Math.max(0, Math.round(value)));
    }
    return out;
  }
  for (let y = 1; y + 1 < heightPx; y++) {
    for (let x = 1; x + 1 < widthPx; x++) {
      const i = y * widthPx + x;
      const label = drawn.label[i];
      if (label === 0) continue;
      const around = [drawn.label[i - 1], drawn.label[i + 1], drawn.label[i - widthPx], drawn.label[i + widthPx]];
      if (around.some((other) => other !== label)) out.data.set(items[label - 1].colour, 3 * i);
    }
  }
  for (const item of items) drawAxes(out, camera, item);
  return out;
}

function drawAxes(out: RgbImage, camera: Intrinsics, item: OverlayItem): void {
  const from = project(camera, transformPoint(item.cameraFromObject, [0, 0, 0]));
  AXIS_COLOURS.forEach((colour, axis) => {
    const tip: Vec3 = [0, 0, 0];
    tip[axis] = item.axisM;
    drawLine(out, from, project(camera, transformPoint(item.cameraFromObject, tip)), colour);
  });
}

/** A line one pixel wide; parts outside of the image (or behind the camera: NaN) are left out. */
function drawLine(out: RgbImage, from: [number, number], to: [number, number], colour: Vec3): void {
  const steps = Math.ceil(Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1));
  if (!Number.isFinite(steps) || steps > 4 * (out.widthPx + out.heightPx)) return;
  for (let k = 0; k <= steps; k++) {
    const x = Math.floor(from[0] + ((to[0] - from[0]) * k) / steps);
    const y = Math.floor(from[1] + ((to[1] - from[1]) * k) / steps);
    if (x >= 0 && y >= 0 && x < out.widthPx && y < out.heightPx) out.data.set(colour, 3 * (y * out.widthPx + x));
  }
}
