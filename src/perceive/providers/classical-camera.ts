/** Camera, table plane and scale from lines, rims, sizes and stated priors. */
import type { Vec3 } from '../../math/vec3.js';
import { lightnessOf, rimTilts, sizeCues } from '../geometry/geometry-cues.js';
import { linesTask } from '../geometry/lines-task.js';
import {
  type CameraEstimate,
  estimateCamera,
  estimateDistance,
  estimatePlane,
  focalFromLines,
  type SizeCue,
  unitDepthAt,
} from '../geometry/table.js';
import { leastTilt } from '../geometry/table-points.js';
import type { PerceiveOptions } from '../options.js';
import type { CameraFinding, CameraInputs, CameraProvider } from './provider.js';

/** Turns a length in the picture at a place on the table into one of the unit scene; null above the horizon. */
export type UnitLength = (lengthPx: number, xPx: number, yPx: number) => number | null;

export interface CameraExtras {
  /** A camera that is known already. */
  readonly camera?: CameraEstimate;
  /** Further cues of scale; all pixels are of the work size. */
  readonly cues?: (inputs: CameraInputs, unitLength: UnitLength, up: Vec3) => SizeCue[];
}

export const classicalCamera = (options: PerceiveOptions, extras: CameraExtras = {}): CameraProvider => ({
  estimate: (inputs) => estimateFromCues(inputs, options, extras),
});

async function estimateFromCues(
  inputs: CameraInputs,
  options: PerceiveOptions,
  extras: CameraExtras,
): Promise<CameraFinding> {
  const { clip, segmentation, handWidth, focal35mm, table } = inputs;
  const { movers, targets, plate } = segmentation;
  const toFrame = clip.frameWidthPx / clip.widthPx;
  const assumed = extras.camera ?? estimateCamera(clip.frameWidthPx, clip.frameHeightPx, focal35mm, options);
  const lines = await clip.crew.ask(linesTask, { grey: lightnessOf(clip, plate.lab), camera: assumed });
  const camera = focalFromLines(assumed, lines);
  const rims = rimTilts(clip, camera, movers, targets, lines);
  const plane = estimatePlane(lines, rims, options, (rollDeg) => (table ? leastTilt(camera, table, rollDeg) : 0));
  const focalWorkPx = camera.fx / toFrame;
  const unitDepth = (x: number, y: number): number | null => unitDepthAt(camera, plane.up, x * toFrame, y * toFrame);
  const unitLength: UnitLength = (lengthPx, x, y) => {
    const depth = unitDepth(x, y);
    return depth === null ? null : (lengthPx * depth) / focalWorkPx;
  };
  const cues = [
    ...sizeCues(clip, movers, targets, await handWidth, focalWorkPx, options, unitDepth),
    ...(extras.cues?.(inputs, unitLength, plane.up) ?? []),
  ];
  return {
    camera,
    up: plane.up,
    normalSdDeg: plane.sdDeg,
    normalSource: plane.source,
    distance: estimateDistance(cues),
  };
}
