import { describe, expect, it } from 'vitest';
import { scorePoses, scoreRelative } from '../../bench/pipeline/pose-errors.js';
import { Random } from '../../src/base/random.js';
import {
  constantOffset,
  globalScale,
  type PosePair,
  poseError,
  type Symmetry,
  scaledPose,
  turnedNearest,
} from '../../src/bop/score/align.js';
import { averageRotation } from '../../src/bop/score/average-rotation.js';
import {
  compose,
  expTwist,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  identity,
  inverse,
  type Mat4,
  rotationAngleBetween,
  type Twist,
} from '../../src/math/se3.js';

const NONE: Symmetry = { kind: 'none' };
const AXIAL: Symmetry = { kind: 'axial', axis: [0, 0, 1] };
const QUARTERS: Symmetry = { kind: 'cyclic', axis: [0, 0, 1], count: 4 };
const OFFSET = expTwist([0.02, -0.03, 0.01, 0.3, 0.7, -0.4]);
const random = new Random(7);

/** A tumbling path of 60 frames half a metre before the camera. */
const PATH: Mat4[] = Array.from({ length: 60 }, (_, k) =>
  compose(fromTranslation([0.004 * k, -0.1, 0.5]), expTwist([0, 0, 0, 0.02 * k, 0.5 * Math.sin(k / 9), 0.03 * k])),
);
const ALL_SEEN = PATH.map(() => 1);
const pairsOf = (found: Mat4[]): PosePair[] => PATH.map((truth, frame) => ({ frame, found: found[frame], truth }));

describe('symmetry', () => {
  it('leaves nothing of a turn about the axis, and all of a tilt', () => {
    const turned = compose(PATH[9], fromYaw(2.1), fromAxisAngle([1, 0, 0], 0.2));
    const { angleRad, distanceM } = poseError(turned, PATH[9], AXIAL);
    expect(angleRad).toBeCloseTo(0.2, 9);
    expect(distanceM).toBeCloseTo(0, 12);
    expect(poseError(compose(PATH[9], fromYaw(2.1)), PATH[9], NONE).angleRad).toBeCloseTo(2.1, 9);
  });

  it('takes the nearest of equal turns', () => {
    const turned = compose(PATH[3], fromYaw(Math.PI / 2 + 0.1));
    expect(poseError(turned, PATH[3], QUARTERS).angleRad).toBeCloseTo(0.1, 9);
    expect(rotationAngleBetween(turnedNearest(turned, PATH[3], QUARTERS), turned)).toBeCloseTo(Math.PI / 2, 9);
  });
});

describe('constant offset', () => {
  it('finds the offset of a found frame exactly, with and without spin', () => {
    const found = PATH.map((pose) => compose(pose, inverse(OFFSET)));
    const offset = constantOffset(pairsOf(found), NONE);
    offset.forEach((value, i) => {
      expect(value).toBeCloseTo(OFFSET[i], 6);
    });
    const spun = PATH.map((pose) =>
      compose(pose, fromYaw(random.uniform(0, 6)), inverse(fromTranslation([0, 0, 0.04]))),
    );
    const scores = scorePoses(spun, PATH, ALL_SEEN, AXIAL);
    expect(scores.errorCm).toBeLessThan(1e-3);
    expect(scores.errorDeg).toBeLessThan(1e-3);
  });

  it('is not pulled by a third of wild frames: their disturbance is scored as it is', () => {
    const wild = PATH.map((pose, k) =>
      compose(k % 3 === 0 ? compose(fromTranslation([0, 0, 0.09]), pose) : pose, inverse(OFFSET)),
    );
    const { errorCm, errorDeg } = scorePoses(wild, PATH, ALL_SEEN, NONE);
    // A third of the frames is 9 cm off.
    expect(errorCm).toBeCloseTo(3, 1);
    expect(errorDeg).toBeLessThan(0.1);
  });

  it('averages rotations whatever the signs of their quaternions', () => {
    const mean = averageRotation([fromYaw(3.0), fromYaw(-3.0)], [1, 1]);
    expect(rotationAngleBetween(mean, fromYaw(Math.PI))).toBeCloseTo(0, 6);
  });
});

describe('scores', () => {
  it('counts only frames with a pose, and says how many there are', () => {
    const found = PATH.map((pose, k) => (k % 2 === 0 ? pose : null));
    const { coverage, errorCm } = scorePoses(found, PATH, ALL_SEEN, NONE);
    expect(coverage).toBe(0.5);
    expect(errorCm).toBeLessThan(1e-4);
    expect(
      scorePoses(
        PATH.map(() => null),
        PATH,
        ALL_SEEN,
        NONE,
      ),
    ).toMatchObject({ errorCm: null, coverage: 0 });
  });

  it('factors the global scale out', () => {
    const small = PATH.map((pose) => scaledPose(pose, 0.8));
    const factor = globalScale(pairsOf(small));
    expect(factor).toBeCloseTo(1.25, 9);
    expect(scorePoses(small, PATH, ALL_SEEN, NONE, factor).errorCm).toBeLessThan(1e-4);
    expect(scorePoses(small, PATH, ALL_SEEN, NONE).errorCm).toBeGreaterThan(0.5);
  });

  it('scores the truth as relative motion zero, and a known shift as that shift', () => {
    const target = { truth: PATH.map(() => fromTranslation([0, 0, 0.6])), symmetry: NONE, foundFromTrue: identity() };
    const source = { truth: PATH, symmetry: NONE, foundFromTrue: OFFSET };
    const foundRel = PATH.slice(20, 50).map((pose) => compose(inverse(target.truth[0]), pose, inverse(OFFSET)));
    const exact = scoreRelative(foundRel, 20, source, target);
    expect(exact.frames).toBe(30);
    expect(exact.errorCm).toBeLessThan(1e-6);
    expect(exact.errorDeg).toBeLessThan(0.01);
    const shifted = foundRel.map((pose) => compose(fromTranslation([0, 0.012, 0.016]), pose));
    expect(scoreRelative(shifted, 20, source, target).errorCm).toBeCloseTo(2, 6);
    expect(scoreRelative(foundRel, 19, source, target).errorCm).toBeGreaterThan(0.3);
  });

  it('lets a target of revolution stand turned, but not tilted', () => {
    const target = { truth: PATH.map(() => fromTranslation([0, 0, 0.6])), symmetry: AXIAL, foundFromTrue: identity() };
    const source = { truth: PATH, symmetry: NONE, foundFromTrue: identity() };
    const rel = PATH.map((pose) => compose(inverse(target.truth[0]), pose));
    const turned = rel.map((pose) => compose(fromYaw(Math.PI / 3), pose));
    expect(scoreRelative(turned, 0, source, target).errorCm).toBeLessThan(1e-6);
    const tilted = rel.map((pose) => compose(fromAxisAngle([1, 0, 0], 0.3), pose));
    expect(scoreRelative(tilted, 0, source, target).errorCm).toBeGreaterThan(1);
  });
});

it('keeps a twist of the camera, which no object offset explains', () => {
  const twist: Twist = [0, 0, 0, 0, 0.1, 0];
  const found = PATH.map((pose, k) => (k < 30 ? compose(expTwist(twist), pose) : pose));
  expect(scorePoses(found, PATH, ALL_SEEN, NONE).errorCm).toBeGreaterThan(1);
});
