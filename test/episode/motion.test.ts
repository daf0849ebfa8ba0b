import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import {
  anchorMotion,
  archedWay,
  keepAboveTable,
  manipulationsOf,
  replayAtTarget,
  replayOverTable,
  slideOver,
  smoothMotion,
  yawOf,
} from '../../src/episode/motion.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  identity,
  inverse,
  type Mat4,
  rotationAngleBetween,
  translationOf,
} from '../../src/math/se3.js';
import { distance } from '../../src/math/vec3.js';
import { loweringMotion, syntheticSkill } from './synthetic.js';

const slide: Mat4[] = Array.from({ length: 21 }, (_, k) => fromYaw(0.1, [0.01 * k, 0, 0.04 + 0.002 * k]));

describe('manipulationsOf', () => {
  it('takes one manipulation per grasp, with its task motions, in order of time', () => {
    const skill = syntheticSkill(1, 2, loweringMotion(identity()));
    const [only, ...more] = manipulationsOf(skill);
    expect(more).toHaveLength(0);
    expect(only).toMatchObject({ sourceId: 1, released: true });
    expect(only.motions[0]).toMatchObject({ targetId: 2, durationSec: 1 });
    const again = skill.segments.map((s) => ({ ...s, fromFrame: s.fromFrame + 100, toFrame: s.toFrame + 100 }));
    const second = { ...skill.relativeMotions[0], fromFrame: 130 };
    const twice = {
      ...skill,
      segments: [...skill.segments, ...again],
      relativeMotions: [...skill.relativeMotions, second],
    };
    expect(manipulationsOf(twice)).toHaveLength(2);
  });

  it('is empty without task motions', () => {
    const skill = syntheticSkill(1, 2, loweringMotion(identity()));
    expect(manipulationsOf({ ...skill, relativeMotions: [] })).toEqual([]);
  });
});

describe('smoothMotion', () => {
  it('leaves the ends exactly and takes most of the noise away', () => {
    const random = new Random(1);
    const noisy = slide.map((pose) => compose(pose, fromTranslation([0, random.normal(0, 0.004), 0])));
    const smooth = smoothMotion(noisy, 30);
    expect(smooth[0]).toEqual(noisy[0]);
    expect(smooth.at(-1)).toEqual(noisy.at(-1));
    const roughness = (poses: readonly Mat4[]): number =>
      poses.slice(2).reduce((sum, pose, k) => sum + Math.abs(pose[7] - 2 * poses[k + 1][7] + poses[k][7]), 0);
    expect(roughness(smooth)).toBeLessThan(roughness(noisy) / 3);
  });
});

describe('replays', () => {
  it('at a target keep the relative pose; spinning turns it about the target', () => {
    const motion = { targetId: 2, poses: slide, durationSec: 1 };
    const worldFromTarget = fromYaw(0.7, [0.3, 0.1, 0.02]);
    const [first] = replayAtTarget(motion, worldFromTarget);
    expect(rotationAngleBetween(compose(inverse(worldFromTarget), first), slide[0])).toBeLessThan(1e-9);
    const spun = replayAtTarget(motion, worldFromTarget, 1);
    const reach = (pose: Mat4): number => distance(translationOf(pose), translationOf(worldFromTarget));
    spun.forEach((pose, k) => {
      expect(reach(pose)).toBeCloseTo(reach(replayAtTarget(motion, worldFromTarget)[k]), 12);
    });
  });

  it('over the table meet the new ends, keep heights and turn with the object', () => {
    const motion = { poses: slide };
    const replayed = replayOverTable(motion, { xM: 0.1, yM: -0.1, yawRad: 1.1 }, { xM: 0.1, yM: 0.2 });
    expect(replayed[0][3]).toBeCloseTo(0.1, 12);
    expect(replayed[0][7]).toBeCloseTo(-0.1, 12);
    expect(replayed[20][7]).toBeCloseTo(0.2, 12);
    expect(yawOf(replayed[0])).toBeCloseTo(1.1, 12);
    replayed.forEach((pose, k) => {
      expect(pose[11]).toBeCloseTo(slide[k][11], 12);
    });
  });

  it('anchored meet start and end exactly and leave the middle alone', () => {
    const start = compose(fromTranslation([0.002, 0.01, -0.01]), slide[0]);
    const end = fromYaw(0.1, [0.2, 0, 0.03]);
    const anchored = anchorMotion(slide, start, end);
    expect(distance(translationOf(anchored[0]), translationOf(start))).toBeLessThan(1e-12);
    expect(distance(translationOf(anchored[20]), translationOf(end))).toBeLessThan(1e-12);
    expect(distance(translationOf(anchored[10]), translationOf(slide[10]))).toBeLessThan(1e-12);
    // A motion that begins elsewhere is not dragged to the start.
    const far = compose(fromTranslation([0.3, 0, 0]), slide[0]);
    expect(anchorMotion(slide, far, null)[0]).toEqual(slide[0]);
  });

  it('never dip into the table', () => {
    const tilted = slide.map((pose) => compose(pose, fromAxisAngle([1, 0, 0], 0.3)));
    const points = Float64Array.of(0, 0.2, -0.03, 0, -0.2, -0.03);
    for (const pose of keepAboveTable(tilted, points)) {
      for (const y of [0.2, -0.2]) expect(pose[9] * y + pose[10] * -0.03 + pose[11]).toBeGreaterThanOrEqual(-1e-12);
    }
  });
});

describe('slideOver', () => {
  // A tool that stands on the table, pushes from frame 5 to frame 15 and is lifted at the end.
  const way = Array.from({ length: 21 }, (_, k) => fromTranslation([0.01 * k, 0, k < 18 ? 0.05 : 0.1]));
  const tool = Float64Array.of(0, 0, -0.05, 0, 0, 0.05);
  const push = (heightM: number) => ({
    poses: way.map((_, k) => fromTranslation([0.1 + 0.01 * Math.min(10, Math.max(0, k - 5)), 0, heightM / 2])),
    points: Float64Array.of(0, 0, -heightM / 2, 0, 0, heightM / 2),
  });
  const edges = (heightM: number): number[] => slideOver(way, tool, [push(heightM)]).map((pose) => pose[11] - 0.05);

  it('lifts a pusher off the ground while it pushes, and leaves where it comes from and goes to', () => {
    const heights = edges(0.04);
    for (let k = 5; k <= 15; k++) expect(heights[k]).toBeCloseTo(0.003, 12);
    expect(heights[0]).toBe(0);
    expect(heights[20]).toBeCloseTo(0.05, 12);
    heights.slice(0, 5).forEach((height, k) => {
      expect(heights[k + 1]).toBeGreaterThanOrEqual(height);
    });
  });

  it('stays below a quarter of what is low', () => {
    expect(edges(0.004)[10]).toBeCloseTo(0.001, 12);
  });
});

describe('archedWay', () => {
  it('starts and ends at its ends, leaves upwards and stays above the straight way', () => {
    const from = fromYaw(0, [0, 0, 0.1]);
    const to = fromYaw(1, [0.3, 0.1, 0.2]);
    const way = archedWay(from, to, 0.1, 31);
    expect(distance(translationOf(way[0]), translationOf(from))).toBe(0);
    expect(distance(translationOf(way[30]), translationOf(to))).toBeLessThan(1e-12);
    const step = [way[1][3] - way[0][3], way[1][11] - way[0][11]];
    expect(step[0] / step[1]).toBeLessThan(0.1);
    way.slice(1, -1).forEach((pose, k) => {
      expect(pose[11]).toBeGreaterThan(0.1 + (0.1 * (k + 1)) / 30);
    });
  });
});
