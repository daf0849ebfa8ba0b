/** Our tracker on a BOP scene without its models: shapes come from the pictures themselves, in object frames and at a scale of their own. */
import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { compose, type Mat4 } from '../../math/se3.js';
import type { ObjectOptions } from '../../objects/options.js';
import type { PoseOptions } from '../../pose/options.js';
import { reconstructObjects } from '../../pose/reconstruct.js';
import { trackPoses } from '../../pose/track-poses.js';
import { rotationFromReference } from '../dataset/reference-camera.js';
import type { Sequence } from '../dataset/sequence.js';

/** One perceived object: its own frame in the camera of each image, null where it was lost. */
export interface ReconstructedTrack {
  readonly maskId: number;
  readonly referenceFrame: number;
  readonly cameraFromFound: readonly (Mat4 | null)[];
}

export async function trackReconstructed(
  sequence: Sequence,
  options: { readonly pose: PoseOptions; readonly objects: ObjectOptions },
  ctx: StageContext,
): Promise<ReconstructedTrack[]> {
  if (!sequence.hasTable) {
    throw new UserError('reconstructed models need a table', 'use --masks perceived with --models reconstructed', 2);
  }
  const { frames, perception, tracks, camera } = sequence;
  const readMask = (frameIdx: number) => sequence.readMask(frameIdx);
  const { objects, gaussians, meshes } = await reconstructObjects(
    { frames, perception, readMask, tracks },
    options.objects,
    ctx,
  );
  const shapes = { objects, gaussians, meshes };
  const poses = await trackPoses({ frames, perception, readMask, tracks, ...shapes }, options.pose, ctx);
  return poses.objects.map(({ id, frames: found }) => ({
    maskId: id,
    referenceFrame: objects.objects.find((model) => model.id === id)!.referenceFrame,
    cameraFromFound: found.map(({ cameraFromObject }, k) => {
      const turn = rotationFromReference(perception, camera, k);
      return cameraFromObject && turn ? compose(turn, cameraFromObject) : cameraFromObject;
    }),
  }));
}
