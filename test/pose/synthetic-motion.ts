/** A hand carries a solid across the table: poses, masks and point tracks with exact truth. */
import { project, rayOf } from '../../src/math/camera.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  inverse,
  type Mat4,
  transformDirection,
  transformPoint,
  translationOf,
} from '../../src/math/se3.js';
import { type Vec3, vec3 } from '../../src/math/vec3.js';
import type { Tracks } from '../../src/perceive/perception.js';
import {
  ballSolid,
  lookingCamera,
  perceived,
  type Solid,
  type SyntheticClip,
  syntheticClip,
} from '../objects/synthetic-scene.js';

export const NUM_FRAMES = 20;
export const FIRST_MOVING = 4;
export const LAST_MOVING = 15;
const FPS = 12;
export const WIDTH_PX = 320;
export const HEIGHT_PX = 240;

/** Carried 22 cm to the right and 5 cm up in between, turned by `turnRad` about the vertical, tilted a little on the way. */
export function carriedClip(solid: Solid, halfHeightM: number, turnRad: number): SyntheticClip {
  const share = (t: number): number => {
    const u = Math.min(1, Math.max(0, (t - FIRST_MOVING + 1) / (LAST_MOVING - FIRST_MOVING + 1)));
    return (1 - Math.cos(Math.PI * u)) / 2;
  };
  const pose = (t: number): Mat4 => {
    const u = share(t);
    const lift = Math.sin(Math.PI * u);
    return compose(
      fromTranslation([-0.11 + 0.22 * u, -0.01 + 0.04 * u, halfHeightM + 0.05 * lift]),
      fromAxisAngle([0, 0, 1], 0.4 + turnRad * u),
      fromAxisAngle([1, 0, 0], 0.15 * lift),
    );
  };
  const hand = (t: number): Mat4 => {
    const p = translationOf(pose(t));
    const away = 0.06 * (Math.max(0, FIRST_MOVING - 1 - t) + Math.max(0, t - LAST_MOVING - 1));
    return fromTranslation([p[0] + 0.03, p[1] + 0.04, p[2] + halfHeightM + 0.012 + away]);
  };
  return syntheticClip(
    lookingCamera(WIDTH_PX, HEIGHT_PX, 0.6, 35),
    [
      { id: 1, solid, worldFromSolid: pose },
      { id: 255, solid: ballSolid(0.022, [0.8, 0.6, 0.5]), worldFromSolid: hand },
    ],
    [perceived(1, 'thing', 'source', { firstFrame: FIRST_MOVING, lastFrame: LAST_MOVING })],
    NUM_FRAMES,
    FPS,
  );
}

/** Tracks of surface points seen in frame 0, exact to `noisePx` (a fixed pattern), NaN where they are turned away or covered. */
export async function trueTracks(clip: SyntheticClip, solid: Solid, noisePx = 0.2): Promise<Tracks> {
  const { camera } = clip.perception;
  const first = await clip.readMask(0);
  const points: Vec3[] = [];
  for (let y = 1; y < camera.heightPx; y += 4) {
    for (let x = 1; x < camera.widthPx; x += 4) {
      if (first.data[y * camera.widthPx + x] !== 1) continue;
      const solidFromCamera = inverse(clip.cameraFromSolid(1, 0));
      const origin = translationOf(solidFromCamera);
      const direction = transformDirection(solidFromCamera, rayOf(camera, x + 0.5, y + 0.5));
      const hit = solid(origin, direction);
      if (hit) points.push(vec3((k) => origin[k] + hit.t * direction[k]));
    }
  }
  const xyPx = new Float32Array(NUM_FRAMES * points.length * 2).fill(Number.NaN);
  for (let t = 0; t < NUM_FRAMES; t++) {
    const cameraFromSolid = clip.cameraFromSolid(1, t);
    const eye = translationOf(inverse(cameraFromSolid));
    const ids = await clip.readMask(t);
    points.forEach((p, k) => {
      const [x, y] = project(camera, transformPoint(cameraFromSolid, p));
      if (ids.data[Math.floor(y) * camera.widthPx + Math.floor(x)] !== 1) return;
      const hit = solid(eye, [p[0] - eye[0], p[1] - eye[1], p[2] - eye[2]]);
      if (hit === null || hit.t < 0.99) return;
      const i = 2 * (t * points.length + k);
      xyPx[i] = x + noisePx * Math.sin(7 * t + 13 * k);
      xyPx[i + 1] = y + noisePx * Math.cos(5 * t + 3 * k);
    });
  }
  return { numFrames: NUM_FRAMES, numTracks: points.length, xyPx, objectIds: points.map(() => 1) };
}
