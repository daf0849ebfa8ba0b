import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { translationOf } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { movedBy } from '../../src/skill/push-contact.js';
import { type Body, HIDDEN_CUBE, movingBox, noisyPoses, parse, throughKeyframes } from './synthetic.js';

/** A brush 2 cm thick and 12 cm wide, `asideM` beside the cube and its middle `heightM` over the table, pushes it by 20 cm from frame 65 to 85 and stays there until 110. */
const sweeping = (asideM: number, heightM = 0.055): Body[] => [
  movingBox(
    1,
    'brush',
    [0.02, 0.12, 0.1],
    [
      { frame: 15, at: [-0.3, 0.1, 0.05] },
      { frame: 30, at: [-0.3, 0.05, 0.15] },
      { frame: 50, at: [-0.2, asideM, heightM] },
      { frame: 65, at: [-0.132, asideM, heightM] },
      { frame: 85, at: [0.068, asideM, heightM] },
      { frame: 110, at: [0.067, asideM, heightM] },
      { frame: 130, at: [0.0, 0.1, 0.15] },
      { frame: 150, at: [-0.1, 0.2, 0.05] },
    ],
  ),
  movingBox(
    2,
    'cube',
    [0.04, 0.04, 0.04],
    [
      { frame: 65, at: [-0.1, 0, 0.02] },
      { frame: 85, at: [0.1, 0, 0.02] },
    ],
  ),
];

describe('pushing', () => {
  it('leads what is hidden by what pushes it, where a straight bridge would let the pusher pass through it', () => {
    const bodies = sweeping(0);
    // Hidden from the push to well after the brush has stopped.
    const poses = noisyPoses(bodies, { sdM: 0.001, sdRad: 0.005 }, new Random(3), { 2: [66, 110] });
    const { skill } = parse(bodies, poses, {}, [HIDDEN_CUBE]);
    expect(skill.task).toBe('sweep');
    const release = skill.events!.find(({ kind, objectId }) => kind === 'release' && objectId === 2)!;
    expect(Math.abs(release.frame - 85)).toBeLessThanOrEqual(4);
    const own = skill.relativeMotions.find(({ drivenBy }) => drivenBy === 1)!;
    const brush = skill.relativeMotions.find(({ sourceId }) => sourceId === 1)!;
    const ahead = own.targetFromSource.map(
      (pose, k) => translationOf(pose)[0] - translationOf(brush.targetFromSource[k])[0],
    );
    // Half a brush and half a cube: 3 cm. Before the push it is farther.
    const last = own.fromFrame + ahead.length - 1;
    expect(last).toBeGreaterThan(80);
    for (let frame = 66; frame <= last; frame++) {
      expect(Math.abs(ahead[frame - own.fromFrame] - 0.03)).toBeLessThan(0.004);
    }
  });

  it('moves a pusher aside that would brush past, and leaves one alone that meets the thing well', () => {
    const asideAt75 = (asideM: number): { y: number; notes: string[] } => {
      const bodies = sweeping(asideM);
      const poses = noisyPoses(bodies, { sdM: 0.0005, sdRad: 0.002 }, new Random(4));
      const { skill, warnings } = parse(bodies, poses);
      const motion = skill.relativeMotions.find(({ sourceId }) => sourceId === 1)!;
      // Seen from where the cube lay, which is y = 0 in the world.
      const y = translationOf(motion.targetFromSource[75 - motion.fromFrame])[1];
      return { y, notes: warnings.map(({ message }) => message) };
    };
    const far = asideAt75(0.045);
    expect(Math.abs(far.y)).toBeLessThan(0.005);
    expect(far.notes.join()).toMatch(/moved by 4\d mm aside so that the middle of its front meets cube/);
    const near = asideAt75(0.02);
    expect(Math.abs(near.y - 0.02)).toBeLessThan(0.005);
    expect(near.notes.join()).not.toMatch(/was moved by/);
  });

  it('brings a pusher down to what it pushes, whose lower edge is seen above it', () => {
    const bodies = sweeping(0, 0.1);
    const poses = noisyPoses(bodies, { sdM: 0.0005, sdRad: 0.002 }, new Random(4));
    const { skill, warnings } = parse(bodies, poses);
    const motion = skill.relativeMotions.find(({ sourceId }) => sourceId === 1)!;
    // The cube's middle, 2 cm over the table, is the origin: half of the brush's 10 cm above a quarter of the cube's height.
    const z = translationOf(motion.targetFromSource[75 - motion.fromFrame])[2];
    expect(Math.abs(z - (0.05 + 0.01 - 0.02))).toBeLessThan(0.004);
    expect(warnings.map(({ message }) => message).join()).toMatch(/moved by 4\d mm down so/);
  });

  it('lets the offset grow and fade', () => {
    const still = throughKeyframes(11, [{ frame: 0, at: [0, 0, 0] }]);
    const offsets: Vec3[] = [0.03, 0.04].map((y) => [0, y, 0]);
    const y = movedBy(still, offsets, 4, 6).map((pose) => translationOf(pose)[1]);
    expect(y[0]).toBe(0);
    expect(y[2]).toBeCloseTo(0.015, 9);
    expect(y.slice(4, 7)).toEqual([0.03, 0.04, 0.04]);
    expect(y[8]).toBeCloseTo(0.02, 9);
    expect(y[10]).toBe(0);
  });
});
