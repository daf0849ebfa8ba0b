/**
 * The perceive stage, classical provider: from frames to masks, tracks, table and scale, with no network and no click.
 *
 * Order of work: read the clip at working size -> first and last stable colours -> changed regions -> events ->
 * movers (cut out, tracked, joined) -> targets -> one pass over the frames for exact masks -> camera, plane, scale.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { boxBlurBytes, halveBytes, resizeNearest } from '../image/filters.js';
import { type ByteImage, createBytes, type RgbImage } from '../image/image.js';
import { countSet, dilate, maskIou } from '../image/morphology.js';
import type { FrameSource } from '../video/frames.js';
import { analyseChange } from './change-analysis.js';
import { type Clip, loadClip } from './clip.js';
import { ColourModel } from './colour-model.js';
import { describeFinding, describeObjects } from './describe.js';
import { type HandWidth, handWidthNear, rimTilts, sizeCues, tableLines } from './geometry-cues.js';
import { bestEnd, type Mover, trackedMask } from './movers.js';
import type { PerceiveOptions } from './options.js';
import type { Perception, Tracks } from './perception.js';
import { estimateCamera, estimateDistance, estimatePlane, focalFromLines, unitDepthAt, worldFrame } from './table.js';
import { findTarget, learnTableColours, offTableMask, type Target } from './target.js';
import { TrackCollector } from './track-store.js';
import { learnHandColours, type RestingPictures, segmentFrame } from './visible-masks.js';

/** What the stage needs to know of the video besides its frames. */
export interface VideoFacts {
  /** Focal length as on 35 mm film from metadata, or null. */
  readonly focal35mm: number | null;
}

export interface PerceptionResult {
  readonly perception: Perception;
  /** Id maps per frame at frame size; empty when they went to `onMask`. */
  readonly masks: ByteImage[];
  readonly tracks: Tracks;
  readonly plate: RgbImage;
}

/**
 * Perceives a clip. `onMask`, if given, gets the id maps frame by frame (in order), and they are not kept, so that
 * memory does not grow with them.
 */
export async function perceive(
  frames: FrameSource,
  video: VideoFacts,
  options: PerceiveOptions,
  ctx: StageContext,
  onMask?: (frame: number, idMap: ByteImage) => Promise<void>,
): Promise<PerceptionResult> {
  const clip = await loadClip(frames, ctx);
  const analysis = await analyseChange(clip, ctx);
  const { movers, start, plate } = analysis;
  const targets = findTargets(clip, plate.lab, movers);
  const rests = { firstLab: start.plates.firstLab, lastLab: analysis.end.plates.lastLab };
  const objects = describeObjects(clip, rests, plate.lab, movers, targets);

  const masks: ByteImage[] = [];
  const seen = await segmentAll(clip, rests, plate.lab, movers, targets, ctx, async (k, ids) => {
    const full = resizeNearest(ids, clip.frameWidthPx, clip.frameHeightPx);
    if (onMask) await onMask(k, full);
    else masks.push(full);
  });

  const toFrame = clip.frameWidthPx / clip.widthPx;
  const assumed = estimateCamera(clip.frameWidthPx, clip.frameHeightPx, video.focal35mm, options);
  const lines = tableLines(clip, plate.lab, assumed);
  const camera = focalFromLines(assumed, lines);
  const plane = estimatePlane(lines, rimTilts(clip, camera, movers, targets, lines), options);
  const cues = sizeCues(clip, movers, seen.handWidthPx, camera.fx / toFrame, options, (x, y) =>
    unitDepthAt(camera, plane.up, x * toFrame, y * toFrame),
  );
  const distance = estimateDistance(cues);
  const manipulated = movers.length > 0;
  const perception: Perception = {
    kind: 'v2r/perception',
    version: 1,
    numFrames: clip.numFrames,
    fps: clip.fps,
    camera,
    table: {
      cameraFromWorld: worldFrame(plane.up, distance.value),
      normalSource: plane.source,
      normalSdDeg: plane.sdDeg,
      scaleSource: distance.source,
      scaleLogSd: distance.sd,
    },
    cameraMotion: { kind: clip.motion.kind, maxShiftPx: clip.motion.maxShiftPx * toFrame },
    frameFromReference: clip.motion.frameFromReference?.map((m) => scaleHomography(m, toFrame)) ?? null,
    hand: seen.hand,
    objects,
    finding: describeFinding(clip, start, movers, objects, seen.hand.seen),
    manipulated,
  };
  if (camera.source === 'assumption') {
    ctx.warn(
      'focal-assumed',
      'the focal length is an assumption (65 degrees on the long side, +-12 %): give --hfov if you know it',
    );
  }
  return { perception, masks, tracks: seen.tracks, plate: plate.rgb };
}

function scaleHomography(m: readonly number[], s: number): number[] {
  return [m[0], m[1], m[2] * s, m[3], m[4], m[5] * s, m[6] / s, m[7] / s, m[8]];
}

function findTargets(clip: Clip, plateLab: Uint8Array, movers: readonly Mover[]): Target[] {
  const targets: Target[] = [];
  movers.forEach((mover, m) => {
    if (!mover.to) return;
    const onOther = movers.some((other) => {
      if (other === mover || !other.to || other.downFrame > mover.liftFrame) return false;
      return maskIou(dilate(mover.to!.mask, clip.widthPx, clip.heightPx, 3), other.to.mask) > 0.25;
    });
    if (onOther) return;
    const around = [mover.from ?? mover.to, ...movers.filter((other) => other !== mover).map((other) => other.from)];
    const places = around.flatMap((end, k) => (end && (k === 0 || m === 0) ? [end.mask] : []));
    const table = learnTableColours(clip, plateLab, places);
    const finding = findTarget(clip, plateLab, offTableMask(clip, plateLab, table), mover.to.mask);
    if (!finding.mask || countSet(finding.mask) < 60) return;
    if (targets.some((target) => maskIou(target.mask, finding.mask!) > 0.4)) return;
    targets.push({ id: movers.length + targets.length + 1, mask: finding.mask, finding });
  });
  return targets;
}

/** The hand is measured this long around lift and set-down, while it is near the table. */
const HAND_MEASURE_SEC = 0.3;

interface Seen {
  tracks: Tracks;
  hand: Perception['hand'];
  /** Median, around lift and set-down, of the widest circle inside the hand near the mover, work-size px; null if none. */
  handWidthPx: HandWidth | null;
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

async function segmentAll(
  clip: Clip,
  rests: RestingPictures,
  plateLab: Uint8Array,
  movers: readonly Mover[],
  targets: readonly Target[],
  ctx: StageContext,
  emit: (k: number, ids: ByteImage) => Promise<void>,
): Promise<Seen> {
  const { widthPx: w, heightPx: h, halfWidthPx, halfHeightPx } = clip;
  // The same averaging and blur as the frames of the clip got.
  const plateHalf = boxBlurBytes(halveBytes(plateLab, w, h, 3), halfWidthPx, halfHeightPx, 3);
  const hand = learnHandColours(clip, plateHalf, movers);
  const colours = { hand, objects: movers.map(coloursOf) };
  const collector = new TrackCollector(clip);
  movers.forEach((mover, m) => {
    collector.addMover(m + 1, mover);
  });
  const plateGrey = createBytes(clip.widthPx, clip.heightPx);
  for (let i = 0; i < plateGrey.data.length; i++) plateGrey.data[i] = plateLab[3 * i];
  for (const target of targets) collector.addStatic(target.id, target.mask, plateGrey);

  const handFrames: number[] = [];
  const widths: HandWidth[] = [];
  for (let k = 0; k < clip.numFrames; k++) {
    throwIfCancelled(ctx);
    const { ids, handArea } = await segmentFrame(clip, k, plateHalf, plateLab, rests, movers, targets, colours);
    if (handArea > 0) handFrames.push(k);
    collector.addFrame(k, ids);
    for (const mover of movers) {
      const apart = Math.min(Math.abs(k - mover.liftFrame), Math.abs(k - mover.downFrame));
      if (apart <= HAND_MEASURE_SEC * clip.fps && k % 2 === 0) {
        const width = handWidthNear(clip, k, ids, trackedMask(clip, mover, k).mask);
        if (width) widths.push(width);
      }
    }
    await emit(k, ids);
    ctx.progress(k + 1, clip.numFrames, 'masks');
  }
  const sorted = widths.sort((a, b) => a.widthPx - b.widthPx);
  return {
    tracks: collector.finish(),
    hand: {
      seen: handFrames.length > 0,
      confidence: handFrames.length > 0 ? 0.7 : 0,
      firstFrame: handFrames[0] ?? 0,
      lastFrame: handFrames[handFrames.length - 1] ?? 0,
    },
    handWidthPx: sorted.length >= 3 ? sorted[sorted.length >> 1] : null,
  };
}
