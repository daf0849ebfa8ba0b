/** From movers and targets to a segmentation: names, colours, and the id map of each frame. */
import type { Clip } from '../clip.js';
import { describeObjects } from '../describe.js';
import { ColourModel } from '../movers/colour-model.js';
import type { MoverEnd } from '../movers/end-outline.js';
import { bestEnd, type Mover } from '../movers/movers.js';
import { learnHandColours } from '../movers/visible-masks.js';
import { lookOf } from '../movers/visible-part.js';
import { type FrameScene, sceneNote, segmentTask } from './frame-task.js';
import type { Segmentation } from './provider.js';

let numScenes = 0;

export type SegmentationParts = Pick<Segmentation, 'movers' | 'targets' | 'rests' | 'plate' | 'change'>;

export function assemble(clip: Clip, parts: SegmentationParts): Segmentation {
  const { movers, targets, rests, plate } = parts;
  const plateLook = lookOf(clip, plate.lab);
  const scene: FrameScene = {
    sceneIdx: numScenes++,
    movers: movers.map((mover) => ({ ...mover, from: withoutAbsence(mover.from), to: withoutAbsence(mover.to) })),
    statics: targets,
    plate: plateLook,
    first: lookOf(clip, rests.firstLab),
    last: lookOf(clip, rests.lastLab),
    hand: learnHandColours(clip, plateLook.half, movers),
    objects: movers.map(coloursOf),
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

/** Pictures that no frame needs are not sent to other threads. */
const withoutAbsence = (end: MoverEnd | null): MoverEnd | null => end && { ...end, absence: null };

/** Colours of a mover at both of its places: light differs from place to place. */
function coloursOf(mover: Mover): ColourModel {
  const { from, to } = mover;
  if (mover.carried !== 'both' || !from || !to) return bestEnd(mover).colours;
  const model = new ColourModel();
  model.mix(from.colours, from.area);
  model.mix(to.colours, from.area);
  return model;
}
