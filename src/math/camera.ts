/** Pinhole camera, OpenCV axes (x right, y down, z forward), pixel centres at integer + 0.5. */
import { z } from 'zod';
import type { Vec3 } from './vec3.js';

export const IntrinsicsSchema = z.object({
  widthPx: z.int().positive(),
  heightPx: z.int().positive(),
  /** Focal lengths and principal point in pixels. */
  fx: z.number().positive(),
  fy: z.number().positive(),
  cx: z.number(),
  cy: z.number(),
});
export type Intrinsics = z.infer<typeof IntrinsicsSchema>;

/** Pixel of a point in the camera frame. z <= 0 gives NaN. */
export function project(camera: Intrinsics, pointInCamera: Vec3): [number, number] {
  const [x, y, z] = pointInCamera;
  if (!(z > 0)) return [Number.NaN, Number.NaN];
  return [(camera.fx * x) / z + camera.cx, (camera.fy * y) / z + camera.cy];
}

/** Ray direction (not normalised, z = 1) of a pixel, in the camera frame. */
export function rayOf(camera: Intrinsics, xPx: number, yPx: number): Vec3 {
  return [(xPx - camera.cx) / camera.fx, (yPx - camera.cy) / camera.fy, 1];
}

/** Intrinsics of the same view at another image size. */
export function resizeIntrinsics(camera: Intrinsics, widthPx: number, heightPx: number): Intrinsics {
  const sx = widthPx / camera.widthPx;
  const sy = heightPx / camera.heightPx;
  return { widthPx, heightPx, fx: camera.fx * sx, fy: camera.fy * sy, cx: camera.cx * sx, cy: camera.cy * sy };
}

/** Intrinsics of a crop whose top-left corner is at (x0Px, y0Px) and that is then scaled by `scale`. */
export function cropIntrinsics(
  camera: Intrinsics,
  x0Px: number,
  y0Px: number,
  widthPx: number,
  heightPx: number,
  scale = 1,
): Intrinsics {
  return {
    widthPx: Math.round(widthPx * scale),
    heightPx: Math.round(heightPx * scale),
    fx: camera.fx * scale,
    fy: camera.fy * scale,
    cx: (camera.cx - x0Px) * scale,
    cy: (camera.cy - y0Px) * scale,
  };
}
