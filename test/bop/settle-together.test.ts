import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { scaleToMesh } from '../../src/bop/settle/find-pose.js';
import { settleTogether, type Unsettled } from '../../src/bop/settle/settle-together.js';
import { wideView } from '../../src/bop/settle/stand-search.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  inverse,
  rotationAngleBetween,
  translationOf,
} from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { boxMesh } from '../../src/objects/mesh.js';
import { boxOfId } from '../../src/pose/observation.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';
import { boxSolid, lookingCamera, perceived, syntheticClip } from '../objects/synthetic-scene.js';

const SIZES: readonly Vec3[] = [
  [0.06, 0.04, 0.05],
  [0.05, 0.05, 0.08],
];

/** A dark bar and a dark corner on each face of another colour. */
function paintOf(size: Vec3, [x, y, z]: Vec3): Vec3 {
  const p = [(2 * x) / size[0], (2 * y) / size[1], (2 * z) / size[2]];
  const axis = p.reduce((best, v, k) => (Math.abs(v) > Math.abs(p[best]) ? k : best), 0);
  const [u, v] = [p[(axis + 1) % 3], p[(axis + 2) % 3]];
  if ((u > 0.2 && u < 0.6 && v > -0.7) || (u < -0.3 && v < -0.3)) return [0.1, 0.1, 0.15];
  const tone = 0.55 + 0.12 * axis + (p[axis] > 0 ? 0.1 : 0);
  return [tone, 0.9 - tone / 2, axis === 2 ? 0.9 : 0.4];
}

describe('settleTogether', () => {
  it('finds the table that suits things whose masks are half of them, from one taken to be a sixth too far', async () => {
    const view = lookingCamera(320, 240, 0.5, 40);
    const poses = [
      compose(fromTranslation([-0.06, 0.01, SIZES[0][2] / 2]), fromAxisAngle([0, 0, 1], 0.5)),
      compose(fromTranslation([0.07, 0.03, SIZES[1][2] / 2]), fromAxisAngle([0, 0, 1], -0.3)),
    ];
    const solids = SIZES.map((size) => boxSolid([...size], (p) => paintOf(size, p)));
    const clip = syntheticClip(
      view,
      solids.map((solid, i) => ({ id: i + 1, solid, worldFromSolid: () => poses[i] })),
      [perceived(1, 'one', 'source', null), perceived(2, 'two', 'target', null)],
      1,
    );
    const idMap = await clip.readMask(0);
    const rgb = await clip.frames.read(0);
    // Of each mask only the left half is left, the rest taken for table.
    for (const id of [1, 2]) {
      const box = boxOfId(idMap, id)!;
      idMap.data.forEach((value, i) => {
        if (value === id && i % idMap.widthPx > (box.x0 + box.x1) / 2) idMap.data[i] = 0;
      });
    }
    const worldFar = [...view.cameraFromWorld];
    for (const k of [3, 7, 11]) worldFar[k] *= 7 / 6;
    const renderer = await createRenderer();
    const things = SIZES.map((size, i): Unsettled => {
      const mesh = boxMesh(...(size as [number, number, number]));
      mesh.vertices.forEach((value, k) => {
        if (k % 3 === 2) mesh.vertices[k] = value - size[2] / 2;
      });
      const colourAt = (p: Vec3) => paintOf(size, p);
      const gaussians = gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, 0.003, new Random(3));
      const object = {
        ...{ id: i + 1, renderer, gaussians, set: renderer.prepare(gaussians), scale: 1 },
        extremes: extremePoints(gaussians.position, gaussians.count),
        radiusM: Math.hypot(...size) / 2,
        worldFromCamera: inverse(worldFar),
        weights: { mask: 1, rgb: 1.5, depth: 0, track: 0, contact: 0 },
      };
      const truth = compose(view.cameraFromWorld, poses[i]);
      const evidence = { rgb, idMap };
      const wide = wideView(object, evidence, view.camera, boxOfId(idMap, i + 1)!, worldFar, 80);
      // An eighth too far and a little turned; and fallen over.
      const near = compose(truth, fromAxisAngle([0, 0, 1], 0.1));
      for (const k of [3, 7, 11]) near[k] *= 9 / 8;
      const scale = scaleToMesh(object, mesh, near, evidence, view.camera, 80);
      return {
        object: { ...object, scale },
        mesh,
        view: wide,
        candidates: [compose(near, fromAxisAngle([1, 0, 0], Math.PI / 2)), near],
      };
    });
    const settled = settleTogether(things, { cameraFromWorld: worldFar, scaleLogSd: 0.18 });
    settled.fits.forEach((fit, i) => {
      const truth = compose(view.cameraFromWorld, poses[i]);
      expect(rotationAngleBetween(fit!.cameraFromObject, truth)).toBeLessThan(0.12);
      expect(distance(translationOf(fit!.cameraFromObject), translationOf(truth))).toBeLessThan(0.02);
    });
    const heights = [settled.cameraFromWorld, view.cameraFromWorld].map((m) => m[11]);
    expect(Math.abs(heights[0] / heights[1] - 1)).toBeLessThan(0.04);
  }, 60_000);
});
