import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { UserError } from '../../src/base/errors.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { maskMoments, maskOf } from '../../src/image/image.js';
import { compose, fromTranslation, fromYaw, identity, inverse, type Mat4 } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { type BuiltObjects, buildObjects } from '../../src/objects/build-objects.js';
import { cropAround, sampleMask } from '../../src/objects/crop.js';
import { fieldOfMesh, gridAround, redistanced } from '../../src/objects/distance-field.js';
import { addViewLoss, type FieldGradient, raysOf } from '../../src/objects/field-loss.js';
import { fitFree } from '../../src/objects/fit-free.js';
import { meshOfField } from '../../src/objects/iso-surface.js';
import { boxMesh, isClosed, joinMeshes, meshBounds, meshVolume, transformMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { objectOptions } from '../../src/objects/options.js';
import { refineObjects } from '../../src/objects/refine-objects.js';
import type { OutlineView } from '../../src/objects/refit-shape.js';
import { shapeWishFor, unmetWishes } from '../../src/objects/shape-wish.js';
import { createSilhouetteTarget, silhouetteIou } from '../../src/objects/silhouette.js';
import {
  boxSolid,
  joinedSolids,
  lookingCamera,
  movedSolid,
  perceived,
  type Solid,
  type SyntheticClip,
  syntheticClip,
} from './synthetic-scene.js';

/** Edges by how many faces they have. */
function facesPerEdge({ triangles }: TriangleMesh): Set<number> {
  const counts = new Map<string, number>();
  for (let f = 0; f < triangles.length; f += 3) {
    for (let k = 0; k < 3; k++) {
      const ends = [triangles[f + k], triangles[f + ((k + 1) % 3)]].sort((a, b) => a - b).join();
      counts.set(ends, (counts.get(ends) ?? 0) + 1);
    }
  }
  return new Set(counts.values());
}

/** A thick L, its foot on z = 0, in metres. */
const FOOT: Vec3 = [0.08, 0.04, 0.03];
const TOWER: Vec3 = [0.03, 0.04, 0.085];
const TOWER_X = -0.025;
const L_MESH = joinMeshes(boxMesh(...FOOT), transformMesh(boxMesh(...TOWER), fromTranslation([TOWER_X, 0, 0])));
const L_VOLUME = FOOT[0] * FOOT[1] * FOOT[2] + TOWER[0] * TOWER[1] * (TOWER[2] - FOOT[2]);
const COLOURS: Vec3[] = [
  [0.8, 0.3, 0.2],
  [0.3, 0.7, 0.3],
  [0.2, 0.3, 0.8],
  [0.8, 0.7, 0.2],
  [0.5, 0.5, 0.5],
  [0.7, 0.3, 0.7],
];
const coloured = (size: Vec3): Solid => boxSolid(size, (_, face) => COLOURS[face]);
const L_SOLID = joinedSolids(
  movedSolid(coloured(FOOT), fromTranslation([0, 0, FOOT[2] / 2])),
  movedSolid(coloured(TOWER), fromTranslation([TOWER_X, 0, TOWER[2] / 2])),
);

const VIEW = lookingCamera(240, 180, 0.42, 35);
const clipOf = (solid: Solid, yaws: readonly number[]): SyntheticClip =>
  syntheticClip(
    VIEW,
    [{ id: 1, solid, worldFromSolid: (k) => fromYaw(yaws[k]) }],
    [perceived(1, 'red thing', 'source', { firstFrame: 1, lastFrame: 2 })],
    yaws.length,
  );

async function outlinesOf(clip: SyntheticClip, count: number): Promise<OutlineView[]> {
  const views: OutlineView[] = [];
  for (let k = 0; k < count; k++) {
    const ids = await clip.readMask(k);
    const crop = cropAround(VIEW.camera, maskMoments(maskOf(ids, 1))!.box, 0.2, 80);
    const target = createSilhouetteTarget(crop, sampleMask(ids, 1, crop), identity());
    views.push({ target, cameraFromMesh: clip.cameraFromSolid(1, k), weight: 1, isStanding: true });
  }
  return views;
}

/** Share of the volume of either solid that both have. */
function sharedVolume(a: TriangleMesh, b: TriangleMesh): number {
  const grid = gridAround(joinMeshes(a, b));
  const [inA, inB] = [a, b].map((mesh) => fieldOfMesh(mesh, grid).values);
  let [both, either] = [0, 0];
  inA.forEach((value, at) => {
    if (value > 0 && inB[at] > 0) both++;
    if (value > 0 || inB[at] > 0) either++;
  });
  return both / either;
}

describe('distance fields', () => {
  it('turn a mesh of overlapping parts into one closed mesh of the same volume', () => {
    const mesh = meshOfField(redistanced(fieldOfMesh(L_MESH, gridAround(L_MESH))))!;
    expect(Math.abs(meshVolume(mesh) / L_VOLUME - 1)).toBeLessThan(0.04);
    expect(isClosed(mesh)).toBe(true);
    expect(facesPerEdge(mesh)).toEqual(new Set([2]));
  });

  it('give closed meshes even of noise, each edge with two faces', () => {
    const random = new Random(3);
    for (let round = 0; round < 5; round++) {
      const grid = { origin: [0, 0, 0] as Vec3, cellM: 0.01, size: [12, 11, 10] as const };
      const values = Float64Array.from({ length: 12 * 11 * 10 }, () => random.uniform(-1, 1));
      const mesh = meshOfField({ ...grid, values })!;
      expect(isClosed(mesh)).toBe(true);
      expect(facesPerEdge(mesh)).toEqual(new Set([2]));
    }
  });

  it('give no mesh of nothing', () => {
    const grid = gridAround(L_MESH);
    const values = new Float64Array(grid.size[0] * grid.size[1] * grid.size[2]).fill(-1);
    expect(meshOfField({ ...grid, values })).toBeNull();
  });
});

describe('the loss of a field against outlines', () => {
  it('has the gradient that finite differences give', async () => {
    const [view] = await outlinesOf(clipOf(L_SOLID, [0.6]), 1);
    const field = fieldOfMesh(boxMesh(0.08, 0.04, 0.06), gridAround(L_MESH));
    const random = new Random(8);
    const values = field.values.map((v) => v + random.uniform(-0.4, 0.4));
    const rays = raysOf(view, field);
    const lossAt = (at: Float64Array): FieldGradient => {
      const out = { value: 0, gradient: new Float64Array(at.length), curvature: new Float64Array(at.length) };
      addViewLoss({ ...field, values: at }, rays, out);
      return out;
    };
    const { gradient } = lossAt(values);
    const touched = Array.from(gradient.keys()).filter((at) => Math.abs(gradient[at]) > 0.05);
    expect(touched.length).toBeGreaterThan(500);
    const step = 1e-6;
    for (let n = 0; n < touched.length; n += Math.ceil(touched.length / 40)) {
      const at = touched[n];
      const changed = (by: number): number => lossAt(values.map((v, k) => (k === at ? v + by : v))).value;
      expect((changed(step) - changed(-step)) / (2 * step)).toBeCloseTo(gradient[at], 3);
    }
  });
});

describe('fitFree', () => {
  it('makes an L of a block from views all round, standing on the table', async () => {
    const views = await outlinesOf(clipOf(L_SOLID, [0.4, 1.7, 2.9, 4.4]), 4);
    const block = boxMesh(0.08, 0.04, 0.07);
    const free = fitFree({ mesh: block, wallM: 0 }, views, VIEW.cameraFromWorld)!;
    expect(sharedVolume(block, L_MESH)).toBeLessThan(0.66);
    expect(sharedVolume(free.mesh, L_MESH)).toBeGreaterThan(0.8);
    expect(free.iou).toBeGreaterThan(0.96);
    expect(meshBounds(free.mesh).min[2]).toBeCloseTo(0, 9);
    expect(facesPerEdge(free.mesh)).toEqual(new Set([2]));
  });

  it('keeps a vessel open, its walls closed', async () => {
    const box: Vec3 = [0.07, 0.07, 0.06];
    const solid = movedSolid(coloured(box), fromTranslation([0, 0, box[2] / 2]));
    const views = await outlinesOf(clipOf(solid, [0.4]), 1);
    const free = fitFree({ mesh: boxMesh(...box), wallM: 0.004 }, views, VIEW.cameraFromWorld)!;
    const filled = meshVolume(free.outline);
    expect(Math.abs(filled / (box[0] * box[1] * box[2]) - 1)).toBeLessThan(0.1);
    expect(meshVolume(free.mesh)).toBeLessThan(0.5 * filled);
    expect(facesPerEdge(free.mesh)).toEqual(new Set([2]));
  });
});

describe('the family of an object', () => {
  const reconstruct = async (
    solid: Solid,
    yaws: readonly number[],
    shape: string,
    others = yaws.map((_, k) => k).slice(1),
  ): Promise<BuiltObjects> => {
    const clip = clipOf(solid, yaws);
    const options = resolveOptions(objectOptions, {
      shape,
      restFrames: 1,
      fitSize: 56,
      maxGaussians: 1200,
      refineSteps: 2,
    });
    const ctx = createContext('objects', { seed: 4 });
    const built = await buildObjects(clip, options, ctx);
    const [model] = built.objects.objects;
    const objectFromSolid = compose(inverse(model.cameraFromObject), clip.cameraFromSolid(1, 0));
    const poseOf = (k: number): Mat4 => compose(clip.cameraFromSolid(1, k), inverse(objectFromSolid));
    const posed = others.map((frameIdx) => ({
      ...{ frameIdx, cameraFromObject: poseOf(frameIdx), isResting: true, trust: 0.8 },
    }));
    return refineObjects(built, clip, new Map([[1, posed]]), options, ctx);
  };
  const YAWS = [0.5, 1.6, 2.6, 3.9, 5.2];

  it('is free where views held out need it', async () => {
    const { objects, meshes } = await reconstruct(L_SOLID, YAWS, 'auto');
    const [model] = objects.objects;
    const box = (await reconstruct(L_SOLID, YAWS, 'box')).objects.objects[0];
    expect(box.family).toBe('box');
    expect(model.fitIou).toBeGreaterThan(box.fitIou + 0.05);
    expect(model.family).toBe('free');
    expect(model.fitIou).toBeGreaterThan(0.95);
    expect(Math.abs(meshVolume(meshes.get(1)!) / L_VOLUME - 1)).toBeLessThan(0.2);
    expect(facesPerEdge(meshes.get(1)!)).toEqual(new Set([2]));
    expect(model.sizeSdM).toBeDefined();
  });

  it('may be an inflated outline, without the steps of a grid', async () => {
    const { objects, meshes } = await reconstruct(L_SOLID, [0.5], 'inflated');
    const [model] = objects.objects;
    const [{ target }] = await outlinesOf(clipOf(L_SOLID, [0.5]), 1);
    expect(model.family).toBe('inflated');
    expect(silhouetteIou(transformMesh(meshes.get(1)!, model.cameraFromObject), target)).toBeGreaterThan(0.975);
    expect(facesPerEdge(meshes.get(1)!)).toEqual(new Set([2]));
  });

  it('is not free for a box, nor with one view alone, but where it is asked for', async () => {
    const size: Vec3 = [0.08, 0.045, 0.05];
    const box = movedSolid(coloured(size), fromTranslation([0, 0, size[2] / 2]));
    expect((await reconstruct(box, YAWS, 'auto')).objects.objects[0].family).toBe('box');
    expect((await reconstruct(L_SOLID, YAWS, 'auto', [])).objects.objects[0].family).not.toBe('free');
    const asked = await reconstruct(L_SOLID, YAWS, 'red-thing=free', []);
    expect(asked.objects.objects[0].family).toBe('free');
    expect(asked.objects.objects[0].fitIou).toBeGreaterThan(0.97);
  });
});

describe('--shape', () => {
  const mug = { id: 2, name: 'Blue mug' };

  it('is for all objects or for some, by name or id', () => {
    expect(shapeWishFor('box', mug)).toBe('box');
    expect(shapeWishFor('blue mug=free', mug)).toBe('free');
    expect(shapeWishFor('blue-mug=free,box', mug)).toBe('free');
    expect(shapeWishFor('1=free,rod', mug)).toBe('rod');
    expect(shapeWishFor('1=free', mug)).toBe('auto');
    expect(unmetWishes('2=free,cup=box,rod', [mug])).toEqual(['cup']);
  });

  it('says what it takes', () => {
    expect(() => resolveOptions(objectOptions, { shape: 'mug=ball' })).toThrow(UserError);
    expect(() => resolveOptions(objectOptions, { shape: 'mug=ball' })).toThrow(/--shape: expected one of auto, box/);
    expect(resolveOptions(objectOptions, { shape: 'mug=free,2=box' }).shape).toBe('mug=free,2=box');
  });
});
