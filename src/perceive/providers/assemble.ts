/** From movers and targets to a segmentation: names, colours, and the id map of each frame. */
import { boxBlurBytes, halveBytes } from '../../image/filters.js';
import type { Clip } from '../clip.js';
import { describeObjects } from '../describe.js';
import { ColourModel } from '../movers/colour-model.js';
import { bestEnd, type Mover } from '../movers/movers.js';
import { learnHandColours } from '../movers/visible-masks.js';
import { type FrameScene, sceneNote, segmentTask } from './frame-task.js';
import type { Segmentation } from './provider.js';

let numScenes = 0;

export type SegmentationParts = Pick<Segmentation, 'movers' | 'targets' | 'rests' | 'plate' | 'change'>;

export function assemble(clip: Clip, parts: SegmentationParts): Segmentation {
  const { movers, targets, rests, plate } = parts;
  // The same averaging and blur as the frames of the clip got.
  const half = halveBytes(plate.lab, clip.widthPx, clip.heightPx, 3);
  const plateHalf = boxBlurBytes(half, clip.halfWidthPx, clip.halfHeightPx, 3);
  const hand = learnHandColours(clip, plateHalf, movers);
  const colours = { hand, objects: movers.map(coloursOf) };
  const scene: FrameScene = {
    sceneIdx: numScenes++,
    plateHalf,
    plateLab: plate.lab,
    rests,
    movers,
    targets,
    colours,
  };
  let told: Promise<void> | null = null;
  return {
    ...parts,
    objects: describeObjects(clip, rests, plate.lab, movers, targets),
    frame: async (k) => {
      told ??= clip.crew.tell(sceneNote, scene);
      await told;
      const hand = clip.evidence?.hand(k) ?? null;
      const seen = await clip.crew.ask(segmentTask, { sceneIdx: scene.sceneIdx, frame: k, hand });
      return { ...seen, frameIds: null };
    },
  };
}

/** Colours of a mover at both of its places: light differs from place to place. */
function coloursOf(mover: Mover): ColourModel {
  const { from, to } = mover;
  if (mover.carried !== 'both' || !from || !to) return bestEnd(mover).colours;
  const model = new ColourModel();
  model.mix(from.colours, from.area);
  model.mix(to.colours, from.area);
  return model;
}
