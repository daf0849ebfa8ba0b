import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { createBytes } from '../../src/image/image.js';
import { fromAxisAngle, fromTranslation, fromYaw, translationOf } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { distance } from '../../src/math/vec3.js';
import { buildObjects } from '../../src/objects/build-objects.js';
import { isClosed, meshVolume } from '../../src/objects/mesh.js';
import { readObjectGaussians, readObjectMesh, readObjects, writeObjects } from '../../src/objects/objects-io.js';
import { objectOptions } from '../../src/objects/options.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import {
  boxSolid,
  checker,
  frustumSolid,
  joinedSolids,
  lookingCamera,
  movedSolid,
  perceived,
  type Solid,
  syntheticClip,
} from './synthetic-scene.js';

const view = lookingCamera(400, 300, 0.6, 35);
const options = resolveOptions(objectOptions);

async function build(name: string, solid: Solid, place: Vec3, yaw = 0) {
  const clip = syntheticClip(
    view,
    [{ id: 1, solid, worldFromSolid: () => fromYaw(yaw, place) }],
    [perceived(1, name, 'target', null)],
    1,
  );
  const ctx = createContext('objects', { seed: 4 });
  const built = await buildObjects(clip, options, ctx);
  return { clip, built, warnings: ctx.warnings, model: built.objects.objects[0], mesh: built.meshes.get(1)! };
}

const stripes = (p: Vec3): Vec3 =>
  checker([0.8, 0.1, 0.1], [0.9, 0.9, 0.9], Math.atan2(p[1], p[0]) * 3 + 50, 50 * p[2] + 9);

describe('buildObjects', () => {
  it('can: a solid of revolution, diameter and height within 4 %, drawn as the frame shows it', async () => {
    const { clip, built, model, mesh } = await build(
      'can',
      frustumSolid(0.033, 0.033, 0.09, stripes),
      [0.04, 0, 0.045],
    );
    expect(model.family).toBe('revolution');
    expect(model.symmetry).toBe('z');
    expect(model.hollow).toBe(false);
    expect(Math.abs(model.sizeM[0] / 0.066 - 1)).toBeLessThan(0.04);
    expect(Math.abs(model.sizeM[2] / 0.09 - 1)).toBeLessThan(0.04);
    expect(distance(translationOf(model.cameraFromObject), translationOf(clip.cameraFromSolid(1, 0)))).toBeLessThan(
      0.003,
    );
    expect(isClosed(mesh)).toBe(true);
    expect(meshVolume(mesh) / (Math.PI * 0.033 ** 2 * 0.09)).toBeGreaterThan(0.9);
    // Well inside the silhouette the drawing differs from the frame by a few grey levels only.
    const renderer = await createRenderer();
    const set = renderer.prepare(built.gaussians.get(1)!);
    const drawn = renderer.render(view.camera, [{ set, cameraFromSet: model.cameraFromObject, label: 1 }]);
    const frame = await clip.frames.read(0);
    const ids = await clip.readMask(0);
    let sum = 0;
    let count = 0;
    for (let i = 0; i < ids.data.length; i++) {
      if (ids.data[i] !== 1 || drawn.alpha[i] < 0.95) continue;
      for (let c = 0; c < 3; c++) sum += Math.abs(255 * drawn.rgb[3 * i + c] - frame.data[3 * i + c]);
      count += 3;
    }
    expect(count).toBeGreaterThan(3000);
    expect(sum / count).toBeLessThan(16);
  });

  it('box: three sides within 8 % (a silhouette hardly tells more)', async () => {
    const { model, mesh } = await build(
      'carton',
      boxSolid([0.06, 0.09, 0.05], () => [0.8, 0.3, 0.2]),
      [0, 0.02, 0.025],
      0.5,
    );
    expect(model.family).toBe('box');
    const footprint = [model.sizeM[0], model.sizeM[1]].sort((a, b) => a - b);
    expect(Math.abs(footprint[0] / 0.06 - 1)).toBeLessThan(0.08);
    expect(Math.abs(footprint[1] / 0.09 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[2] / 0.05 - 1)).toBeLessThan(0.08);
    expect(isClosed(mesh)).toBe(true);
  });

  it('bowl: hollow, diameter within 6 %, closed with a hollow inside', async () => {
    const solid = frustumSolid(0.04, 0.075, 0.055, (_, inside) => (inside ? [0.5, 0.6, 0.9] : [0.2, 0.3, 0.8]), 0.004);
    const { model, mesh } = await build('blue thing', solid, [-0.03, 0, 0.0275]);
    expect(model.family).toBe('revolution');
    expect(model.hollow).toBe(true);
    expect(Math.abs(model.sizeM[0] / 0.15 - 1)).toBeLessThan(0.06);
    expect(isClosed(mesh)).toBe(true);
    expect(meshVolume(mesh)).toBeLessThan(0.5 * model.sizeM[0] * model.sizeM[1] * model.sizeM[2]);
  });

  it('coaster: flat stays flat', async () => {
    const { model } = await build('disc', frustumSolid(0.05, 0.05, 0.006, stripes), [0.02, -0.03, 0.003]);
    expect(model.family).toBe('revolution');
    expect(model.hollow).toBe(false);
    expect(Math.abs(model.sizeM[0] / 0.1 - 1)).toBeLessThan(0.05);
    expect(model.sizeM[2]).toBeLessThan(0.014);
  });

  it('stick: a lying round bar, length within 4 %, as high as it is wide', async () => {
    const bar = movedSolid(frustumSolid(0.007, 0.007, 0.18, stripes), fromAxisAngle([0, 1, 0], Math.PI / 2));
    const { model, mesh } = await build('stick', bar, [0.02, 0.01, 0.007], 0.4);
    expect(model.family).toBe('rod');
    expect(Math.abs(model.sizeM[0] / 0.18 - 1)).toBeLessThan(0.04);
    expect(Math.abs(model.sizeM[1] / 0.014 - 1)).toBeLessThan(0.12);
    expect(model.sizeM[2]).toBeCloseTo(model.sizeM[1], 3);
    expect(isClosed(mesh)).toBe(true);
  });

  it('hand brush: a square foot with an upright round handle, each side within 12 %', async () => {
    const wood = (): Vec3 => [0.7, 0.5, 0.3];
    const foot = boxSolid([0.09, 0.04, 0.045], (_, face) => [0.2 + 0.1 * face, 0.2, 0.2]);
    const handle = frustumSolid(0.014, 0.014, 0.09, wood);
    const brush = joinedSolids(
      movedSolid(foot, fromTranslation([0, 0, -0.045])),
      movedSolid(handle, fromTranslation([0, 0, 0.0225])),
    );
    const { model } = await build('brush', brush, [0.02, 0, 0.0675], 0.9);
    expect(model.family).toBe('stack');
    const [long, wide] = [Math.max(...model.sizeM.slice(0, 2)), Math.min(...model.sizeM.slice(0, 2))];
    expect(Math.abs(long / 0.09 - 1)).toBeLessThan(0.12);
    expect(Math.abs(wide / 0.04 - 1)).toBeLessThan(0.12);
    expect(Math.abs(model.sizeM[2] / 0.135 - 1)).toBeLessThan(0.06);
  });

  it('pan: its handle does not make a box round, and is part of it', async () => {
    const red = (_: Vec3, face: number): Vec3 => [0.5 + 0.08 * face, 0.1, 0.1];
    const pan = joinedSolids(
      boxSolid([0.12, 0.13, 0.03], red),
      movedSolid(boxSolid([0.07, 0.026, 0.008], red), fromTranslation([-0.095, 0, 0.011])),
    );
    const { model, mesh } = await build('pan', pan, [0, 0, 0.015]);
    expect(model.family).toBe('box');
    expect(Math.abs(model.sizeM[0] / 0.19 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[1] / 0.13 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[2] - 0.03)).toBeLessThan(0.008);
    expect(isClosed(mesh)).toBe(true);
  });

  it('drawer: a wide handle is no reason to take a box for something round', async () => {
    const side = (_: Vec3, face: number): Vec3 => [0.9 - 0.12 * face, 0.6 - 0.08 * face, 0.2];
    const drawer = joinedSolids(
      boxSolid([0.13, 0.12, 0.08], side),
      movedSolid(boxSolid([0.07, 0.08, 0.012], side), fromTranslation([-0.095, 0, 0.01])),
    );
    const { model } = await build('drawer', drawer, [0.02, 0.03, 0.04], 0.3);
    expect(model.family).toBe('box');
    expect(Math.abs(model.sizeM[0] / 0.195 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[1] / 0.12 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[2] / 0.08 - 1)).toBeLessThan(0.08);
  });

  it('tray: round corners do not make a flat thing high', async () => {
    const lilac = (): Vec3 => [0.6, 0.55, 0.8];
    const corner = (x: number, y: number) =>
      movedSolid(frustumSolid(0.06, 0.06, 0.03, lilac), fromTranslation([x, y, 0]));
    const tray = joinedSolids(
      boxSolid([0.26, 0.07, 0.03], lilac),
      boxSolid([0.14, 0.19, 0.03], lilac),
      ...[0.07, -0.07].flatMap((x) => [corner(x, 0.035), corner(x, -0.035)]),
    );
    const { model, mesh } = await build('tray', tray, [0.02, 0.05, 0.015], 0.2);
    expect(model.family).toBe('prism');
    expect(Math.abs(model.sizeM[0] / 0.26 - 1)).toBeLessThan(0.06);
    expect(Math.abs(model.sizeM[1] / 0.19 - 1)).toBeLessThan(0.08);
    expect(Math.abs(model.sizeM[2] - 0.03)).toBeLessThan(0.008);
    expect(isClosed(mesh)).toBe(true);
  });

  it('an empty mask leaves the object out with a warning', async () => {
    const clip = syntheticClip(view, [], [perceived(1, 'ghost', 'source', null)], 1);
    const ctx = createContext('objects');
    const built = await buildObjects(clip, options, ctx);
    expect(built.objects.objects).toEqual([]);
    expect(ctx.warnings.map((w) => w.code)).toEqual(['object-without-shape']);
  });

  it('a mask above the horizon leaves the object out', async () => {
    const clip = syntheticClip(view, [], [perceived(1, 'lamp', 'source', null)], 1);
    const ids = createBytes(400, 300);
    for (let y = 2; y < 12; y++) ids.data.fill(1, y * 400 + 100, y * 400 + 130);
    // Looking 15 degrees below the horizon, the top rows of a 47 degree high view see no table.
    const low = lookingCamera(400, 300, 0.6, 15);
    const perception = {
      ...clip.perception,
      table: { ...clip.perception.table, cameraFromWorld: low.cameraFromWorld },
    };
    const ctx = createContext('objects');
    const built = await buildObjects({ ...clip, perception, readMask: async () => ids }, options, ctx);
    expect(built.objects.objects).toEqual([]);
    expect(ctx.warnings.map((w) => w.code)).toEqual(['object-without-shape']);
  });

  it('a scale that makes an object a metre wide costs its confidence', async () => {
    const clip = syntheticClip(
      view,
      [
        {
          id: 1,
          solid: boxSolid([0.06, 0.06, 0.05], () => [0.7, 0.3, 0.2]),
          worldFromSolid: () => fromYaw(0.3, [0, 0, 0.025]),
        },
      ],
      [perceived(1, 'cube', 'source', null)],
      1,
    );
    const cameraFromWorld = [...view.cameraFromWorld];
    for (const k of [3, 7, 11]) cameraFromWorld[k] *= 12;
    const perception = { ...clip.perception, table: { ...clip.perception.table, cameraFromWorld } };
    const ctx = createContext('objects');
    const built = await buildObjects({ ...clip, perception }, options, ctx);
    // Twelve times the distance is out of the reach that is believed, or an object that is too large: never trusted.
    for (const model of built.objects.objects) expect(model.confidence).toBeLessThan(0.2);
    expect(ctx.warnings.length).toBeGreaterThan(0);
  });
});

describe('objects artifact', () => {
  const folder = mkdtemp(path.join(tmpdir(), 'v2r-objects-'));
  afterAll(async () => rm(await folder, { recursive: true, force: true }));

  it('round trip, and the same seed gives the same bytes', async () => {
    const make = () => build('can', frustumSolid(0.03, 0.03, 0.06, stripes), [0, 0, 0.03]);
    const [first, second] = [await make(), await make()];
    expect(
      Buffer.from(first.built.gaussians.get(1)!.sh.buffer).equals(
        Buffer.from(second.built.gaussians.get(1)!.sh.buffer),
      ),
    ).toBe(true);
    expect(first.built.objects).toEqual(second.built.objects);
    await writeObjects(await folder, first.built);
    expect(await readObjects(await folder)).toEqual(first.built.objects);
    const gaussians = await readObjectGaussians(await folder, 1);
    expect(gaussians.count).toBe(first.built.gaussians.get(1)!.count);
    expect([...gaussians.position.slice(0, 30)]).toEqual([...first.built.gaussians.get(1)!.position.slice(0, 30)]);
    const mesh = await readObjectMesh(await folder, 1);
    expect([...mesh.triangles]).toEqual([...first.mesh.triangles]);
  });
});
