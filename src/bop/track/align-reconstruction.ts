/**
 * Brings reconstructed objects to the data set's models so that their poses can be scored. The frame of a reconstructed object is
 * its own affair, so one constant offset per object is fitted over the whole sequence; which object it is follows from the masks.
 * This looks at the truth and belongs to scoring: the tracker never sees it.
 */
import { maskIou, maskWhere } from '../../image/morphology.js';
import { compose } from '../../math/se3.js';
import type { BopDataset } from '../dataset/dataset.js';
import type { BopObject } from '../dataset/models.js';
import type { BopEstimate } from '../dataset/results-csv.js';
import { type Sequence, targetObjects } from '../dataset/sequence.js';
import { renderDepth } from '../draw/render-depth.js';
import { constantOffset, globalScale, type PosePair, type Symmetry, scaledPose } from '../score/align.js';
import type { ReconstructedTrack } from './track-reconstructed.js';

/** Less overlap with the true silhouette than this is another thing. */
const MIN_IOU = 0.2;

export interface AlignedReconstruction {
  readonly estimates: BopEstimate[];
  /** Factor on all found positions of the scene; 1 unless it was fitted. */
  readonly scale: number;
}

/** `fitScale`: also fit one factor on all positions of the scene, as is usual for pictures that do not tell metres. */
export async function alignReconstruction(
  dataset: BopDataset,
  sequence: Sequence,
  tracks: readonly ReconstructedTrack[],
  fitScale: boolean,
  timeSec: number,
): Promise<AlignedReconstruction> {
  const { scene, images } = sequence;
  const matches = await matchTracks(dataset, sequence, tracks);
  const pairsOf = ({ cameraFromFound }: ReconstructedTrack, objId: number): PosePair[] =>
    cameraFromFound.flatMap((found, frame) => {
      const instance = images[frame].instances.find((candidate) => candidate.objId === objId);
      const truth = instance?.cameraFromModel;
      return found && truth && instance.visibleFraction > 0 ? [{ frame, found, truth }] : [];
    });
  const scale = fitScale ? globalScale(matches.flatMap(({ track, objId }) => pairsOf(track, objId))) : 1;
  const estimates = matches.flatMap(({ track, objId }) => {
    const pairs = pairsOf(track, objId).map((pair) => ({ ...pair, found: scaledPose(pair.found, scale) }));
    const foundFromModel = constantOffset(pairs, symmetryOf(dataset.objects.get(objId)!));
    return track.cameraFromFound.flatMap((found, k): BopEstimate[] => {
      if (found === null) return [];
      const cameraFromModel = compose(scaledPose(found, scale), foundFromModel);
      return [{ sceneId: scene.id, imageId: images[k].id, objId, score: 1, cameraFromModel, timeSec }];
    });
  });
  return { estimates, scale };
}

/** A turning body's turn is no part of the offset. Finite symmetries are left to the score, which knows them all. */
const symmetryOf = ({ symmetries }: BopObject): Symmetry =>
  symmetries.continuous.length > 0 ? { kind: 'axial', axis: symmetries.continuous[0].axis } : { kind: 'none' };

async function matchTracks(
  dataset: BopDataset,
  sequence: Sequence,
  tracks: readonly ReconstructedTrack[],
): Promise<{ track: ReconstructedTrack; objId: number }[]> {
  const pairs: { track: ReconstructedTrack; objId: number; iou: number }[] = [];
  for (const track of tracks) {
    const seen = await sequence.readMask(track.referenceFrame);
    const mask = seen.data.map((id) => (id === track.maskId ? 1 : 0));
    const image = sequence.images[track.referenceFrame];
    for (const objId of targetObjects(dataset, sequence.scene)) {
      const truth = image.instances.find((instance) => instance.objId === objId)?.cameraFromModel;
      if (!truth) continue;
      const drawn = renderDepth(await dataset.objects.get(objId)!.readMesh(), truth, sequence.camera);
      pairs.push({
        track,
        objId,
        iou: maskIou(
          mask,
          maskWhere(drawn, (z) => z > 0),
        ),
      });
    }
  }
  const taken = new Set<unknown>();
  return pairs
    .sort((a, b) => b.iou - a.iou)
    .filter(({ track, objId, iou }) => {
      if (iou < MIN_IOU || taken.has(track) || taken.has(objId)) return false;
      taken.add(track).add(objId);
      return true;
    });
}
