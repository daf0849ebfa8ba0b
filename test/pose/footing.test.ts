import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { compose, fromAxisAngle, fromTranslation, inverse, type Mat4, translationOf } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { buildObjects } from '../../src/objects/build-objects.js';
import { objectOptions } from '../../src/objects/options.js';
import { poseOptions } from '../../src/pose/options.js';
import { trackPoses } from '../../src/pose/track-poses.js';
import {
  ballSolid,
  checker,
  frustumSolid,
  lookingCamera,
  perceived,
  syntheticClip,
} from '../objects/synthetic-scene.js';

const HALF_HEIGHT_M = 0.05;
const LIFT_M = 0.06;
/** Lifted from its rest, set down, slid over the table, lifted again and put back to rest. */
const [RISES, SLIDES, RISES_AGAIN, RESTS, NUM_FRAMES] = [3, 9, 27, 33, 37];

function clip() {
  const heightAt = (t: number): number => {
    const arc = (from: number, to: number): number => Math.sin((Math.PI * (t - from)) / (to - from));
    if (t > RISES && t < SLIDES) return LIFT_M * arc(RISES, SLIDES);
    return t > RISES_AGAIN && t < RESTS ? LIFT_M * arc(RISES_AGAIN, RESTS) : 0;
  };
  const pose = (t: number): Mat4 => {
    const share = Math.min(1, Math.max(0, (t - RISES) / (RESTS - RISES)));
    return compose(
      fromTranslation([-0.1 + 0.2 * share, 0, HALF_HEIGHT_M + heightAt(t)]),
      fromAxisAngle([0, 0, 1], 0.6 * share),
    );
  };
  // A fist about the upper half.
  const hand = (t: number): Mat4 => {
    const [x, y, z] = translationOf(pose(t));
    const away = t < RISES || t > RESTS ? 0.3 : 0;
    return fromTranslation([x, y - 0.02 + away, z + 0.03 + away]);
  };
  const patterned = (p: Vec3): Vec3 =>
    checker([0.8, 0.1, 0.1], [0.9, 0.9, 0.85], Math.atan2(p[1], p[0]) * 2 + 50, 40 * p[2] + 9);
  return syntheticClip(
    lookingCamera(320, 240, 0.6, 35),
    [
      { id: 1, solid: frustumSolid(0.028, 0.028, 2 * HALF_HEIGHT_M, patterned), worldFromSolid: pose },
      { id: 255, solid: ballSolid(0.042, [0.8, 0.6, 0.5]), worldFromSolid: hand },
    ],
    [perceived(1, 'thing', 'source', { firstFrame: RISES, lastFrame: RESTS })],
    NUM_FRAMES,
    24,
  );
}

describe('a thing that is set down and slid on its way', () => {
  it('stands on the table while it slides, and hangs over it while it is carried', async () => {
    const seen = clip();
    const shape = resolveOptions(objectOptions, { maxGaussians: 2000, shape: 'revolution' });
    const built = await buildObjects(seen, shape, createContext('objects'));
    const options = resolveOptions(poseOptions, { poseSteps: 14, poseGaussians: 600 });
    const poses = await trackPoses(
      { ...seen, tracks: null, ...built, objects: built.objects },
      options,
      createContext('poses'),
    );
    const worldFromCamera = inverse(poses.cameraFromWorld);
    const at = (t: number): { tiltDeg: number; heightM: number } => {
      const pose = compose(worldFromCamera, poses.objects[0].frames[t].cameraFromObject!);
      return { tiltDeg: (180 / Math.PI) * Math.acos(Math.min(1, pose[10])), heightM: pose[11] };
    };
    const standing = at(0).heightM;
    const slid = Array.from({ length: RISES_AGAIN - SLIDES - 5 }, (_, k) => at(SLIDES + 3 + k));
    for (const { tiltDeg, heightM } of slid) {
      expect(tiltDeg).toBeLessThan(2);
      expect(Math.abs(heightM - standing)).toBeLessThan(0.003);
    }
    const lifted = Math.round((RISES + SLIDES) / 2);
    expect(at(lifted).heightM - standing).toBeGreaterThan(LIFT_M / 2);
  }, 240_000);
});
