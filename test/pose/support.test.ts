import { describe, expect, it } from 'vitest';
import {
  compose,
  expTwist,
  fromAxisAngle,
  fromTranslation,
  inverse,
  type Twist,
  translationOf,
} from '../../src/math/se3.js';
import { boxMesh, revolutionMesh } from '../../src/objects/mesh.js';
import { KnownBodies } from '../../src/pose/known-bodies.js';
import { contactLoss } from '../../src/pose/point-loss.js';
import { clearanceOf, dropped, heightFieldOf, isBehind, supportAt } from '../../src/pose/support.js';
import { lookingCamera } from '../objects/synthetic-scene.js';

const view = lookingCamera(320, 240, 0.6, 35);
const worldFromCamera = inverse(view.cameraFromWorld);
const bowl = revolutionMesh(
  [
    { radiusM: 0.04, heightM: 0 },
    { radiusM: 0.12, heightM: 0.05 },
  ],
  48,
  0.004,
);
const corners = Float64Array.from([-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [x * 0.01, y * 0.01, -0.02])));

describe('what bears a thing', () => {
  it('a box bears at its height, the table around it at 0; a bowl at its floor inside', () => {
    const field = heightFieldOf([
      { mesh: boxMesh(0.1, 0.08, 0.06), worldFromObject: fromTranslation([0.2, 0, 0]) },
      { mesh: bowl, worldFromObject: fromTranslation([0, 0, 0]) },
    ]);
    expect(supportAt(field, 0.22, 0.01).heightM).toBeCloseTo(0.06, 6);
    expect(supportAt(field, 0.3, 0.3).heightM).toBe(0);
    expect(supportAt(field, 0, 0).heightM).toBeCloseTo(0.004, 6);
    expect(supportAt(field, 0.06, 0).slopeX).toBeGreaterThan(0.5);
    expect(supportAt(null, 0, 0)).toEqual({ heightM: 0, slopeX: 0, slopeY: 0 });
  });

  it('hides the table right behind a box, but neither what is before it, far behind it nor within it', () => {
    const field = heightFieldOf([{ mesh: boxMesh(0.1, 0.1, 0.06), worldFromObject: fromTranslation([0, 0, 0]) }])!;
    // 45 degrees down: the shadow of the box is as long as the box is high.
    const camera: [number, number, number] = [0, -0.5, 0.5];
    expect(isBehind(field, [0, 0.08, 0.01], camera)).toBe(true);
    expect(isBehind(field, [0, 0.14, 0.01], camera)).toBe(false);
    expect(isBehind(field, [0, -0.08, 0.01], camera)).toBe(false);
    expect(isBehind(field, [0, 0.02, 0.01], camera)).toBe(false);
  });

  it('no bodies, and bodies of absurd size, bear nothing', () => {
    expect(heightFieldOf([])).toBeNull();
    expect(heightFieldOf([{ mesh: boxMesh(5, 5, 1), worldFromObject: fromTranslation([0, 0, 0]) }])).toBeNull();
    expect(
      heightFieldOf([{ mesh: boxMesh(0.1, 0.1, 0.1), worldFromObject: fromTranslation([Number.NaN, 0, 0]) }]),
    ).toBeNull();
  });

  it('dropped: a block let go over a box ends on its top', () => {
    const field = heightFieldOf([{ mesh: boxMesh(0.1, 0.08, 0.06), worldFromObject: fromTranslation([0, 0, 0]) }]);
    const held = compose(view.cameraFromWorld, fromTranslation([0.01, -0.005, 0.11]));
    const down = dropped(corners, held, worldFromCamera, field);
    expect(translationOf(compose(worldFromCamera, down))[2]).toBeCloseTo(0.06 + 0.02, 6);
    expect(clearanceOf(corners, down, worldFromCamera, field).heightM).toBeCloseTo(0, 9);
  });

  it('touching: floating costs as much as sinking in; the gradient agrees with central differences on a slope', () => {
    const field = heightFieldOf([{ mesh: bowl, worldFromObject: fromTranslation([0, 0, 0]) }]);
    const tilted = compose(fromTranslation([0.06, 0.006, 0.05]), fromAxisAngle([0, 1, 0], 0.3));
    const pose = compose(view.cameraFromWorld, tilted);
    const loss = (m: number[]): number =>
      contactLoss(corners, m, worldFromCamera, 1, new Float64Array(6), { field, touching: true });
    expect(contactLoss(corners, pose, worldFromCamera, 1, new Float64Array(6), { field })).toBe(0);
    const gradient = new Float64Array(6);
    expect(contactLoss(corners, pose, worldFromCamera, 1, gradient, { field, touching: true })).toBeGreaterThan(0.1);
    for (let k = 0; k < 6; k++) {
      const step = (s: number): Twist => [0, 1, 2, 3, 4, 5].map((i) => (i === k ? s : 0)) as Twist;
      const numeric = (loss(compose(expTwist(step(1e-6)), pose)) - loss(compose(expTwist(step(-1e-6)), pose))) / 2e-6;
      expect(Math.abs(gradient[k] - numeric)).toBeLessThan(1e-3 * (1 + Math.abs(numeric)));
    }
  });

  it('known bodies: only what rests in a frame bears and hides', () => {
    const known = new KnownBodies(view.camera, worldFromCamera);
    const cameraFromObject = compose(view.cameraFromWorld, fromTranslation([0, 0, 0]));
    const at = (state: 'resting' | 'moving') => ({ cameraFromObject, state, sdM: 0, sdRad: 0 });
    known.add(2, bowl, [at('resting'), at('moving'), { ...at('resting'), cameraFromObject: null }]);
    expect(known.supportIn(0)).not.toBeNull();
    expect(known.depthIn(0)!.data.some((z) => z > 0.4)).toBe(true);
    for (const t of [1, 2]) expect([known.supportIn(t), known.depthIn(t)]).toEqual([null, null]);
  });
});
