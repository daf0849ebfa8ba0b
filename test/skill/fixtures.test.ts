/** The parser on the true poses of the fixture videos, with noise: what it makes of a perfect tracker's output. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { compose, expTwist, fromTranslation, inverse, type Mat4, translationOf } from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { loadMesh } from '../../src/mesh/load-mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import type { Poses } from '../../src/pose/poses.js';
import { skillOptions } from '../../src/skill/options.js';
import { parseSkill } from '../../src/skill/parse.js';
import { model, perceptionOf } from './synthetic.js';

const FOLDER = new URL('../../fixtures/videos/', import.meta.url);
const names = existsSync(FOLDER)
  ? readdirSync(FOLDER).flatMap((name) => (name.endsWith('.truth') ? [name.slice(0, -6)] : []))
  : [];

interface Truth {
  objects: {
    id: number;
    role: 'source' | 'target' | 'moved' | 'distractor';
    word: string;
    sizeM: Vec3;
    mesh: string;
    symmetry: { kind: string };
    cameraFromObject: Mat4[];
  }[];
  frames: { timeSec: number; cameraFromWorld: Mat4 }[];
  events: { kind: string; objectId: number; frame: number }[];
}

const truthOf = (name: string): Truth => JSON.parse(readFileSync(new URL(`${name}.truth/truth.json`, FOLDER), 'utf8'));

/** World poses seen from the first frame's camera, as perception stabilises a hand-held video. */
function noisyTruth(truth: Truth, sdM: number, random: Random): Poses {
  const { cameraFromWorld } = truth.frames[0];
  const numFrames = truth.frames.length;
  const fps = (numFrames - 1) / (truth.frames[numFrames - 1].timeSec - truth.frames[0].timeSec);
  const n = (sd: number): number => random.normal(0, sd);
  return {
    kind: 'v2r/poses',
    version: 1,
    fps,
    numFrames,
    cameraFromWorld,
    objects: truth.objects.map((object) => ({
      id: object.id,
      frames: inFirstCamera(truth, object.cameraFromObject).map((pose, t, path) => {
        const before = path[Math.max(0, t - 1)];
        const still = distance(translationOf(pose), translationOf(before)) < 1e-5;
        const jitter = expTwist([0, 0, 0, n(4 * sdM), n(4 * sdM), n(4 * sdM)]);
        return {
          cameraFromObject: compose(fromTranslation([n(sdM), n(sdM), n(sdM)]), pose, jitter),
          state: still ? ('resting' as const) : ('moving' as const),
          visibleFraction: 1,
          loss: 0,
          sdM: Math.max(sdM, 0.0005),
          sdRad: 4 * sdM,
        };
      }),
    })),
  };
}

/** The phone shakes in some films. */
const inFirstCamera = ({ frames }: Truth, path: readonly Mat4[]): Mat4[] =>
  path.map((pose, t) => compose(frames[0].cameraFromWorld, inverse(frames[t].cameraFromWorld), pose));

describe.skipIf(names.length === 0)(
  'skills of the fixture videos (skipped when fixtures/videos holds no truth)',
  () => {
    it.each(names.flatMap((name) => [0.001, 0.003].map((sdM) => [name, sdM] as const)))(
      'finds source, target and events of "%s" with %d m of noise',
      async (name, sdM) => {
        const truth = truthOf(name);
        const poses = noisyTruth(truth, sdM, new Random(21));
        const meshes = new Map<number, TriangleMesh>();
        for (const o of truth.objects) {
          meshes.set(o.id, await loadMesh(new URL(`${name}.truth/${o.mesh}`, FOLDER).pathname));
        }
        const objects = truth.objects.map((o) =>
          model(o.id, o.word, o.sizeM, { symmetry: o.symmetry.kind === 'axial' ? 'z' : 'none' }),
        );
        const skill = parseSkill(
          { perception: perceptionOf(poses.numFrames), objects, meshes, poses },
          resolveOptions(skillOptions),
          createContext('skill', { seed: 1 }),
        );
        expect(skill.task).toBe(name);
        const source = truth.objects.find((o) => o.role === 'source')!;
        const target = truth.objects.find((o) => o.role === 'target');
        const main = skill.segments.find((s) => s.kind === 'task' && s.word === skill.task)!;
        expect(main.sourceId).toBe(source.id);
        if (target) expect(main.targetId).toBe(target.id);
        for (const o of truth.objects.filter((other) => other.role === 'distractor')) {
          expect(skill.roles!.find((r) => r.id === o.id)!.role).toBe('passive');
        }
        // "lift" in the truth is the start of its motion, "down" the end.
        const lift = truth.events.find((e) => e.kind === 'lift' && e.objectId === source.id);
        const down = truth.events.findLast((e) => e.kind === 'down' && e.objectId === source.id);
        const grasp = skill.events!.find((e) => e.kind === 'grasp' && e.objectId === source.id)!;
        const release = skill.events!.findLast((e) => e.kind === 'release' && e.objectId === source.id);
        if (lift) expect(Math.abs(grasp.frame - lift.frame)).toBeLessThanOrEqual(3);
        if (down) expect(Math.abs(release!.frame - down.frame)).toBeLessThanOrEqual(3);
      },
    );
  },
);
