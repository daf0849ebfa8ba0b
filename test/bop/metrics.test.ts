import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { symmetrySet } from '../../src/bop/dataset/symmetry.js';
import { renderDepth } from '../../src/bop/draw/render-depth.js';
import { add, adi, rotationErrorDeg, translationError } from '../../src/bop/score/add.js';
import { buildKdTree, nearestDistance } from '../../src/bop/score/kd-tree.js';
import { mspd, mssd } from '../../src/bop/score/mssd-mspd.js';
import {
  matchGreedily,
  pooledRecall,
  scoresOf,
  type TargetGroup,
  topByScore,
  VSD_MSSD_THRESHOLDS,
  VSD_TAUS,
  validInstances,
} from '../../src/bop/score/recall.js';
import { sphereProjectionsOverlap, vsd } from '../../src/bop/score/vsd.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  identity,
  type Mat4,
  transformVertices,
} from '../../src/math/se3.js';
import { boxMesh, revolutionMesh, transformMesh } from '../../src/objects/mesh.js';

const camera = { fx: 200, fy: 200, cx: 40, cy: 30, widthPx: 80, heightPx: 60 };
/** A cube of 10 cm around the origin. */
const cube = transformMesh(boxMesh(0.1, 0.1, 0.1), fromTranslation([0, 0, -0.05]));
const ahead = fromTranslation([0, 0, 1]);
const none = symmetrySet({ discrete: [], continuous: [] });
const random = createContext('bop-test', { seed: 5 }).random('poses');
const randomPose = (): Mat4 => {
  const w = [random.normal(), random.normal(), random.normal()];
  const length = Math.hypot(...w);
  const t = [random.uniform(-0.2, 0.2), random.uniform(-0.2, 0.2), random.uniform(0.6, 1.4)] as const;
  return fromAxisAngle([w[0] / length, w[1] / length, w[2] / length], random.uniform(0, 3), [...t]);
};

describe('errors of a cube moved by hand', () => {
  it('a shift gives the same ADD and MSSD, and its projection as MSPD', () => {
    const moved = fromTranslation([0.03, -0.04, 1]);
    expect(add(moved, ahead, cube.vertices)).toBeCloseTo(0.05, 12);
    expect(mssd(moved, ahead, cube.vertices, none)).toBeCloseTo(0.05, 12);
    // The front face at 0.95 m moves most on the screen: 200 px * 0.05 / 0.95.
    expect(mspd(moved, ahead, camera, cube.vertices, none)).toBeCloseTo(10 / 0.95, 9);
    expect(translationError(moved, ahead)).toBeCloseTo(0.05, 12);
    expect(rotationErrorDeg(moved, ahead)).toBe(0);
  });

  it('a quarter turn costs ADD and MSSD, but not ADI, and nothing once it is a symmetry', () => {
    const turned = compose(ahead, fromYaw(Math.PI / 2));
    // Every corner is 0.05 * sqrt(2) off the axis and moves sqrt(2) times that; the centres of the two lids stay.
    expect(add(turned, ahead, cube.vertices)).toBeCloseTo((8 * 0.1) / 10, 12);
    expect(mssd(turned, ahead, cube.vertices, none)).toBeCloseTo(0.1, 12);
    expect(adi(turned, ahead, cube.vertices)).toBeCloseTo(0, 12);
    expect(rotationErrorDeg(turned, ahead)).toBeCloseTo(90, 9);
    const quarter = symmetrySet({ discrete: [fromYaw(Math.PI / 2)], continuous: [] });
    expect(mssd(turned, ahead, cube.vertices, quarter)).toBeCloseTo(0, 12);
    expect(mspd(turned, ahead, camera, cube.vertices, quarter)).toBeCloseTo(0, 9);
  });

  it('a vertex in the camera plane makes MSPD infinite, not NaN', () => {
    const through = fromTranslation([0, 0, 0.05]);
    expect(mspd(through, ahead, camera, cube.vertices, none)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('symmetry sets', () => {
  it('are the identity alone without symmetries, and 315 turns about an axis', () => {
    expect(none).toEqual([identity()]);
    const axis = { axis: [0, 0, 2] as [number, number, number], offsetM: [0.1, 0, 0] as [number, number, number] };
    const set = symmetrySet({ discrete: [], continuous: [axis] });
    expect(set).toHaveLength(315);
    for (const motion of set) {
      expect(transformVertices(motion, Float64Array.of(0.1, 0, 0.3))[0]).toBeCloseTo(0.1, 12);
    }
    expect(symmetrySet({ discrete: [fromAxisAngle([1, 0, 0], Math.PI)], continuous: [axis] })).toHaveLength(630);
  });

  it('forgive a cylinder any turn about its axis up to the step', () => {
    const profile = [0, 0.1].map((heightM) => ({ radiusM: 0.04, heightM }));
    const cylinder = revolutionMesh(profile, 64);
    const set = symmetrySet({ discrete: [], continuous: [{ axis: [0, 0, 1], offsetM: [0, 0, 0] }] });
    for (let k = 0; k < 8; k++) {
      const truth = randomPose();
      const turned = compose(truth, fromYaw(random.uniform(-3, 3)));
      // Half a step of 2 pi / 315 at a radius of 4 cm.
      expect(mssd(turned, truth, cylinder.vertices, set)).toBeLessThan((0.04 * Math.PI) / 315 + 1e-12);
      expect(mssd(turned, truth, cylinder.vertices, none)).toBeGreaterThan(1e-3);
    }
  });

  it('giving up on a symmetry early does not change the minimum', () => {
    const set = symmetrySet({ discrete: [0.7, 1.9, 3].map((yaw) => fromYaw(yaw)), continuous: [] });
    for (let k = 0; k < 20; k++) {
      const [a, b] = [randomPose(), randomPose()];
      const plain = set.map((s) => {
        const p = transformVertices(a, cube.vertices);
        const q = transformVertices(compose(b, s), cube.vertices);
        let largest = 0;
        for (let i = 0; i < p.length; i += 3) {
          largest = Math.max(largest, Math.hypot(p[i] - q[i], p[i + 1] - q[i + 1], p[i + 2] - q[i + 2]));
        }
        return largest;
      });
      expect(mssd(a, b, cube.vertices, set)).toBeCloseTo(Math.min(...plain), 12);
    }
  });
});

describe('nearest neighbours', () => {
  it('are those of an exhaustive search', () => {
    const points = Float64Array.from({ length: 300 }, () => random.normal());
    const tree = buildKdTree(points);
    for (let k = 0; k < 50; k++) {
      const [x, y, z] = [random.normal(), random.normal(), random.normal()];
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < points.length; i += 3) {
        best = Math.min(best, Math.hypot(points[i] - x, points[i + 1] - y, points[i + 2] - z));
      }
      expect(nearestDistance(tree, x, y, z)).toBeCloseTo(best, 12);
    }
  });

  it('do not exist without points', () => {
    expect(nearestDistance(buildKdTree(new Float64Array(0)), 0, 0, 0)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('depth renderer', () => {
  it('gives the front face of a cube, of the size that it must have', () => {
    const depth = renderDepth(cube, ahead, camera);
    const covered = depth.filter((z) => z > 0);
    // 0.1 m at 0.95 m is 21.05 px wide around (40, 30): the 22 pixel centres 29.5 .. 50.5 lie inside.
    expect(covered).toHaveLength(22 * 22);
    for (const z of covered) expect(z).toBeCloseTo(0.95, 12);
  });

  it('draws what is in front of the camera of an object that reaches through its plane, and nothing behind it', () => {
    const depth = renderDepth(cube, identity(), camera);
    // From inside the cube, every ray ends at the far wall.
    expect(depth.every((z) => Math.abs(z - 0.05) < 1e-12)).toBe(true);
    expect(renderDepth(cube, fromTranslation([0, 0, -1]), camera).every((z) => z === 0)).toBe(true);
  });

  it('does not depend on the orientation of triangles', () => {
    const flipped = { vertices: cube.vertices, triangles: Uint32Array.from(cube.triangles).reverse() };
    const pose = randomPose();
    const other = renderDepth(flipped, pose, camera);
    const differences = renderDepth(cube, pose, camera).map((z, i) => Math.abs(z - other[i]));
    expect(Math.max(...differences)).toBeLessThan(1e-12);
  });
});

describe('VSD', () => {
  const flat = (depth: (x: number) => number): Float64Array =>
    Float64Array.from({ length: 100 }, (_, i) => depth(i % 10));
  const common = { widthPx: 10, camera: { fx: 1e9, fy: 1e9, cx: 0, cy: 0 }, diameterM: 0.1, deltaM: 0.015 };
  const errorOf = (scene: Float64Array, estimate: Float64Array, truth: Float64Array): number[] =>
    vsd({ ...common, sceneM: scene, estimateM: estimate, truthM: truth }, VSD_TAUS);

  it('is the share of the union that differs by tau or more', () => {
    const truth = flat((x) => (x < 6 ? 1 : 0));
    // Half of the surface is 2.2 cm too near, that is 0.22 of the diameter; two columns stick out.
    const estimate = flat((x) => (x < 3 ? 0.978 : x < 8 ? 1 : 0));
    const errors = errorOf(truth, estimate, truth);
    // Beyond the truth the scene has no depth there: the estimate counts as visible.
    VSD_TAUS.forEach((tau, k) => {
      expect(errors[k]).toBeCloseTo((tau < 0.22 ? 5 : 2) / 8, 12);
    });
  });

  it('counts only what the scene does not hide, but an estimate under a visible truth is never hidden', () => {
    const truth = flat(() => 1);
    const scene = flat((x) => (x < 5 ? 0.5 : 1));
    const behind = flat(() => 1.012);
    expect(errorOf(scene, behind, truth)[0]).toBe(1 * (0.12 >= VSD_TAUS[0] ? 1 : 0));
    expect(errorOf(scene, behind, truth)[2]).toBe(0);
    const farBehind = flat(() => 1.04);
    expect(errorOf(scene, farBehind, truth)[8]).toBe(0);
  });

  it('is 1 where nothing is seen of either', () => {
    const empty = flat(() => 0);
    expect(errorOf(empty, empty, empty)).toEqual(VSD_TAUS.map(() => 1));
    expect(
      errorOf(
        flat(() => 0.2),
        flat(() => 1),
        flat(() => 1),
      ),
    ).toEqual(VSD_TAUS.map(() => 1));
  });

  it('refuses images of different sizes', () => {
    expect(() =>
      errorOf(
        flat(() => 1),
        new Float64Array(7),
        flat(() => 1),
      ),
    ).toThrow('100, 7 and 100');
  });

  it('is not measured where bounding spheres do not overlap on the screen', () => {
    expect(sphereProjectionsOverlap(ahead, ahead, 0.1)).toBe(true);
    // At 1 m the spheres' radii add up to 0.1 of the tangent plane.
    expect(sphereProjectionsOverlap(fromTranslation([0.099, 0, 1]), ahead, 0.1)).toBe(true);
    expect(sphereProjectionsOverlap(fromTranslation([0.101, 0, 1]), ahead, 0.1)).toBe(false);
    expect(sphereProjectionsOverlap(fromTranslation([0, 0, 0]), ahead, 0.1)).toBe(false);
    expect(sphereProjectionsOverlap(fromTranslation([0, 0, -1]), ahead, 0.1)).toBe(false);
  });
});

describe('recall', () => {
  it("has thresholds with the rounding of numpy's arange", () => {
    expect(VSD_MSSD_THRESHOLDS).toEqual([
      ...[0.05, 0.1, 0.15000000000000002, 0.2, 0.25],
      ...[0.3, 0.35000000000000003, 0.4, 0.45, 0.5],
    ]);
  });

  it('keeps the best scores, ties in file order', () => {
    expect(topByScore([0.2, 0.9, 0.5, 0.9], 3)).toEqual([1, 3, 2]);
    expect(topByScore([], 3)).toEqual([]);
  });

  it('takes the most visible instances of each object as valid, ties to the earlier one', () => {
    const instances = [0.5, 0.9, 0.5, 0.1].map((visibleFraction) => ({ objId: 1, visibleFraction }));
    const other = { objId: 2, visibleFraction: 1 };
    expect(validInstances([...instances, other], (id) => (id === 1 ? 2 : 0))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('matches greedily: the better score chooses first, errors at the threshold fail', () => {
    const errors = [
      [0.1, 0.2],
      [0.05, 0.3],
    ];
    expect(matchGreedily(errors, [true, true], 0.4)).toEqual([0, 1]);
    expect(matchGreedily(errors, [true, true], 0.3)).toEqual([0, -1]);
    expect(matchGreedily(errors, [false, true], 0.4)).toEqual([-1, 0]);
    expect(matchGreedily([[0.3]], [true], 0.3)).toEqual([-1]);
    expect(matchGreedily([[Number.NaN]], [true], 0.3)).toEqual([-1]);
  });

  const group = (objId: number, errors: number[][], numInstances: number): TargetGroup => ({
    target: { sceneId: 1, imageId: 0, objId, instCount: numInstances },
    estimateIds: errors.map((_, i) => i),
    scores: errors.map(() => 1),
    instanceIdxs: Array.from({ length: numInstances }, (_, i) => i),
    isValid: Array.from({ length: numInstances }, () => true),
    vsd: null,
    mssd: errors,
    mspd: errors.map((row) => row.map((e) => 100 * e)),
    add: errors,
    adi: errors,
  });

  it('is pooled over all targets, and a missing estimate is a miss', () => {
    const groups = [group(1, [[0.12]], 1), group(2, [], 3)];
    expect(pooledRecall(groups, (g) => g.mssd, 0.15)).toBe(1 / 4);
    const scores = scoresOf(groups);
    // 0.12 passes 8 of 10 thresholds (0.15 and up), 12 px those of 15 px and up.
    expect(scores.arMssd).toBeCloseTo(0.8 / 4, 12);
    expect(scores.arMspd).toBeCloseTo(0.8 / 4, 12);
    expect(scores.recallAdd).toBe(0);
    expect(scores.targets).toBe(4);
    expect(scores.arVsd).toBeNull();
    expect(scores.ar).toBeNull();
    expect(pooledRecall([], (g) => g.mssd, 0.5)).toBe(0);
  });
});
