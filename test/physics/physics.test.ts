/** The physics engine, our scenes in it, and the verdict: against facts that can be worked out by hand. */
import { describe, expect, it } from 'vitest';
import { compose, fromAxisAngle, fromTranslation, fromYaw, type Mat4 } from '../../src/math/se3.js';
import { joinMeshes, transformMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { convexPieces } from '../../src/physics/decompose.js';
import { massOf, priorFor } from '../../src/physics/mass.js';
import { type PhysicsScene, toMjcf } from '../../src/physics/mjcf.js';
import { type JointTargets, openMujoco, simulate } from '../../src/physics/simulate.js';
import { judge, type WantedMotion } from '../../src/physics/verdict.js';
import { createFranka } from '../../src/robot/franka.js';
import { solveIk } from '../../src/robot/ik.js';
import { bowlMesh, boxMesh } from '../episode/synthetic.js';

const mujoco = await openMujoco();
const franka = createFranka();

function objectOf(id: number, mesh: TriangleMesh, hollow = false): PhysicsScene['objects'][number] {
  return {
    id,
    name: `thing ${id}`,
    pieces: convexPieces(mesh, hollow),
    mass: massOf(mesh, 500),
    friction: 0.6,
    isSoft: false,
  };
}

function sceneOf(objects: [PhysicsScene['objects'][number], Mat4][]): PhysicsScene {
  return {
    robot: franka,
    worldFromBase: fromTranslation([0, 0.6, 0]),
    objects: objects.map(([object]) => object),
    worldFromObject: new Map(objects.map(([object, pose]) => [object.id, pose])),
    q: franka.home,
    widthM: 0.08,
  };
}

/** The arm stays at home for some frames at 20 per second. */
function still(numFrames: number): JointTargets {
  return {
    fps: 20,
    numFrames,
    jointPositions: Float32Array.from({ length: numFrames * 7 }, (_, i) => franka.home[i % 7]),
    gripperWidth: new Float32Array(numFrames).fill(0.08),
    grip: new Float32Array(numFrames),
  };
}

describe('mass', () => {
  it('of a box is that of the textbook, wherever the box lies in its frame', () => {
    const mesh = boxMesh(0.1, 0.2, 0.05);
    const shifted = { ...mesh, vertices: mesh.vertices.map((v, k) => v + [0.3, -0.1, 0.2][k % 3]) };
    for (const [m, centre] of [
      [mesh, [0, 0, 0]],
      [shifted, [0.3, -0.1, 0.2]],
    ] as const) {
      const { massKg, centre: found, inertia } = massOf(m, 700);
      expect(massKg).toBeCloseTo(0.7, 9);
      for (const i of [0, 1, 2]) expect(found[i]).toBeCloseTo(centre[i], 9);
      expect(inertia[0]).toBeCloseTo((0.7 / 12) * (0.2 ** 2 + 0.05 ** 2), 9);
      expect(inertia[1]).toBeCloseTo((0.7 / 12) * (0.1 ** 2 + 0.05 ** 2), 9);
      expect(inertia[2]).toBeCloseTo((0.7 / 12) * (0.1 ** 2 + 0.2 ** 2), 9);
      for (const product of inertia.slice(3)) expect(product).toBeCloseTo(0, 9);
    }
  });

  it('follows the name, with something for every name', () => {
    expect(priorFor('red can').words).toContain('can');
    expect(priorFor('object 3').words).toEqual([]);
    expect(priorFor('candle').words).toEqual([]);
  });
});

describe('convex pieces', () => {
  it('leave a convex body whole', () => {
    expect(convexPieces(boxMesh(0.05, 0.06, 0.1), false)).toHaveLength(1);
  });

  it('of what was put together from convex parts are those', () => {
    const apart = transformMesh(boxMesh(0.02, 0.02, 0.02), fromTranslation([0.1, 0, 0]));
    expect(convexPieces(joinMeshes(boxMesh(0.05, 0.06, 0.1), apart), true)).toHaveLength(2);
  });

  it('of a bowl leave its inside free: a ball dropped in comes to rest on the floor of it', () => {
    const bowl = objectOf(1, bowlMesh(0.08, 0.06, 0.005), true);
    const cube = objectOf(2, boxMesh(0.03, 0.03, 0.03));
    const scene = sceneOf([
      [bowl, fromTranslation([0, 0, 0.03])],
      [cube, fromYaw(0.3, [0, 0, 0.1])],
    ]);
    const poses = simulate(mujoco, scene, still(21)).poses.get(2)!;
    // Half a cube over the floor, which is 5 mm thick.
    expect(poses.at(-1)![11]).toBeGreaterThan(0.015);
    expect(poses.at(-1)![11]).toBeLessThan(0.024);
  });
});

describe('replay', () => {
  it('lifts a cup by its wall of two millimetres', () => {
    const cup = objectOf(1, bowlMesh(0.04, 0.08, 0.002), true);
    const base = fromTranslation([0, 0, 0]);
    const rimM = 0.039;
    // Half a turn about x points the hand down; a quarter about the vertical brings the pads to both sides of the wall.
    const down = compose(fromAxisAngle([1, 0, 0], Math.PI), fromYaw(Math.PI / 2));
    const at = (z: number): number[] => {
      const seed = franka.home.with(6, franka.home[6] + Math.PI / 2);
      const result = solveIk(franka, compose(fromTranslation([0.45 + rimM, 0, z]), down), seed);
      expect(result.ok).toBe(true);
      return result.q;
    };
    const [low, high] = [at(0.075), at(0.225)];
    const numFrames = 61;
    const rise = (t: number): number => Math.min(1, Math.max(0, (t - 20) / 30));
    const targets: JointTargets = {
      fps: 20,
      numFrames,
      jointPositions: Float32Array.from({ length: numFrames * 7 }, (_, k) => {
        const s = rise(Math.floor(k / 7));
        return low[k % 7] + s * (high[k % 7] - low[k % 7]);
      }),
      gripperWidth: Float32Array.from({ length: numFrames }, (_, t) => Math.max(0.002, 0.018 - 0.002 * t)),
      grip: Float32Array.from({ length: numFrames }, (_, t) => Math.min(1, Math.max(0, (t - 10) / 4))),
    };
    const scene = { ...sceneOf([[cup, fromTranslation([0.45, 0, 0.04])]]), worldFromBase: base, q: low, widthM: 0.018 };
    const poses = simulate(mujoco, scene, targets).poses.get(1)!;
    expect(poses[numFrames - 1][11]).toBeGreaterThan(0.16);
  });

  it('lets things fall as things fall', () => {
    const scene = sceneOf([[objectOf(1, boxMesh(0.05, 0.05, 0.05)), fromTranslation([0, -0.2, 1])]]);
    const { poses } = simulate(mujoco, scene, still(7));
    // 0.1 s before the first frame; g / 2 t^2 after that, to what an Euler step of 2 ms costs.
    for (const [k, pose] of poses.get(1)!.slice(0, 7).entries()) {
      expect(pose[11]).toBeCloseTo(1 - (9.81 / 2) * (0.1 + k / 20) ** 2, 2);
    }
  });

  it('holds the arm where it is told to, against gravity, and gives the same bytes twice', () => {
    const scene = sceneOf([[objectOf(1, boxMesh(0.05, 0.05, 0.05)), fromTranslation([0, -0.2, 0.025])]]);
    const once = simulate(mujoco, scene, still(10)).poses.get(1)!;
    expect(once.at(-1)![11]).toBeCloseTo(0.025, 3);
    expect(simulate(mujoco, scene, still(10)).poses.get(1)).toEqual(once);
  });

  it('makes scenes of other arms too', () => {
    const [finger] = franka.gripper.fingers;
    const jaw = { ...finger, motion: 'turn' as const, valueAtWidth: [0, 1.2] };
    const robot = { ...franka, name: 'other', gripper: { ...franka.gripper, oneSided: true, fingers: [jaw] } };
    const scene = { ...sceneOf([]), robot, q: robot.home, widthM: 0.03 };
    const model = mujoco.MjModel.from_xml_string(toMjcf(scene));
    // Joints and jaw move; bodies are those, the world, the base and the hand.
    expect([model.nu, model.nbody]).toEqual([8, 8 + 3]);
    model.delete();
  });
});

describe('verdict', () => {
  const path = Array.from({ length: 10 }, (_, t) => fromTranslation([0.01 * t, 0, t < 5 ? 0.02 * t : 0.02 * (9 - t)]));
  const held: WantedMotion = { id: 1, name: 'can', isRound: false, part: 'held', poses: path, held: [[2, 8]] };
  const ended = (poses: readonly Mat4[], last = poses[poses.length - 1]) => new Map([[1, [...poses, last]]]);

  it('is good when all went as planned', () => {
    expect(judge([held], ended(path))).toMatchObject({ ok: true, reason: null });
  });

  it.each([
    ['not-lifted', path.map((pose) => pose.with(11, 0))],
    ['slipped', path.map((pose, t) => (t > 5 ? compose(fromTranslation([0, 0.05, 0]), pose) : pose))],
    ['slipped', path.map((pose, t) => (t > 5 ? compose(pose, fromAxisAngle([1, 0, 0], 0.6)) : pose))],
    ['unstable', path.map(() => fromTranslation([Number.NaN, 0, 0]))],
  ])('says %s', (reason, real) => {
    expect(judge([held], ended(real)).reason).toBe(reason);
  });

  it('tells misplaced, turned and disturbed things apart', () => {
    expect(judge([held], ended(path, fromTranslation([0.2, 0, 0]))).reason).toBe('misplaced');
    const last = path[9];
    expect(judge([held], ended(path, compose(last, fromYaw(1)))).reason).toBe('turned');
    expect(judge([{ ...held, isRound: true }], ended(path, compose(last, fromYaw(1)))).ok).toBe(true);
    const other: WantedMotion = { ...held, part: 'bystander', poses: [last, last], held: [] };
    expect(judge([other], ended([last, last], fromTranslation([0.2, 0, 0]))).reason).toBe('disturbed');
  });

  it('leaves the heading to what is pushed, but not to fall over', () => {
    const pushed: WantedMotion = { ...held, part: 'pushed', held: [] };
    const last = path[9];
    expect(judge([pushed], ended(path, compose(last, fromYaw(1)))).ok).toBe(true);
    expect(judge([pushed], ended(path, compose(last, fromAxisAngle([1, 0, 0], 1)))).reason).toBe('turned');
    expect(judge([pushed], ended(path, compose(fromTranslation([0.05, 0, 0]), last))).reason).toBe('misplaced');
  });
});
