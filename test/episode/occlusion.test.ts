import { describe, expect, it } from 'vitest';
import type { Leg } from '../../src/episode/legs.js';
import { occludedShare } from '../../src/episode/occlusion.js';
import { compose, translationOf } from '../../src/math/se3.js';
import { armFrames } from '../../src/robot/kinematics.js';
import { minimumJerk } from '../../src/robot/timing.js';
import { lookAt, placeInputs } from './synthetic.js';

describe('occludedShare', () => {
  const inputs = placeInputs();
  const { robot, scene } = inputs;
  const leg: Leg = {
    phase: 'task',
    path: { q: [robot.home] },
    course: minimumJerk,
    durationSec: 1,
    widthM: [0.04, 0.04],
    held: null,
    contacts: [],
  };
  const [x, y, z] = translationOf(compose(scene.worldFromBase, armFrames(robot, robot.home).tool));
  const seenFrom = (eye: [number, number, number]) => ({
    ...inputs,
    scene: { ...scene, cameraFromWorld: lookAt(eye, [x, y, z]) },
  });

  it('is 0 from in front and below the hand, 1 from right above it', () => {
    expect(occludedShare(seenFrom([x + 0.01, y - 1, z]), [leg])).toBe(0);
    expect(occludedShare(seenFrom([x + 0.01, y, z + 1]), [leg])).toBe(1);
  });

  it('does not count ways on which nothing is done', () => {
    expect(occludedShare(seenFrom([x + 0.01, y, z + 1]), [{ ...leg, phase: 'transit' }])).toBe(0);
  });
});
