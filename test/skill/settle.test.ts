import { describe, expect, it } from 'vitest';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  identity,
  type Mat4,
  rotationAngleBetween,
} from '../../src/math/se3.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import type { Actor } from '../../src/skill/actor.js';
import { settle, turnInPlace } from '../../src/skill/settle.js';
import { bowlMesh, boxMesh, model, restingActor } from './synthetic.js';

const actor = (id: number, mesh: TriangleMesh, hollow = false): Actor =>
  restingActor(model(id, `object ${id}`, [0.1, 0.1, 0.1], { hollow }), mesh);

const cube = actor(1, boxMesh([0.04, 0.04, 0.04]));
const slab = { actor: actor(2, boxMesh([0.2, 0.2, 0.02])), worldFromObject: fromTranslation([0, 0, 0.01]) };
const bowl = { actor: actor(3, bowlMesh(), true), worldFromObject: fromTranslation([0, 0, 0.03]) };
const end = (pose: Mat4, s: ReturnType<typeof settle>): Mat4 =>
  compose(fromTranslation(s.offsetM), turnInPlace(s.turn, pose));

describe('settle', () => {
  it.each([
    ['sunk into the table', 0.012, 0.02],
    ['floating above the table', 0.035, 0.02],
  ])('brings a cube that is %s to rest on it', (_, z, expected) => {
    const result = settle(cube, fromTranslation([0, 0, z]), null, null, 0.03);
    expect(result.outcome).toBe('settled');
    expect(Math.abs(z + result.offsetM[2] - expected)).toBeLessThan(0.002);
    expect(Math.hypot(result.offsetM[0], result.offsetM[1])).toBe(0);
  });

  it('leaves a cube that rests alone', () => {
    expect(settle(cube, fromTranslation([0, 0, 0.02]), null, null, 0.03).outcome).toBe('rests');
  });

  it('puts a cube on a slab, up or down', () => {
    for (const z of [0.03, 0.05]) {
      const pose = fromTranslation([0.03, 0.01, z]);
      const result = settle(cube, pose, null, { ...slab, holdsInside: false }, 0.03);
      expect(Math.abs(end(pose, result)[11] - 0.04)).toBeLessThan(0.002);
    }
  });

  it('does not believe errors beyond its limit', () => {
    const result = settle(cube, fromTranslation([0, 0, 0.09]), null, null, 0.03);
    expect(result).toMatchObject({ outcome: 'unresolved', offsetM: [0, 0, 0], turnRad: 0 });
  });

  it('lets a cube that runs through the wall of a bowl slide to its floor', () => {
    // Inner radius 75 mm: at 65 mm from the middle the cube sticks 10 mm and more into the wall.
    const pose = fromTranslation([0.065, 0, 0.03]);
    const result = settle(cube, pose, null, { ...bowl, holdsInside: true }, 0.05);
    const [x, z] = [end(pose, result)[3], end(pose, result)[11]];
    expect(result.outcome).toBe('settled');
    // Its corner, 20 mm aside and 20 mm along, fits inside of 75 mm from x <= 52 mm on; the floor is 5 mm up.
    expect(x).toBeLessThan(0.055);
    expect(Math.abs(z - 0.025)).toBeLessThan(0.003);
  });

  it('sets a leaning cube upright if it stood before, and not if it was tipped over', () => {
    const leaning = compose(fromTranslation([0, 0, 0.024]), fromAxisAngle([1, 0, 0], 0.25));
    const stood = settle(cube, leaning, identity(), null, 0.03);
    expect(stood.turnRad).toBeCloseTo(0.25, 6);
    expect(rotationAngleBetween(end(leaning, stood), identity())).toBeLessThan(1e-6);
    expect(Math.abs(end(leaning, stood)[11] - 0.02)).toBeLessThan(0.002);
    const tipped = compose(fromTranslation([0, 0, 0.02]), fromAxisAngle([1, 0, 0], Math.PI / 2));
    expect(settle(cube, tipped, identity(), null, 0.03).turnRad).toBe(0);
  });
});
