import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { bestQuarterTurn } from '../../src/bop/settle/quarter-turns.js';
import { AMBIGUOUS_COST, waysToStand } from '../../src/bop/settle/standing-turn.js';
import { compose, fromAxisAngle, fromTranslation, inverse, rotationAngleBetween } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { boxMesh } from '../../src/objects/mesh.js';
import { boxOfId, observe } from '../../src/pose/observation.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';
import { boxSolid, lookingCamera, perceived, syntheticClip } from '../objects/synthetic-scene.js';

const EDGE_M = 0.05;
const PAINTS: readonly Vec3[] = [
  [0.9, 0.2, 0.2],
  [0.2, 0.8, 0.3],
  [0.2, 0.3, 0.9],
  [0.9, 0.8, 0.2],
  [0.8, 0.3, 0.8],
  [0.3, 0.8, 0.8],
];

/** A white letter L on each face of another colour: no turn or side looks like another. */
function paintOf([x, y, z]: Vec3, isPlain: boolean): Vec3 {
  const p = [x, y, z].map((v) => (2 * v) / EDGE_M);
  const axis = p.reduce((best, v, k) => (Math.abs(v) > Math.abs(p[best]) ? k : best), 0);
  const [u, v] = [p[(axis + 1) % 3], p[(axis + 2) % 3]];
  const isLetter = (u > -0.7 && u < -0.3 && v > -0.7 && v < 0.7) || (v < -0.3 && v > -0.7 && u > -0.7 && u < 0.5);
  if (isPlain) return [0.6, 0.5, 0.4];
  return isLetter ? [0.95, 0.95, 0.95] : PAINTS[2 * axis + (p[axis] > 0 ? 1 : 0)];
}

async function standing(isPlain: boolean, shade = 1) {
  const view = lookingCamera(320, 240, 0.5, 40);
  const worldFromSolid = compose(fromTranslation([0.02, 0.01, EDGE_M / 2]), fromAxisAngle([0, 0, 1], 0.45));
  const solid = boxSolid([EDGE_M, EDGE_M, EDGE_M], (p) => {
    // Sides are darker than the top.
    const light = p[2] > 0.49 * EDGE_M ? 1 : shade;
    return paintOf(p, isPlain).map((v) => light * v) as Vec3;
  });
  const clip = syntheticClip(
    view,
    [{ id: 1, solid, worldFromSolid: () => worldFromSolid }],
    [perceived(1, 'block', 'target', null)],
    1,
  );
  const mesh = boxMesh(EDGE_M, EDGE_M, EDGE_M);
  mesh.vertices.forEach((value, k) => {
    // The mesh stands on z = 0; the solid is centred.
    if (k % 3 === 2) mesh.vertices[k] = value - EDGE_M / 2;
  });
  const colourAt = (point: Vec3) => paintOf(point, isPlain);
  const gaussians = gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, 0.0016, new Random(3));
  const renderer = await createRenderer();
  const object = {
    ...{ id: 1, renderer, gaussians, set: renderer.prepare(gaussians), scale: 1 },
    extremes: extremePoints(gaussians.position, gaussians.count),
    radiusM: 0.0433,
    worldFromCamera: inverse(view.cameraFromWorld),
    weights: { mask: 1, rgb: 1.5, depth: 0, track: 0, contact: 0 },
  };
  const evidence = { rgb: await clip.frames.read(0), idMap: await clip.readMask(0) };
  const observation = observe(evidence, 1, view.camera, boxOfId(evidence.idMap, 1)!, 120);
  const truth = compose(view.cameraFromWorld, worldFromSolid);
  return { object, mesh, observation, truth, cameraFromWorld: view.cameraFromWorld };
}

describe('waysToStand', () => {
  it('finds side and turn of a lettered cube that was taken for another of its 24 orientations', async () => {
    const { object, mesh, observation, truth, cameraFromWorld } = await standing(false);
    const onSide = compose(truth, fromAxisAngle([1, 0, 0], Math.PI / 2), fromAxisAngle([0, 1, 0], Math.PI));
    const ways = waysToStand(object, mesh, onSide, [observation], cameraFromWorld);
    expect(rotationAngleBetween(ways[0].cameraFromObject, truth)).toBeLessThan(0.05);
    expect(ways[1].cost - ways[0].cost).toBeGreaterThan(AMBIGUOUS_COST);
  });

  it('is not misled by sides that lie in shadow', async () => {
    const { object, mesh, observation, truth, cameraFromWorld } = await standing(false, 0.55);
    const turned = compose(truth, fromAxisAngle([0, 0, 1], Math.PI / 2));
    const ways = waysToStand(object, mesh, turned, [observation], cameraFromWorld);
    expect(rotationAngleBetween(ways[0].cameraFromObject, truth)).toBeLessThan(0.05);
    expect(ways[1].cost - ways[0].cost).toBeGreaterThan(AMBIGUOUS_COST);
  }, 60_000);

  it('leaves it open where there is no print', async () => {
    const { object, mesh, observation, truth, cameraFromWorld } = await standing(true);
    const ways = waysToStand(object, mesh, truth, [observation], cameraFromWorld);
    expect(ways.length).toBeGreaterThan(1);
    expect(ways[1].cost - ways[0].cost).toBeLessThan(AMBIGUOUS_COST);
  });
});

describe('bestQuarterTurn', () => {
  it('finds the side that a lettered cube shows without knowing what is up', async () => {
    const { object, observation, truth } = await standing(false);
    for (const turn of [fromAxisAngle([0, 1, 0], Math.PI), fromAxisAngle([0.6, 0, 0.8], 0)]) {
      const found = bestQuarterTurn(object, compose(truth, turn), observation);
      expect(rotationAngleBetween(found, truth)).toBeLessThan(0.05);
    }
  });
});
