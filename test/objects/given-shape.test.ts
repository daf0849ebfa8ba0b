import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { compose, fromAxisAngle, fromYaw, inverse, rotationAngleBetween } from '../../src/math/se3.js';
import { type Vec3, vec3 } from '../../src/math/vec3.js';
import { writeObj } from '../../src/mesh/write-obj.js';
import { buildObjects } from '../../src/objects/build-objects.js';
import { findShapeFile, readGivenShape } from '../../src/objects/given-shape.js';
import { hullOfPoints } from '../../src/objects/hull.js';
import { boxMesh, isClosed, meshVolume, transformMesh } from '../../src/objects/mesh.js';
import { objectOptions } from '../../src/objects/options.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';
import { writePly } from '../../src/splat/ply.js';
import { boxSolid, lookingCamera, perceived, syntheticClip } from './synthetic-scene.js';

const view = lookingCamera(400, 300, 0.6, 35);
/** One colour per side, so that only one of the 24 ways to lay the block on the table is right. */
const sideColour = ([x, y, z]: Vec3): Vec3 => {
  const by = [x / 0.03, y / 0.045, z / 0.025];
  const axis = by.reduce((best, v, k) => (Math.abs(v) > Math.abs(by[best]) ? k : best), 0);
  const base: Vec3[] = [
    [0.8, 0.2, 0.2],
    [0.2, 0.7, 0.2],
    [0.2, 0.3, 0.8],
  ];
  return by[axis] > 0 ? base[axis] : [0.9 - base[axis][0], 0.9 - base[axis][1], 0.9 - base[axis][2]];
};
const standing = fromYaw(0.5, [0, 0.02, 0.025]);
const clip = syntheticClip(
  view,
  [{ id: 1, solid: boxSolid([0.06, 0.09, 0.05], sideColour), worldFromSolid: () => standing }],
  [perceived(1, 'block', 'target', null)],
  1,
);
let folder: string;
const options = resolveOptions(objectOptions, { shape: 'files' });

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-shapes-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('shapes from files', () => {
  it('Gaussians lying on their side, in another unit: stood up, scaled and turned as the frame shows', async () => {
    const fileFromSolid = fromAxisAngle([1, 0, 0], Math.PI / 2);
    const centred = transformMesh(boxMesh(0.06, 0.09, 0.05), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, -0.025, 0, 0, 0, 1]);
    const mesh = transformMesh(centred, fileFromSolid);
    const vertices = mesh.vertices.map((v) => 7 * v);
    const back = inverse(fileFromSolid);
    const paint = (p: Vec3): Vec3 =>
      sideColour(vec3((r) => (back[4 * r] * p[0] + back[4 * r + 1] * p[1] + back[4 * r + 2] * p[2]) / 7));
    const file = path.join(folder, 'block.ply');
    await writePly(file, gaussiansFromMesh(vertices, mesh.triangles, paint, 0.02, new Random(3)));
    expect(findShapeFile(folder, 1, 'Block')).toBe(file);
    expect(findShapeFile(folder, 2, 'cup')).toBeNull();
    const given = new Map([[1, await readGivenShape(file)]]);
    const built = await buildObjects({ ...clip, given }, options, createContext('objects'));
    const [model] = built.objects.objects;
    expect(model.family).toBe('given');
    expect(model.fitIou).toBeGreaterThan(0.93);
    expect(isClosed(built.meshes.get(1)!)).toBe(true);
    const { transform, metresPerUnit } = built.placements!.get(1)!;
    expect(Math.abs(metresPerUnit * 7 - 1)).toBeLessThan(0.06);
    const cameraFromSolid = compose(model.cameraFromObject, transform, fileFromSolid);
    expect(rotationAngleBetween(cameraFromSolid, clip.cameraFromSolid(1, 0))).toBeLessThan(0.12);
  });

  it('a mesh without colours takes its size from the outline and its colours from the video', async () => {
    const file = path.join(folder, '1.obj');
    await writeObj(file, boxMesh(6, 9, 5));
    const given = new Map([[1, await readGivenShape(file)]]);
    const built = await buildObjects({ ...clip, given }, options, createContext('objects'));
    const size = [...built.objects.objects[0].sizeM].sort((a, b) => a - b);
    [0.05, 0.06, 0.09].forEach((expected, k) => {
      expect(Math.abs(size[k] / expected - 1)).toBeLessThan(0.04);
    });
    const { sh } = built.gaussians.get(1)!;
    expect(Math.max(...sh) - Math.min(...sh)).toBeGreaterThan(1);
  });

  it('damaged and empty files, points without extent and a missing folder are refused by name', async () => {
    const bad = path.join(folder, 'bad.obj');
    await writeFile(bad, 'v 0 0 0\nv 0 0 0\nv 0 0 0\nf 1 2 3\n');
    await expect(readGivenShape(bad)).rejects.toThrow(/bad\.obj.*no surface/);
    const empty = path.join(folder, 'empty.ply');
    await writeFile(empty, '');
    await expect(readGivenShape(empty)).rejects.toThrow(/empty\.ply/);
    await expect(readGivenShape(path.join(folder, 'none.ply'))).rejects.toThrow(/none\.ply/);
    expect(() => findShapeFile(path.join(folder, 'nowhere'), 1, 'x')).toThrow(/no folder/);
  });
});

describe('hullOfPoints', () => {
  it('a sampled ball: closed, its volume within a cell of the ball', () => {
    const random = new Random(1);
    const cloud: number[] = [];
    for (let i = 0; i < 4000; i++) {
      const p = [random.normal(0, 1), random.normal(0, 1), random.normal(0, 1)];
      const length = Math.hypot(...p);
      cloud.push(...p.map((v) => (0.05 * v) / length));
    }
    const mesh = hullOfPoints(Float64Array.from(cloud))!;
    expect(isClosed(mesh)).toBe(true);
    const ball = (4 / 3) * Math.PI * 0.05 ** 3;
    expect(meshVolume(mesh) / ball).toBeGreaterThan(0.9);
    expect(meshVolume(mesh) / ball).toBeLessThan(1.15);
  });

  it('too few points, one place, or NaN give null', () => {
    expect(hullOfPoints(new Float64Array(9))).toBeNull();
    expect(hullOfPoints(new Float64Array(30))).toBeNull();
    expect(hullOfPoints(new Float64Array(30).fill(Number.NaN))).toBeNull();
  });
});
