/** A small made-up world for episode tests: a camera over a table, a box to be put somewhere, and a Franka behind the table. */

import type { EpisodeInputs, EpisodeObject } from '../../src/episode/episode.js';
import type { PlacedManipulation } from '../../src/episode/trial.js';
import type { Intrinsics } from '../../src/math/camera.js';
import { compose, fromAxes, fromTranslation, fromYaw, inverse, type Mat4 } from '../../src/math/se3.js';
import { cross, normalize, sub, type Vec3 } from '../../src/math/vec3.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { createFranka } from '../../src/robot/franka.js';
import type { Scene } from '../../src/scene/scene.js';
import type { Skill } from '../../src/skill/skill.js';

/** A box centred at the origin, metres. */
export function boxMesh(x: number, y: number, z: number): TriangleMesh {
  const vertices: number[] = [];
  for (const i of [-1, 1])
    for (const j of [-1, 1]) for (const k of [-1, 1]) vertices.push((i * x) / 2, (j * y) / 2, (k * z) / 2);
  const quads = [
    [0, 1, 3, 2],
    [4, 6, 7, 5],
    [0, 4, 5, 1],
    [2, 3, 7, 6],
    [0, 2, 6, 4],
    [1, 5, 7, 3],
  ];
  const triangles = quads.flatMap(([a, b, c, d]) => [a, b, c, a, c, d]);
  return { vertices: new Float64Array(vertices), triangles: new Uint32Array(triangles) };
}

/** A bowl with a wall: revolution of a closed profile, open at the top, centred in z. */
export function bowlMesh(radiusM: number, heightM: number, wallM: number, sides = 40): TriangleMesh {
  const h = heightM / 2;
  const profile: [number, number][] = [
    [0.001, -h],
    [radiusM * 0.6, -h],
    [radiusM, h],
    [radiusM - wallM, h],
    [radiusM * 0.6 - wallM, -h + wallM],
    [0.001, -h + wallM],
  ];
  const vertices: number[] = [];
  for (let s = 0; s < sides; s++) {
    const angle = (2 * Math.PI * s) / sides;
    for (const [r, z] of profile) vertices.push(r * Math.cos(angle), r * Math.sin(angle), z);
  }
  const triangles: number[] = [];
  const n = profile.length;
  for (let s = 0; s < sides; s++) {
    for (let p = 0; p < n; p++) {
      const a = s * n + p;
      const b = ((s + 1) % sides) * n + p;
      const c = ((s + 1) % sides) * n + ((p + 1) % n);
      const d = s * n + ((p + 1) % n);
      triangles.push(a, b, c, a, c, d);
    }
  }
  return { vertices: new Float64Array(vertices), triangles: new Uint32Array(triangles) };
}

export function lookAt(eye: Vec3, target: Vec3): Mat4 {
  const z = normalize(sub(target, eye));
  const x = normalize(cross(z, [0, 0, 1]));
  return inverse(fromAxes(x, cross(z, x), z, eye));
}

export const camera: Intrinsics = { widthPx: 640, heightPx: 480, fx: 600, fy: 600, cx: 320, cy: 240 };

export function syntheticScene(): Scene {
  return {
    kind: 'v2r/scene',
    version: 1,
    camera,
    cameraFromWorld: lookAt([0, -0.75, 0.6], [0, 0.05, 0.05]),
    robot: 'franka',
    worldFromBase: fromYaw(-Math.PI / 2, [0, 0.55, 0]),
    workspace: [
      [-0.2, -0.12],
      [0.2, -0.12],
      [0.2, 0.15],
      [-0.2, 0.15],
    ],
    reachShare: 1,
    finding: 'synthetic',
  };
}

/** Straight down from 12 cm over the end pose, in 30 frames. */
export function loweringMotion(end: Mat4): Mat4[] {
  return Array.from({ length: 31 }, (_, k) => compose(fromTranslation([0, 0, 0.12 * (1 - k / 30)]), end));
}

export function syntheticSkill(sourceId: number, targetId: number | null, motion: Mat4[]): Skill {
  const last = 30 + motion.length - 1;
  const segment = { sourceId, confidence: 1, evidence: 'synthetic' };
  return {
    kind: 'v2r/skill',
    version: 1,
    fps: 30,
    task: 'place',
    instruction: 'put the box onto the block',
    segments: [
      { ...segment, kind: 'grasp', targetId: null, fromFrame: 10, toFrame: 12 },
      { ...segment, kind: 'task', targetId, fromFrame: 30, toFrame: last },
      { ...segment, kind: 'release', targetId: null, fromFrame: last, toFrame: last + 2 },
    ],
    relativeMotions: [{ sourceId, targetId, fromFrame: 30, targetFromSource: motion }],
    confidence: 1,
    finding: 'synthetic',
  };
}

export function syntheticObject(id: number, role: EpisodeObject['role'], mesh: TriangleMesh): EpisodeObject {
  return {
    id,
    name: `${role} ${id}`,
    role,
    symmetry: 'none',
    mesh,
    hollow: false,
    hold: null,
    grasps: null,
    sizeSdM: null,
    restYawRad: 0,
  };
}

/** A box of 4 x 5 x 8 cm to be put onto a block of 12 x 12 x 4 cm. */
export function placeInputs(): EpisodeInputs {
  const box = syntheticObject(1, 'source', boxMesh(0.04, 0.05, 0.08));
  const block = syntheticObject(2, 'target', boxMesh(0.12, 0.12, 0.04));
  const end = fromYaw(0.3, [0.01, -0.01, 0.06]);
  return {
    robot: createFranka(),
    scene: syntheticScene(),
    skill: syntheticSkill(1, 2, loweringMotion(end)),
    objects: [box, block],
  };
}

/** Object 1, standing in `standing`, set down on object 2 along `poses` in the world. */
export function setDownTask(standing: ReadonlyMap<number, Mat4>, poses: Mat4[]): PlacedManipulation {
  return {
    sourceId: 1,
    worldFromSource: standing.get(1)!,
    motions: [{ targetId: 2, touchesTarget: true, poses, durationSec: 1, pushed: [] }],
    cargo: [],
    released: true,
  };
}
