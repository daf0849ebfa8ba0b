import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { createBytes, createRgb } from '../../src/image/image.js';
import { fromTranslation, identity, type Mat4 } from '../../src/math/se3.js';
import { boxMesh } from '../../src/objects/mesh.js';
import type { FollowedFrame } from '../../src/pose/follow.js';
import type { FrameEvidence } from '../../src/pose/observation.js';
import { poseOptions } from '../../src/pose/options.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { smoothMotion } from '../../src/pose/smooth-motion.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

const camera = { widthPx: 160, heightPx: 120, fx: 250, fy: 250, cx: 80, cy: 60 };
const NUM_FRAMES = 24;

describe('smoothMotion', () => {
  it('does not smooth away a jerk that the pictures show', async () => {
    const renderer = await createRenderer();
    const { vertices, triangles } = boxMesh(0.04, 0.04, 0.04);
    const gaussians = gaussiansFromMesh(vertices, triangles, () => [0.8, 0.4, 0.2], 0.002, new Random(1));
    const set = renderer.prepare(gaussians);
    // Two centimetres to the side and back within four frames.
    const truth = (t: number): Mat4 => fromTranslation([0.01 * Math.max(0, 2 - Math.abs(t - NUM_FRAMES / 2)), 0, 0.5]);
    const evidence = async (t: number): Promise<FrameEvidence> => {
      const drawn = renderer.render(camera, [{ set, cameraFromSet: truth(t), label: 1 }]);
      const inside = Uint8Array.from(drawn.alpha, (a) => (a > 0.5 ? 1 : 0));
      const rgb = Uint8Array.from(drawn.rgb, (v) => 255 * Math.min(1, v));
      const { widthPx, heightPx } = camera;
      return { rgb: createRgb(widthPx, heightPx, rgb), idMap: createBytes(widthPx, heightPx, inside) };
    };
    const moving = Array.from(
      { length: NUM_FRAMES },
      (_, t): FollowedFrame => ({
        ...{ frameIdx: t, cameraFromObject: truth(t), value: 0.5, iou: 0.6, visibleFraction: 1 },
        ...{ lost: false, grounded: false },
      }),
    );
    const object = {
      ...{ id: 1, renderer, gaussians, set, scale: 1, radiusM: 0.035, worldFromCamera: identity() },
      extremes: extremePoints(gaussians.position, gaussians.count),
      weights: { mask: 1, rgb: 0, depth: 0, track: 0, contact: 0 },
    };
    const options = resolveOptions(poseOptions, {});
    const smoothed = await smoothMotion(
      { object, camera, lifted: null, options, random: new Random(1), evidence },
      { moving, before: null, after: null, focalPx: 250, fps: 30, trustIn: () => 1 },
    );
    const worst = Math.max(...moving.map((_, t) => Math.abs(smoothed![t].cameraFromObject[3] - truth(t)[3])));
    expect(worst).toBeLessThan(0.004);
  });
});
