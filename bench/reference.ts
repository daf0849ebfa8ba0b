/**
 * `npm run bench -- reference`: camera and table as perception finds them, against photos with sensor depth and a film of a cube of
 * known size and pose, by others (../shared/data). Writes its section of docs/accuracy.md.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UserError } from '../src/base/errors.js';
import { readJson } from '../src/base/files.js';
import { Random } from '../src/base/random.js';
import { readDepthImage } from '../src/image/depth-image.js';
import { shrinkRgb } from '../src/image/filters.js';
import { readRgb } from '../src/image/image-io.js';
import { rgbToLab8 } from '../src/image/lab.js';
import { rayOf } from '../src/math/camera.js';
import { axisOf, translationOf } from '../src/math/se3.js';
import { cross, dot, normalize, scale, sub, type Vec3 } from '../src/math/vec3.js';
import { lightnessOf, tableLines } from '../src/perceive/geometry/geometry-cues.js';
import { estimateCamera, estimatePlane } from '../src/perceive/geometry/table.js';
import { tiltOf } from '../src/perceive/geometry/tilt.js';
import { readPerception } from '../src/perceive/store.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DATA = path.join(ROOT, '..', 'shared', 'data');
const DEG = 180 / Math.PI;
const WORK_PX = 640;

/** [fx, cx, cy] in px as the sources of the photos state them. */
const PHOTOS: Record<string, [number, number, number]> = {
  'bowl_mustard_boxes.png': [618.0, 312.4, 232.4],
  'pitcher_banana_clamp.png': [618.0, 312.4, 232.4],
  'drill_on_box_mug.png': [618.0, 312.4, 232.4],
  'bowls_mugs_drill.png': [612.9, 322.5, 248.2],
  'stacked_cans_bowls.png': [612.9, 322.5, 248.2],
  'low_table_clutter.png': [612.9, 322.5, 248.2],
  'banana_toys_green_mat.jpg': [631.5, 638.4, 366.5],
};

interface Row {
  what: string;
  trueTiltDeg: number;
  tiltDeg: number;
  normalErrorDeg: number;
  statedSdDeg: number;
  source: string;
  focalErrorPct: number;
  /** Found over true size at the table; null for photos, which have no cue of scale. */
  scaleRatio: number | null;
  scaleLogSd: number | null;
}

export default async function run(): Promise<{ rows: Row[] }> {
  if (!existsSync(DATA)) throw new UserError(`${DATA} is not there`, 'this bench needs recordings by others');
  const rows: Row[] = [];
  for (const [name, intrinsics] of Object.entries(PHOTOS)) rows.push(await photoRow(name, intrinsics));
  rows.push(await cubeRow());
  const text = tableText(rows);
  console.error(text);
  await replaceSection(path.join(ROOT, 'docs', 'accuracy.md'), 'reference', text);
  return { rows };
}

async function photoRow(name: string, [fx, cx, cy]: [number, number, number]): Promise<Row> {
  const photo = await readRgb(path.join(DATA, 'photos', name));
  const truth = await dominantPlane(name, { fx, fy: fx, cx, cy, widthPx: photo.widthPx, heightPx: photo.heightPx });
  const shrink = WORK_PX / Math.max(photo.widthPx, photo.heightPx);
  const work = shrinkRgb(photo, Math.round(photo.widthPx * shrink), Math.round(photo.heightPx * shrink));
  const lab = new Uint8Array(work.data.length);
  rgbToLab8(work.data, lab);
  const camera = estimateCamera(photo.widthPx, photo.heightPx, null, { hfov: null, focalPx: null });
  const plane = estimatePlane(tableLines(lightnessOf(work, lab), camera), [], { tableTilt: null });
  return {
    what: name,
    trueTiltDeg: tiltOf(truth),
    tiltDeg: tiltOf(plane.up),
    normalErrorDeg: DEG * Math.acos(Math.min(1, dot(plane.up, truth))),
    statedSdDeg: plane.sdDeg,
    source: plane.source,
    focalErrorPct: 100 * (camera.fx / fx - 1),
    scaleRatio: null,
    scaleLogSd: null,
  };
}

const TRIES = 400;
const TOLERANCE_M = 0.008;

/** Unit normal, up, of the plane with most of the depth readings: the table fills these photos. */
async function dominantPlane(name: string, camera: Parameters<typeof rayOf>[0]): Promise<Vec3> {
  const depth = await readDepthImage(path.join(DATA, 'photos', 'depth', `${path.parse(name).name}.png`), 0.001);
  const points: Vec3[] = [];
  for (let y = 4; y < depth.heightPx; y += 8) {
    for (let x = 4; x < depth.widthPx; x += 8) {
      const z = depth.data[y * depth.widthPx + x];
      if (z > 0.2 && z < 2) points.push(scale(rayOf(camera, x + 0.5, y + 0.5), z));
    }
  }
  const random = new Random(1);
  let best: Vec3 = [0, -1, 0];
  let most = 0;
  for (let t = 0; t < TRIES; t++) {
    const [a, b, c] = [0, 1, 2].map(() => points[random.int(points.length)]);
    const normal = cross(sub(b, a), sub(c, a));
    if (dot(normal, normal) < 1e-12) continue;
    const unit = normalize(normal);
    const up = unit[2] > 0 ? scale(unit, -1) : unit;
    const numNear = points.filter((p) => Math.abs(dot(up, sub(p, a))) < TOLERANCE_M).length;
    if (numNear <= most) continue;
    most = numNear;
    best = up;
  }
  return best;
}

const PosesSchema = z.object({
  K: z.array(z.array(z.number())),
  T_camera_object: z.array(z.array(z.array(z.number()))),
});

/** The cube stands on the table throughout: its upright edge is the normal, its bottom lies on the plane (z = 0). */
async function cubeRow(): Promise<Row> {
  const folder = path.join(DATA, 'sequences', 'visp_mbt_cube');
  const { K, T_camera_object } = await readJson(path.join(folder, 'reference_poses.json'), PosesSchema);
  const outFolder = path.join(ROOT, '.cache', 'reference', 'visp_mbt_cube');
  const options = { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' };
  const videoFile = path.join(folder, 'video.mp4');
  await runStages(STAGES, { videoFile, outFolder, seed: 0, workers: 2, options, until: 'perceive' });
  const { camera, table } = await readPerception(path.join(outFolder, 'perceive'));
  const pose = T_camera_object[0].flat();
  const edge = axisOf(pose, 2);
  const truth = edge[2] > 0 ? scale(edge, -1) : edge;
  const found = axisOf(table.cameraFromWorld, 2);
  const trueDistanceM = dot(translationOf(pose), truth) / truth[2];
  const focalRatio = camera.fx / K[0][0];
  return {
    what: 'visp_mbt_cube (film)',
    trueTiltDeg: tiltOf(truth),
    tiltDeg: tiltOf(found),
    normalErrorDeg: DEG * Math.acos(Math.min(1, dot(found, truth))),
    statedSdDeg: table.normalSdDeg,
    source: table.normalSource,
    focalErrorPct: 100 * (focalRatio - 1),
    scaleRatio: table.cameraFromWorld[11] / trueDistanceM / focalRatio,
    scaleLogSd: table.scaleLogSd,
  };
}

function tableText(rows: readonly Row[]): string {
  const short = (source: string): string => source.replace(/ and prior.*/, '').replace(/;.*/, '');
  const lines = rows.map((row) =>
    [
      row.what,
      row.trueTiltDeg.toFixed(0),
      row.tiltDeg.toFixed(0),
      `${row.normalErrorDeg.toFixed(1)} (${row.statedSdDeg.toFixed(1)})`,
      short(row.source),
      row.focalErrorPct.toFixed(1),
      row.scaleRatio === null ? '-' : `${row.scaleRatio.toFixed(2)} (${(100 * row.scaleLogSd!).toFixed(0)} %)`,
    ].join(' | '),
  );
  return [
    "Written by `npm run bench -- reference`. Do not edit by hand. Normal: angle to the sensor's plane, or to the cube's upright edge; stated",
    'standard deviation in brackets. Focal: the assumed lens against the stated one. Scale: found over true size. Photos alone have neither rims nor',
    'things that move, so their tables rest on lines and the prior.',
    '',
    '| picture | true tilt deg | found | normal error deg (sd) | from | focal % | scale (sd) |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}
