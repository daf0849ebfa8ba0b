/** The id map of one frame, as a task for any thread. */
import type { ByteImage } from '../../image/image.js';
import type { ClipNote, ClipTask } from '../clip.js';
import { ColourModel } from '../movers/colour-model.js';
import type { MoverEnd } from '../movers/end-outline.js';
import type { Target } from '../movers/target.js';
import { segmentFrame } from '../movers/visible-masks.js';
import type { SceneLooks } from '../movers/visible-part.js';
import { frameConfidence } from './confidence.js';

/** What is the same for all frames. */
export interface FrameScene extends SceneLooks {
  /** Told apart from other scenes of the same clip by this. */
  readonly sceneIdx: number;
  readonly statics: readonly Target[];
}

export const sceneNote: ClipNote<FrameScene> = {
  name: 'scene',
  received: (scene) => ({
    ...scene,
    movers: scene.movers.map((mover) => ({ ...mover, from: receivedEnd(mover.from), to: receivedEnd(mover.to) })),
    hand: ColourModel.received(scene.hand),
    objects: scene.objects.map((model) => ColourModel.received(model)),
  }),
};

const receivedEnd = (end: MoverEnd | null): MoverEnd | null =>
  end && { ...end, colours: ColourModel.received(end.colours) };

export interface SegmentJob {
  readonly sceneIdx: number;
  readonly frame: number;
  /** `Evidence.hand` of the frame. */
  readonly hand: Uint8Array | null;
}

export interface SegmentedFrame {
  readonly ids: ByteImage;
  readonly handArea: number;
  readonly confidence: ReadonlyMap<number, number>;
}

export const segmentTask: ClipTask<SegmentJob, SegmentedFrame> = {
  name: 'segment',
  run: async (clip, { sceneIdx, frame, hand }, told) => {
    const scene = told(sceneNote);
    if (scene.sceneIdx !== sceneIdx) throw new Error(`segment: scene ${sceneIdx} is not the latest one`);
    const evidence = hand && { hand: () => hand, boxFrames: [], boxes: () => [] };
    const seen = await segmentFrame({ ...clip, evidence }, frame, scene);
    const confidence = frameConfidence(seen, scene.movers, scene.statics);
    return { ids: seen.ids, handArea: seen.handArea, confidence };
  },
};
