/** Camera, table plane and scale from lines, rims, sizes and stated priors. */

import { rimTilts, sizeCues, tableLines } from '../geometry-cues.js';
import type { PerceiveOptions } from '../options.js';
import { estimateCamera, estimateDistance, estimatePlane, focalFromLines, unitDepthAt } from '../table.js';
import type { CameraFinding, CameraInputs, CameraProvider } from './provider.js';

export const classicalCamera = (options: PerceiveOptions): CameraProvider => ({
  estimate: async (inputs) => estimateFromCues(inputs, options),
});

function estimateFromCues(
  { clip, segmentation, handWidth, focal35mm }: CameraInputs,
  options: PerceiveOptions,
): CameraFinding {
  const { movers, targets, plate } = segmentation;
  const toFrame = clip.frameWidthPx / clip.widthPx;
  const assumed = estimateCamera(clip.frameWidthPx, clip.frameHeightPx, focal35mm, options);
  const lines = tableLines(clip, plate.lab, assumed);
  const camera = focalFromLines(assumed, lines);
  const plane = estimatePlane(lines, rimTilts(clip, camera, movers, targets, lines), options);
  const cues = sizeCues(clip, movers, handWidth, camera.fx / toFrame, options, (x, y) =>
    unitDepthAt(camera, plane.up, x * toFrame, y * toFrame),
  );
  return {
    camera,
    up: plane.up,
    normalSdDeg: plane.sdDeg,
    normalSource: plane.source,
    distance: estimateDistance(cues),
  };
}
