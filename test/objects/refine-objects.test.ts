import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { compose, fromYaw, inverse, type Mat4 } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { type BuiltObjects, buildObjects } from '../../src/objects/build-objects.js';
import { objectOptions } from '../../src/objects/options.js';
import { refineObjects } from '../../src/objects/refine-objects.js';
import { chooseViews, type PosedFrame } from '../../src/objects/refine-views.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { boxSolid, lookingCamera, perceived, syntheticClip } from './synthetic-scene.js';

const options = resolveOptions(objectOptions);
const FACES: Vec3[] = [
  [0.8, 0.2, 0.2],
  [0.2, 0.7, 0.3],
  [0.25, 0.3, 0.8],
  [0.85, 0.75, 0.2],
  [0.5, 0.5, 0.5],
  [0.9, 0.9, 0.85],
];

describe('chooseViews', () => {
  const at = (yaw: number, trust: number, frameIdx: number): PosedFrame => ({
    frameIdx,
    trust,
    isResting: false,
    cameraFromObject: compose(lookingCamera(100, 80, 0.6, 35).cameraFromWorld, fromYaw(yaw)),
  });

  it('takes frames from new sides, trusted ones first, and no two that look alike', () => {
    const first = at(0, 1, 0);
    const frames = [at(0.02, 1, 1), at(1.5, 0.9, 2), at(1.52, 0.95, 3), at(3, 0.3, 4), at(-1.5, 0.8, 5)];
    expect(chooseViews(first, frames, 8).map(({ frameIdx }) => frameIdx)).toEqual([0, 3, 5]);
    expect(chooseViews(first, frames, 2).map(({ frameIdx }) => frameIdx)).toEqual([0, 3]);
  });
});

describe('refineObjects', () => {
  it('shows sides that only later frames saw as they are, and every side of a box within 4 %', async () => {
    const view = lookingCamera(320, 240, 0.45, 38);
    const size: Vec3 = [0.05, 0.075, 0.045];
    const yaws = [0.5, 2.1, 3.6, 4.4];
    const solid = boxSolid(size, (_, face) => FACES[face]);
    const worldFromSolid = (k: number): Mat4 => fromYaw(yaws[k], [0.01 * k, 0, size[2] / 2]);
    const clip = syntheticClip(
      view,
      [{ id: 1, solid, worldFromSolid }],
      [perceived(1, 'block', 'source', { firstFrame: 1, lastFrame: 2 })],
      yaws.length,
    );
    const ctx = createContext('objects', { seed: 4 });
    const built = await buildObjects(clip, { ...options, restFrames: 1 }, ctx);
    const [model] = built.objects.objects;
    const objectFromSolid = compose(inverse(model.cameraFromObject), clip.cameraFromSolid(1, 0));
    const poseOf = (k: number): Mat4 => compose(clip.cameraFromSolid(1, k), inverse(objectFromSolid));
    // The third frame is held out.
    const posed = [1, 3].map((frameIdx) => ({
      frameIdx,
      cameraFromObject: poseOf(frameIdx),
      isResting: false,
      trust: 0.95,
    }));
    const refined = await refineObjects(built, clip, new Map([[1, posed]]), options, ctx);
    const renderer = await createRenderer();
    const frame = await clip.frames.read(2);
    const ids = await clip.readMask(2);
    const errorOf = ({ gaussians }: BuiltObjects): number => {
      const set = renderer.prepare(gaussians.get(1)!);
      const drawn = renderer.render(view.camera, [{ set, cameraFromSet: poseOf(2), label: 1 }], { depth: false });
      let [sum, count] = [0, 0];
      for (let i = 0; i < ids.data.length; i++) {
        if (ids.data[i] !== 1 || drawn.alpha[i] < 0.9) continue;
        for (let c = 3 * i; c < 3 * i + 3; c++) sum += Math.abs(drawn.rgb[c] - frame.data[c] / 255);
        count += 3;
      }
      expect(count).toBeGreaterThan(2000);
      return sum / count;
    };
    expect(errorOf(built)).toBeGreaterThan(0.12);
    expect(errorOf(refined)).toBeLessThan(0.4 * errorOf(built));
    const sides = [...refined.objects.objects[0].sizeM].sort();
    [...size].sort().forEach((true_, k) => {
      expect(Math.abs(sides[k] / true_ - 1)).toBeLessThan(0.04);
    });
  });
});
