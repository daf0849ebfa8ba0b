/** The small parts around tracking a scene: which mask is which model, hand-held cameras, the table, spurious turning. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { openBopDataset } from '../../src/bop/dataset/dataset.js';
import { rotationFromReference } from '../../src/bop/dataset/reference-camera.js';
import { imagesOf, sequenceOfTrueMasks, withCovers } from '../../src/bop/dataset/sequence.js';
import { evaluateBop } from '../../src/bop/score/evaluate.js';
import { spinRates, twistAngle } from '../../src/bop/score/spin.js';
import { assignModels } from '../../src/bop/settle/assign-models.js';
import { distanceRatio, isBelowTable, setOnTable, tableUnder } from '../../src/bop/settle/table-under.js';
import { alignReconstruction } from '../../src/bop/track/align-reconstruction.js';
import { type DatasetRequest, trackDataset } from '../../src/bop/track/track-dataset.js';
import { createBytes } from '../../src/image/image.js';
import { writePng } from '../../src/image/image-io.js';
import {
  axisOf,
  compose,
  expRotation,
  fromAxisAngle,
  fromTranslation,
  inverse,
  transformPoint,
} from '../../src/math/se3.js';
import { dot } from '../../src/math/vec3.js';
import { boxMesh, transformMesh } from '../../src/objects/mesh.js';
import { objectOptions } from '../../src/objects/options.js';
import { worldFrame } from '../../src/perceive/geometry/table.js';
import { perceiveOptions } from '../../src/perceive/options.js';
import { HAND_ID } from '../../src/perceive/perception.js';
import { poseOptions } from '../../src/pose/options.js';
import { IMAGE_IDS, truthOf, writeSmallDataset } from './small-dataset.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-bop-'));
  await writeSmallDataset(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('assignModels', () => {
  it('takes the least total, not the best single fit, and leaves out what fits nothing', () => {
    const losses = [
      [1, 2],
      [1.5, 9],
    ];
    expect(assignModels(2, 2, (mask, model) => losses[mask][model])).toEqual([1, 0]);
    expect(assignModels(2, 1, (mask) => losses[mask][0])).toEqual([0, -1]);
    expect(assignModels(1, 2, () => Number.POSITIVE_INFINITY)).toEqual([-1]);
    expect(assignModels(0, 2, () => 0)).toEqual([]);
  });
});

it('turns a homography of a camera that only turned back into that turn', () => {
  const camera = { widthPx: 640, heightPx: 480, fx: 500, fy: 510, cx: 322, cy: 238 };
  const turn = expRotation([0.02, -0.03, 0.01]);
  // K R K^-1, written out; the scale of a homography means nothing.
  const k = [camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1];
  const inv = [1 / camera.fx, 0, -camera.cx / camera.fx, 0, 1 / camera.fy, -camera.cy / camera.fy, 0, 0, 1];
  const r = [turn[0], turn[1], turn[2], turn[4], turn[5], turn[6], turn[8], turn[9], turn[10]];
  const times = (a: number[], b: number[]): number[] =>
    a.map((_, i) => [0, 1, 2].reduce((sum, j) => sum + a[3 * Math.floor(i / 3) + j] * b[3 * j + (i % 3)], 0));
  const homography = times(times(k, r), inv).map((value) => 0.7 * value);
  const found = rotationFromReference({ frameFromReference: [homography] }, camera, 0)!;
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(turn[i], 9);
  });
  expect(rotationFromReference({ frameFromReference: null }, camera, 0)).toBeNull();
});

describe('the table', () => {
  const up = transformPoint(fromAxisAngle([1, 0, 0], -2.2), [0, 0, 1]);
  const truth = worldFrame(up, 0.6);
  const mesh = transformMesh(boxMesh(0.1, 0.1, 0.1), fromTranslation([0, 0, -0.05]));
  const standing = compose(truth, fromTranslation([0.05, 0.1, 0.05]));
  const told = { normalSource: '', scaleSource: '', scaleLogSd: 0.2, normalSdDeg: 2 };

  it('goes under what stands on it and takes its normal from it, large good fits first', () => {
    const tilted = worldFrame(transformPoint(fromAxisAngle([1, 0, 0], -2.15), [0, 0, 1]), 0.9);
    const good = { mesh, cameraFromObject: standing, iou: 0.98, areaPx: 9000 };
    const { cameraFromWorld } = tableUnder({ table: { ...told, cameraFromWorld: tilted } }, [good]);
    // A fifth of the perceived tilt of 0.05 is left.
    expect(Math.acos(dot(axisOf(cameraFromWorld, 2), up))).toBeCloseTo(0.01, 3);
    expect(cameraFromWorld[11]).toBeCloseTo(0.6, 1);
    const bad = { mesh, cameraFromObject: compose(fromTranslation([0, 0, 0.1]), standing), iou: 0.8, areaPx: 500 };
    const both = tableUnder({ table: { ...told, cameraFromWorld: truth } }, [good, bad]);
    expect(both.cameraFromWorld[11]).toBeCloseTo(0.6, 2);
  });

  it('sets a thing onto itself along its line of sight, upright, but not one that stands on another', () => {
    const nearer = standing.map((value, i) => ([3, 7, 11].includes(i) ? 0.97 * value : value));
    const tilted = compose(nearer, fromAxisAngle([1, 0, 0], 0.1));
    const set = setOnTable({ mesh, cameraFromObject: tilted }, truth)!;
    set.forEach((value, i) => {
      expect(value).toBeCloseTo(standing[i], 6);
    });
    // Its centre is 5 cm above a table whose plane is 0.6 sin(tilt) below the camera.
    const depth = dot(up, [truth[3], truth[7], truth[11]]);
    expect(distanceRatio(standing, truth)).toBeCloseTo((depth + 0.05) / depth, 9);
    expect(distanceRatio(compose(truth, fromTranslation([0, 0, 2])), truth)).toBe(Number.POSITIVE_INFINITY);
    const above = compose(truth, fromTranslation([0, 0, 0.15]));
    expect(setOnTable({ mesh, cameraFromObject: above }, truth)).toBeNull();
  });

  it('tells what lies under the table altogether from what only reaches into it', () => {
    const sunk = compose(truth, fromTranslation([0, 0, -0.02]));
    const under = compose(truth, fromTranslation([0, 0, -0.2]));
    expect(isBelowTable({ mesh, cameraFromObject: sunk }, truth)).toBe(false);
    expect(isBelowTable({ mesh, cameraFromObject: under }, truth)).toBe(true);
  });
});

describe('spurious turning', () => {
  it('is the twist about the axis, whatever the tilt', () => {
    const truth = fromAxisAngle([0, 1, 0], 0.4, [0, 0, 1]);
    const tilt = fromAxisAngle([1, 0, 0], 0.1);
    expect(twistAngle(compose(truth, fromAxisAngle([0, 0, 1], 0.3)), truth, [0, 0, 1])).toBeCloseTo(0.3, 9);
    expect(twistAngle(compose(truth, tilt), truth, [0, 0, 1])).toBeCloseTo(0, 9);
  });

  it('counts objects with a continuous symmetry alone, per second of film', async () => {
    const dataset = await openBopDataset(folder);
    const box = dataset.objects.get(1)!;
    const axis = { axis: [0, 0, 1] as [number, number, number], offsetM: [0, 0, 0] as [number, number, number] };
    const objects = new Map(dataset.objects).set(1, { ...box, symmetries: { discrete: [], continuous: [axis] } });
    const estimates = IMAGE_IDS.flatMap((imageId, k) =>
      [1, 2].map((objId) => ({
        ...{ sceneId: 3, imageId, objId, score: 1, timeSec: 0 },
        cameraFromModel: compose(truthOf(objId, imageId), fromAxisAngle([0, 0, 1], 0.02 * k)),
      })),
    );
    const rates = await spinRates({ ...dataset, objects }, estimates, 30);
    expect(Object.keys(rates)).toEqual(['1']);
    expect(rates[1]).toBeCloseTo(((0.02 * 180) / Math.PI) * 30, 6);
  });
});

describe('alignReconstruction', () => {
  it('finds out which object it is and how its frame lies, and fits the scale only when asked to', async () => {
    const dataset = await openBopDataset(folder);
    const scene = await dataset.readScene(3);
    const sequence = await sequenceOfTrueMasks(dataset, scene, imagesOf(scene, IMAGE_IDS), createContext('bop'));
    const modelFromFound = fromAxisAngle([0, 0, 1], 0.7, [0.01, 0, 0.02]);
    const smaller = (pose: number[]): number[] => pose.map((x, i) => ([3, 7, 11].includes(i) ? 0.8 * x : x));
    const tracks = [1, 2].map((objId) => ({
      maskId: objId,
      referenceFrame: 0,
      cameraFromFound: IMAGE_IDS.map((id) => smaller(compose(truthOf(objId, id), modelFromFound))),
    }));
    const fitted = await alignReconstruction(dataset, sequence, tracks, true, 0.1);
    expect(fitted.scale).toBeCloseTo(1.25, 1);
    const scores = await evaluateBop(dataset, fitted.estimates);
    expect(scores.report.arMssd).toBeGreaterThan(0.9);
    const raw = await alignReconstruction(dataset, sequence, tracks, false, 0.1);
    expect(raw.scale).toBe(1);
    expect(inverse(raw.estimates[0].cameraFromModel)).not.toEqual(inverse(fitted.estimates[0].cameraFromModel));
  });
});

it('counts what is known to cover an object as hand, where nothing else was seen', async () => {
  const dataset = await openBopDataset(folder);
  const scene = await dataset.readScene(3);
  const [image] = imagesOf(scene, IMAGE_IDS);
  const { widthPx, heightPx } = scene;
  // Of object 1 the whole mask has a row of pixels that nothing was seen of, and one that another object has.
  const whole = createBytes(widthPx, heightPx);
  whole.data.fill(255, 0, 4);
  await writePng(path.join(scene.folder, 'mask', `${`${image.id}`.padStart(6, '0')}_000000.png`), whole);
  const seen = createBytes(widthPx, heightPx);
  seen.data.fill(2, 2, 4);
  const covered = await withCovers(seen, scene, image, [1]);
  expect([...covered.data.subarray(0, 6)]).toEqual([HAND_ID, HAND_ID, 2, 2, 0, 0]);
  expect(seen.data[0]).toBe(0);
});

it('goes on from finished scenes and starts anew when an option has changed', async () => {
  const dataset = await openBopDataset(folder);
  const request: DatasetRequest = {
    ...{ used: new Map([[3, IMAGE_IDS]]), models: 'given', masks: 'true', useDepth: false },
    pose: resolveOptions(poseOptions, { rgbLoss: false, smooth: false, poseSteps: 2, poseCrop: 32 }),
    perceive: resolveOptions(perceiveOptions),
    objects: resolveOptions(objectOptions),
    folder: path.join(folder, 'out'),
    perceptionFolder: path.join(folder, 'out', 'perceive'),
  };
  const first = await trackDataset(dataset, request, createContext('bop', { seed: 1 }));
  expect(first.estimates.map(({ objId, imageId }) => `${objId}/${imageId}`)).toHaveLength(4);
  // The time a scene took is kept with it: another one would tell that it was tracked again.
  const again = await trackDataset(dataset, request, createContext('bop', { seed: 1 }));
  expect(again.estimates).toEqual(first.estimates);
  expect(again.framesPerSecond).toBe(first.framesPerSecond);
  const other = await trackDataset(dataset, request, createContext('bop', { seed: 2 }));
  expect(other.estimates).not.toEqual(first.estimates);
}, 60_000);
