import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { UserError } from '../../src/base/errors.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { createBytes, createRgb, type RgbImage } from '../../src/image/image.js';
import { type Intrinsics, project } from '../../src/math/camera.js';
import { compose, type Mat4, transformPoint } from '../../src/math/se3.js';
import { createDepthBuffer, rasterizeMesh } from '../../src/objects/rasterize.js';
import { HAND_ID } from '../../src/perceive/perception.js';
import { createFranka } from '../../src/robot/franka.js';
import { type BuiltScene, buildScene } from '../../src/scene/build-scene.js';
import { sceneOptions } from '../../src/scene/options.js';
import { contains } from '../../src/scene/polygon.js';
import { readScene, writeScene } from '../../src/scene/scene-io.js';
import { tableEdges } from '../../src/scene/table-edge.js';
import { sceneTopViewSvg } from '../../src/scene/top-view.js';
import { skillTimelineSvg } from '../../src/skill/timeline.js';
import type { FrameSource } from '../../src/video/frames.js';
import {
  type Body,
  bowlMesh,
  boxMesh,
  CAMERA_FROM_WORLD,
  model,
  noisyPoses,
  parse,
  perceptionOf,
  throughKeyframes,
} from '../skill/synthetic.js';

const W = 192;
const H = 144;
const CAMERA: Intrinsics = { widthPx: W, heightPx: H, fx: 180, fy: 180, cx: 96, cy: 72 };
const NUM_FRAMES = 60;
const TABLE_HALF_M = 0.3;
const COLOURS = [
  [0, 0, 0],
  [200, 40, 40],
  [240, 240, 250],
  [40, 80, 200],
];

/** A square table of 0.6 m on a dark floor, seen by the test camera. */
function emptyRoom(): RgbImage {
  const image = createRgb(W, H);
  const random = new Random(4);
  const inTable = new Uint8Array(W * H);
  const slab = createDepthBuffer(W, H);
  rasterizeMesh(boxMesh([2 * TABLE_HALF_M, 2 * TABLE_HALF_M, 0.001]), CAMERA_FROM_WORLD, CAMERA, slab);
  for (let i = 0; i < W * H; i++) inTable[i] = slab.depthM[i] > 0 ? 1 : 0;
  for (let i = 0; i < W * H; i++) {
    const level = (inTable[i] !== 0 ? 190 : 60) + random.normal(0, 1.5);
    for (let c = 0; c < 3; c++) image.data[i * 3 + c] = level * [1, 0.92, 0.8][c];
  }
  return image;
}

/** Films the bodies: frames and id maps by z-buffer; a hand-like blob hovers over the first body while it moves. */
function film(room: RgbImage, bodies: readonly Body[]) {
  const draw = (k: number): Uint8Array => {
    const ids = new Uint8Array(W * H);
    const nearest = new Float32Array(W * H);
    for (const body of bodies) {
      const buffer = createDepthBuffer(W, H);
      rasterizeMesh(body.mesh, compose(CAMERA_FROM_WORLD, body.worldFromObject[k]), CAMERA, buffer);
      for (let i = 0; i < ids.length; i++) {
        if (buffer.depthM[i] > 0 && (nearest[i] === 0 || buffer.depthM[i] < nearest[i])) {
          nearest[i] = buffer.depthM[i];
          ids[i] = body.model.id;
        }
      }
    }
    if (k > 10 && k < 45) {
      const at = bodies[0].worldFromObject[k];
      const [u, v] = project(CAMERA, transformPoint(CAMERA_FROM_WORLD, [at[3], at[7], at[11] + 0.06]));
      for (let i = 0; i < ids.length; i++) {
        if (Math.hypot((i % W) - u, Math.floor(i / W) - v) < 9) ids[i] = HAND_ID;
      }
    }
    return ids;
  };
  const frames: FrameSource = {
    numFrames: NUM_FRAMES,
    fps: 30,
    widthPx: W,
    heightPx: H,
    read: async (k) => {
      const ids = draw(k);
      const image = createRgb(W, H, Uint8Array.from(room.data));
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] !== 0) image.data.set(ids[i] === HAND_ID ? [220, 170, 140] : COLOURS[ids[i]], i * 3);
      }
      return image;
    },
  };
  return { frames, readMask: async (k: number) => createBytes(W, H, draw(k)) };
}

const still = (at: [number, number, number]): Mat4[] => throughKeyframes(NUM_FRAMES, [{ frame: 0, at }]);
const bodies: Body[] = [
  {
    model: model(1, 'red block', [0.05, 0.05, 0.06]),
    mesh: boxMesh([0.05, 0.05, 0.06]),
    worldFromObject: throughKeyframes(NUM_FRAMES, [
      { frame: 12, at: [-0.1, -0.05, 0.03] },
      { frame: 28, at: [0, -0.02, 0.16] },
      { frame: 44, at: [0.1, 0, 0.035] },
    ]),
  },
  {
    model: model(2, 'white bowl', [0.16, 0.16, 0.06], { hollow: true, symmetry: 'z' }),
    mesh: bowlMesh(),
    worldFromObject: still([0.1, 0, 0.03]),
  },
  {
    model: model(3, 'blue box', [0.06, 0.06, 0.1]),
    mesh: boxMesh([0.06, 0.06, 0.1]),
    worldFromObject: still([-0.12, 0.18, 0.05]),
  },
];

describe('buildScene', () => {
  let folder: string;
  const room = emptyRoom();
  const poses = noisyPoses(bodies, { sdM: 0.0005, sdRad: 0.002 }, new Random(3));
  const { skill } = parse(bodies, poses);
  const perception = { ...perceptionOf(NUM_FRAMES), camera: { ...perceptionOf(1).camera, ...CAMERA } };
  const inputs = {
    robot: createFranka(),
    ...film(room, bodies),
    perception,
    plate: room,
    objects: bodies.map((b) => b.model),
    meshes: new Map(bodies.map((b) => [b.model.id, b.mesh])),
    poses,
    skill,
  };
  let built: BuiltScene;
  const context = createContext('scene', { seed: 3 });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'v2r-scene-'));
    built = await buildScene(inputs, resolveOptions(sceneOptions), context);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('shows the empty table with the passive box still on it', () => {
    let worst = 0;
    let sum = 0;
    const passive = createDepthBuffer(W, H);
    rasterizeMesh(bodies[2].mesh, compose(CAMERA_FROM_WORLD, bodies[2].worldFromObject[0]), CAMERA, passive);
    let boxPixels = 0;
    for (let i = 0; i < W * H; i++) {
      if (passive.depthM[i] > 0) {
        boxPixels += built.background.data[i * 3 + 2] > 150 ? 1 : 0;
        continue;
      }
      const d = Math.abs(built.background.data[i * 3] - room.data[i * 3]);
      sum += d;
      worst = Math.max(worst, d);
    }
    expect(boxPixels).toBeGreaterThan(0.9 * passive.depthM.filter((z) => z > 0).length);
    // Grain of 1.5 levels; nothing of red (200 on 190 is close), white, hand may remain: the floor is 60.
    expect(sum / (W * H)).toBeLessThan(2.5);
    expect(worst).toBeLessThan(40);
  });

  it('gives the passive box its own depth and the rest that of the table', () => {
    const top = transformPoint(CAMERA_FROM_WORLD, [-0.12, 0.18, 0.1]);
    const [u, v] = project(CAMERA, top);
    expect(Math.abs(built.depth.data[Math.floor(v) * W + Math.floor(u)] - top[2])).toBeLessThan(0.03);
    const free = transformPoint(CAMERA_FROM_WORLD, [0.2, -0.2, 0]);
    const [x, y] = project(CAMERA, free);
    expect(Math.abs(built.depth.data[Math.floor(y) * W + Math.floor(x)] - free[2])).toBeLessThan(0.01);
  });

  it('puts the workspace on the table, around the work and beside the box, and says what it found', () => {
    const { workspace, reachShare, finding } = built.scene;
    for (const [x, y] of workspace) {
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(TABLE_HALF_M);
      expect(Math.hypot(x + 0.12, y - 0.18)).toBeGreaterThan(0.05);
    }
    expect(contains(workspace, [-0.1, -0.05])).toBe(true);
    expect(contains(workspace, [0.1, 0])).toBe(true);
    expect(reachShare).toBeGreaterThan(0.9);
    expect(finding).toMatch(/The robot stands 0\.\d\d m from/);
  });

  it('comes back from disk as it was, and refuses files that do not belong together', async () => {
    await writeScene(folder, built);
    const again = await readScene(folder);
    expect(again.scene).toEqual(built.scene);
    expect(again.background.data).toEqual(built.background.data);
    expect(again.depth.data.findIndex((z, i) => z !== built.depth.data[i])).toBe(-1);
    const file = path.join(folder, 'scene.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(`"widthPx": ${W}`, '"widthPx": 100'));
    await expect(readScene(folder)).rejects.toThrow(UserError);
    await writeFile(file, text.replace('"workspace"', '"workspac"'));
    await expect(readScene(folder)).rejects.toThrow(/workspace/);
  });

  it('is the same for the same seed', async () => {
    const again = await buildScene(inputs, resolveOptions(sceneOptions), createContext('scene', { seed: 3 }));
    expect(again.background.data).toEqual(built.background.data);
    expect(again.scene).toEqual(built.scene);
  });

  it('draws timeline and top view as well-formed pictures that name everything', () => {
    const names = new Map(bodies.map((b) => [b.model.id, b.model.name]));
    const thumbnails = [{ frame: 10, href: 'frames/a&b.jpg' }];
    const timeline = skillTimelineSvg(skill, poses, { names, thumbnails });
    const top = sceneTopViewSvg(built.scene, inputs.objects, poses);
    for (const svg of [timeline, top]) {
      expect(svg.startsWith('<svg ')).toBe(true);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      for (const name of names.values()) expect(svg).toContain(name);
    }
    expect(timeline).toContain('a&amp;b.jpg');
    expect(timeline).toContain(`grasp ${skill.segments[0].fromFrame}`);
    expect(top).toContain('robot');
  });
});

describe('tableEdges', () => {
  it('finds the edge of a table in every direction in which it ends, to 2.5 cm of clearance', () => {
    const edges = tableEdges(emptyRoom(), CAMERA, CAMERA_FROM_WORLD, [0, 0], 0.45);
    expect(edges.length).toBeGreaterThan(16);
    for (const { a, b, c } of edges) {
      // Distance from the centre along the ray against the true way to the square's edge.
      const truth = TABLE_HALF_M / Math.max(Math.abs(a), Math.abs(b));
      // A pixel is up to 9 mm of table here, and colours are means over 3 px.
      expect(Math.abs(c + 0.025 - truth)).toBeLessThan(0.03);
    }
  });

  it('finds none on a table that fills the picture', () => {
    const plain = createRgb(W, H, new Uint8Array(W * H * 3).fill(180));
    expect(tableEdges(plain, CAMERA, CAMERA_FROM_WORLD, [0, 0], 0.45)).toEqual([]);
  });
});
