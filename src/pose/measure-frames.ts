/** Loss and visibility of final poses, frame by frame over all objects (each frame is decoded once). */
import type { Intrinsics } from '../math/camera.js';
import { projectedBox } from './follow.js';
import { evaluatePose, type TrackedObject } from './objective.js';
import { boxOfId, type FrameEvidence, observe, unionBox } from './observation.js';
import type { PoseFrame } from './poses.js';
import type { Trajectory } from './trajectory.js';

export async function measureFrames(
  tracked: readonly { readonly object: TrackedObject; readonly trajectory: Trajectory }[],
  camera: Intrinsics,
  numFrames: number,
  windowPx: number,
  evidenceOf: (frameIdx: number) => Promise<FrameEvidence>,
): Promise<PoseFrame[][]> {
  const result: PoseFrame[][] = tracked.map(() => []);
  for (let t = 0; t < numFrames; t++) {
    const evidence = await evidenceOf(t);
    tracked.forEach(({ object, trajectory }, k) => {
      result[k].push({
        ...trajectory[t],
        ...measure(object, trajectory[t].cameraFromObject, evidence, camera, windowPx),
      });
    });
  }
  return result;
}

/** Nothing in view counts as a loss of 1 (an outline that agrees nowhere) and as not visible. */
function measure(
  object: TrackedObject,
  pose: number[] | null,
  evidence: FrameEvidence,
  camera: Intrinsics,
  windowPx: number,
): { loss: number; visibleFraction: number } {
  const own = pose === null ? null : projectedBox(object, pose, camera);
  const maskBox = boxOfId(evidence.idMap, object.id);
  if (pose === null || own === null || maskBox === null) return { loss: 1, visibleFraction: 0 };
  const observation = observe(evidence, object.id, camera, unionBox(own, maskBox)!, object.windowPx ?? windowPx);
  const { value, visibleFraction } = evaluatePose(object, pose, [{ observation, tracks: null }], false);
  return { loss: Number.isFinite(value) ? value : 1, visibleFraction };
}
