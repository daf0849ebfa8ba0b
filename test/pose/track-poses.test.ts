import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { CancelledError } from '../../src/base/errors.js';
import { resolveOptions } from '../../src/base/options.js';
import { createBytes } from '../../src/image/image.js';
import { compose, inverse, type Mat4, rotationAngleBetween, translationOf } from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { type BuiltObjects, buildObjects } from '../../src/objects/build-objects.js';
import { objectOptions } from '../../src/objects/options.js';
import type { Tracks } from '../../src/perceive/perception.js';
import { poseOptions } from '../../src/pose/options.js';
import { drawPoseOverlay } from '../../src/pose/overlay.js';
import type { Poses } from '../../src/pose/poses.js';
import { readPoses, writePoses } from '../../src/pose/poses-io.js';
import { trackPoses } from '../../src/pose/track-poses.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { checker, frustumSolid, type SyntheticClip } from '../objects/synthetic-scene.js';
import {
  carriedClip,
  FIRST_MOVING,
  HEIGHT_PX,
  LAST_MOVING,
  NUM_FRAMES,
  trueTracks,
  WIDTH_PX,
} from './synthetic-motion.js';

const patterned = (p: Vec3): Vec3 =>
  checker([0.8, 0.1, 0.1], [0.9, 0.9, 0.85], Math.atan2(p[1], p[0]) * 2 + 50, 40 * p[2] + 9);
const options = (given = {}) => resolveOptions(poseOptions, { poseSteps: 14, poseGaussians: 600, ...given });
const fps = 12;

/** Errors against the truth, up to the (constant) offset between the found and the true object frame at frame 0. */
function errors(poses: Poses, clip: SyntheticClip): { cm: number[]; deg: number[] } {
  const frames = poses.objects[0].frames.map((f) => f.cameraFromObject as Mat4);
  const solidFromObject = compose(inverse(clip.cameraFromSolid(1, 0)), frames[0]);
  const cm: number[] = [];
  const deg: number[] = [];
  frames.forEach((pose, t) => {
    const expected = compose(clip.cameraFromSolid(1, t), solidFromObject);
    cm.push(100 * distance(translationOf(pose), translationOf(expected)));
    deg.push((180 / Math.PI) * rotationAngleBetween(pose, expected));
  });
  return { cm, deg };
}

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function track(clip: SyntheticClip, built: BuiltObjects, tracks: Tracks | null, given = {}) {
  const ctx = createContext('poses', { seed: 1 });
  const inputs = { ...clip, tracks, objects: built.objects, gaussians: built.gaussians };
  const poses = await trackPoses(inputs, options(given), ctx);
  return { poses, warnings: ctx.warnings };
}

describe('trackPoses on a patterned can carried across the table', () => {
  const solid = frustumSolid(0.033, 0.033, 0.08, patterned);
  const clip = carriedClip(solid, 0.04, 0.5);
  let built: BuiltObjects;
  let tracks: Tracks;
  let poses: Poses;

  beforeAll(async () => {
    built = await buildObjects(
      clip,
      resolveOptions(objectOptions, { maxGaussians: 2500, shape: 'revolution' }),
      createContext('objects'),
    );
    tracks = await trueTracks(clip, solid);
    poses = (await track(clip, built, tracks)).poses;
  }, 120_000);

  it('frames at both ends of what perception took for motion, in which it still or already rests, have the pose of the rest', async () => {
    const wide = {
      ...clip,
      perception: {
        ...clip.perception,
        objects: clip.perception.objects.map((object) => ({
          ...object,
          motion: { firstFrame: FIRST_MOVING - 2, lastFrame: LAST_MOVING + 2 },
        })),
      },
    };
    const { frames } = (await track(wide, built, tracks)).poses.objects[0];
    for (const [at, rest] of [
      [FIRST_MOVING - 1, 0],
      [FIRST_MOVING - 2, 0],
      [LAST_MOVING + 1, NUM_FRAMES - 1],
      [LAST_MOVING + 2, NUM_FRAMES - 1],
    ]) {
      expect(frames[at].state).toBe('resting');
      expect(frames[at].cameraFromObject).toEqual(frames[rest].cameraFromObject);
    }
    // Three frames of motion, 3 cm, are not swallowed.
    expect(frames[FIRST_MOVING + 2].state).toBe('moving');
    expect(frames[LAST_MOVING - 3].state).toBe('moving');
  });

  it('median error under 5 mm and 3 degrees, worst under 12 mm and 8 degrees', () => {
    const { cm, deg } = errors(poses, clip);
    console.log(
      `can: median ${median(cm).toFixed(2)} cm ${median(deg).toFixed(1)} deg, worst ${Math.max(...cm).toFixed(2)} cm ${Math.max(...deg).toFixed(1)} deg`,
    );
    expect(median(cm)).toBeLessThan(0.5);
    expect(Math.max(...cm)).toBeLessThan(1.2);
    expect(median(deg)).toBeLessThan(3);
    expect(Math.max(...deg)).toBeLessThan(8);
  });

  it('the position at rest is within 4 mm of the truth', () => {
    const found = translationOf(poses.objects[0].frames[0].cameraFromObject!);
    expect(distance(found, translationOf(clip.cameraFromSolid(1, 0)))).toBeLessThan(0.004);
  });

  it('a resting object does not move at all, and states follow the motion', () => {
    const { frames } = poses.objects[0];
    for (let t = 1; t < FIRST_MOVING; t++) expect(frames[t].cameraFromObject).toEqual(frames[0].cameraFromObject);
    for (let t = LAST_MOVING + 2; t < NUM_FRAMES; t++) {
      expect(frames[t].cameraFromObject).toEqual(frames[LAST_MOVING + 1].cameraFromObject);
    }
    expect(frames[0].state).toBe('resting');
    expect(frames[Math.floor((FIRST_MOVING + LAST_MOVING) / 2)].state).toBe('moving');
    expect(frames.every((f) => f.visibleFraction > 0.3 && f.loss >= 0)).toBe(true);
  });

  it('the same seed gives the same poses; the file comes back as it was', async () => {
    expect((await track(clip, built, tracks)).poses).toEqual(poses);
    const folder = await mkdtemp(path.join(tmpdir(), 'v2r-poses-'));
    await writePoses(folder, poses);
    // Through JSON, which knows no negative zero.
    expect(await readPoses(folder)).toEqual(JSON.parse(JSON.stringify(poses)));
    await rm(folder, { recursive: true });
  });

  it('survives masks that vanish for a few frames: those are guessed, near the truth', async () => {
    const hidden = [9, 10, 11];
    const blind: SyntheticClip = {
      ...clip,
      readMask: async (t) => (hidden.includes(t) ? createBytes(WIDTH_PX, HEIGHT_PX) : clip.readMask(t)),
    };
    const result = await track(blind, built, null);
    const { cm } = errors(result.poses, clip);
    for (const t of hidden) {
      expect(result.poses.objects[0].frames[t].state).toBe('guessed');
      expect(cm[t]).toBeLessThan(2.5);
    }
    expect(result.warnings.map((w) => w.code)).toContain('pose-gaps');
  });

  it('survives tracks that are all NaN, and masks that are all empty', async () => {
    const nan = { ...tracks, xyPx: new Float32Array(tracks.xyPx.length).fill(Number.NaN) };
    expect(Math.max(...errors((await track(clip, built, nan)).poses, clip).cm)).toBeLessThan(2);
    const empty: SyntheticClip = { ...clip, readMask: async () => createBytes(WIDTH_PX, HEIGHT_PX) };
    const { poses: blind, warnings } = await track(empty, built, null);
    expect(blind.objects[0].frames.every((f) => f.state === 'guessed' || f.state === 'lost')).toBe(true);
    expect(blind.objects[0].frames.every((f) => f.visibleFraction === 0 && f.loss === 1)).toBe(true);
    expect(warnings.map((w) => w.code)).toContain('pose-gaps');
  });

  it('masks that come late or end early: the missing frames are lost or guessed, the seen ones stay near the truth', async () => {
    const gone = (from: number, to: number): SyntheticClip => ({
      ...clip,
      readMask: async (t) => (t >= from && t <= to ? createBytes(WIDTH_PX, HEIGHT_PX) : clip.readMask(t)),
    });
    const late = await track(gone(0, FIRST_MOVING + 2), built, null);
    const early = await track(gone(LAST_MOVING - 2, NUM_FRAMES - 1), built, null);
    for (const [result, seen] of [
      [late, [FIRST_MOVING + 4, NUM_FRAMES - 1]],
      [early, [0, LAST_MOVING - 4]],
    ] as const) {
      const { frames } = result.poses.objects[0];
      const unseen = frames.filter((_, t) => t < seen[0] - 1 || t > seen[1] + 1);
      expect(unseen.every(({ state, visibleFraction }) => state !== 'moving' && visibleFraction === 0)).toBe(true);
      for (const pose of frames.flatMap((f) => (f.cameraFromObject ? [f.cameraFromObject] : []))) {
        expect(pose.every(Number.isFinite)).toBe(true);
      }
      expect(result.warnings.map((w) => w.code)).toContain('pose-gaps');
    }
    const at = (t: number): number =>
      distance(
        translationOf(early.poses.objects[0].frames[t].cameraFromObject!),
        translationOf(clip.cameraFromSolid(1, t)),
      );
    expect(at(0)).toBeLessThan(0.005);
    expect(at(LAST_MOVING - 4)).toBeLessThan(0.02);
  });

  it('every switch can be off: the poses stay finite', async () => {
    const off = {
      rest: false,
      occlusion: false,
      motionPrior: false,
      de: false,
      restarts: 0,
      backward: false,
      smooth: false,
    };
    const { poses: plain } = await track(clip, built, tracks, { ...off, contact: false, rgbLoss: false });
    expect(plain).not.toEqual(poses);
    const all = plain.objects[0].frames.flatMap((f) => (f.cameraFromObject ? [f.cameraFromObject] : []));
    expect(all.length).toBeGreaterThan(NUM_FRAMES / 2);
    expect(all.flat().every(Number.isFinite)).toBe(true);
  });

  it('stops when cancelled', async () => {
    const stop = new AbortController();
    stop.abort();
    const ctx = createContext('poses', { signal: stop.signal });
    const inputs = { ...clip, tracks, objects: built.objects, gaussians: built.gaussians };
    await expect(trackPoses(inputs, options(), ctx)).rejects.toThrow(CancelledError);
  });

  it('the overlay draws where the object is and nowhere else', async () => {
    const renderer = await createRenderer();
    const frame = await clip.frames.read(0);
    const item = {
      set: renderer.prepare(built.gaussians.get(1)!),
      cameraFromObject: poses.objects[0].frames[0].cameraFromObject!,
      axisM: 0.03,
      colour: [0, 255, 0] as Vec3,
    };
    const drawn = drawPoseOverlay(frame, clip.perception.camera, [item], renderer, 'render');
    const ids = await clip.readMask(0);
    let changedFar = 0;
    for (let i = 0; i < ids.data.length; i++) {
      const near = [-3, 0, 3].some((dy) => [-3, 0, 3].some((dx) => ids.data[i + dy * WIDTH_PX + dx] === 1));
      if (!near && drawn.data[3 * i] !== frame.data[3 * i]) changedFar++;
    }
    expect(changedFar).toBe(0);
    expect(drawPoseOverlay(frame, clip.perception.camera, [], renderer).data).toEqual(frame.data);
    const outline = drawPoseOverlay(frame, clip.perception.camera, [item], renderer);
    expect(outline.data).not.toEqual(frame.data);
  });
});

describe('a plain round object', () => {
  it('turns with its tracks; without them nothing tells its turn', async () => {
    const solid = frustumSolid(0.033, 0.033, 0.08, () => [0.75, 0.35, 0.2]);
    const clip = carriedClip(solid, 0.04, 0.9);
    const built = await buildObjects(
      clip,
      resolveOptions(objectOptions, { maxGaussians: 2500, shape: 'revolution' }),
      createContext('objects'),
    );
    const tracks = await trueTracks(clip, solid);
    /** Mean wrong turn per second over the motion. */
    const spin = (poses: Poses): number => {
      const { deg } = errors(poses, clip);
      return (Math.abs(deg[LAST_MOVING] - deg[FIRST_MOVING - 1]) * fps) / (LAST_MOVING - FIRST_MOVING + 1);
    };
    const withTracks = spin((await track(clip, built, tracks)).poses);
    const without = spin((await track(clip, built, tracks, { trackLoss: false })).poses);
    console.log(
      `plain can: wrong turn ${withTracks.toFixed(1)} deg/s with the track loss, ${without.toFixed(1)} deg/s without`,
    );
    expect(withTracks).toBeLessThan(10);
    expect(without).toBeGreaterThan(2 * withTracks);
  }, 120_000);
});
