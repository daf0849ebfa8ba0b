/** Brings the truth to the run's frames and pixels: time, picture size, and the camera of frame 0 for hand-held films. */
import type { ByteImage } from '../../src/image/image.js';
import { createBytes } from '../../src/image/image.js';
import { type Intrinsics, resizeIntrinsics } from '../../src/math/camera.js';
import { compose, inverse, type Mat4 } from '../../src/math/se3.js';
import type { FoundScene } from './found.js';
import type { TrueScene } from './truth.js';

/** Truth at the run's frame k. */
export interface AlignedTruth {
  readonly numFrames: number;
  /** True camera at the size of the run's frames. */
  readonly camera: Intrinsics;
  /** Frame of the truth nearest in time to each frame of the run. */
  readonly truthFrame: readonly number[];
  /** Per true object id, one pose per frame of the run, in the camera of the run's frame 0. */
  readonly poses: ReadonlyMap<number, Mat4[]>;
  /** Share of the object that is seen, per frame of the run. */
  readonly visible: ReadonlyMap<number, number[]>;
  /** True id map of the run's frame k, in pixels of frame 0. */
  mask(k: number): Promise<ByteImage>;
}

export function alignTruth(scene: TrueScene, found: FoundScene): AlignedTruth {
  const { truth } = scene;
  const { fps, numFrames, startSec, camera, frameFromReference } = found.trajectory;
  const truthFrame = Array.from({ length: numFrames }, (_, k) => {
    const timeSec = startSec + k / fps;
    let best = 0;
    truth.frames.forEach((frame, i) => {
      if (Math.abs(frame.timeSec - timeSec) < Math.abs(truth.frames[best].timeSec - timeSec)) best = i;
    });
    return best;
  });
  const first = truth.frames[truthFrame[0]].cameraFromWorld;
  const firstFromFrame = truthFrame.map((i) => compose(first, inverse(truth.frames[i].cameraFromWorld)));
  const poses = new Map<number, Mat4[]>();
  const visible = new Map<number, number[]>();
  for (const { id, cameraFromObject, visibleFraction } of truth.objects) {
    poses.set(
      id,
      truthFrame.map((i, k) => compose(firstFromFrame[k], cameraFromObject[i])),
    );
    visible.set(
      id,
      truthFrame.map((i) => visibleFraction[i]),
    );
  }
  return {
    numFrames,
    camera: resizeIntrinsics(truth.camera, camera.widthPx, camera.heightPx),
    truthFrame,
    poses,
    visible,
    mask: async (k) =>
      resample(await scene.mask(truthFrame[k]), camera.widthPx, camera.heightPx, frameFromReference?.[k] ?? null),
  };
}

/** Nearest pixel of `mask` for every pixel of the run; `frameFromReference` is in pixels of the run's size. */
function resample(mask: ByteImage, widthPx: number, heightPx: number, frameFromReference: number[] | null): ByteImage {
  if (!frameFromReference && mask.widthPx === widthPx && mask.heightPx === heightPx) return mask;
  const h = frameFromReference ?? [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const out = createBytes(widthPx, heightPx, new Uint8Array(widthPx * heightPx));
  for (let row = 0; row < heightPx; row++) {
    for (let column = 0; column < widthPx; column++) {
      const [x, y] = [column + 0.5, row + 0.5];
      const w = h[6] * x + h[7] * y + h[8];
      const sx = Math.floor((((h[0] * x + h[1] * y + h[2]) / w) * mask.widthPx) / widthPx);
      const sy = Math.floor((((h[3] * x + h[4] * y + h[5]) / w) * mask.heightPx) / heightPx);
      if (sx < 0 || sy < 0 || sx >= mask.widthPx || sy >= mask.heightPx) continue;
      out.data[row * widthPx + column] = mask.data[sy * mask.widthPx + sx];
    }
  }
  return out;
}
