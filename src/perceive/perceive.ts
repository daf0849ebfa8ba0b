/**
 * The perceive stage: from frames to masks, tracks, table and scale. Each step is done by a provider (providers/); without
 * any choice they need no network and no click.
 *
 * Order of work: read the clip at working size -> who is who (segment) -> one pass over the frames for exact masks and
 * tracks -> camera, plane, scale.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { inOrder } from '../base/crew.js';
import { resizeNearest } from '../image/filters.js';
import type { ByteImage, RgbImage } from '../image/image.js';
import type { FrameSource } from '../video/frames.js';
import type { Clip } from './clip.js';
import { describeFinding, lightFinding, shortFinding } from './describe.js';
import { doubtsAbout } from './doubts.js';
import { type HandWidth, handWidthNear } from './geometry/geometry-cues.js';
import { ASSUMED_FOV_DEG, worldFrame } from './geometry/table.js';
import { tablePoints } from './geometry/table-points.js';
import { countArms, twoHandsFinding } from './hands/hands-seen.js';
import { loadClip } from './load-clip.js';
import { trackedMask } from './movers/movers.js';
import type { PerceiveOptions } from './options.js';
import type { Perception, Tracks } from './perception.js';
import { chooseProviders, type Providers } from './providers/choose.js';
import type { HandTracks } from './providers/hand-tracks.js';
import type { DepthMap, Segmentation, TrackSink } from './providers/provider.js';

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
  /** Depth of frames in which objects are seen best; empty without a depth provider. */
  readonly depth: { readonly source: string; readonly maps: readonly DepthMap[] };
  /** Hands as points at frame size per frame, where a network saw them; else null. */
  readonly hands: HandTracks | null;
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
  const providers = await chooseProviders(options, ctx);
  const chosen = Object.entries(providers.names).map(([step, name]) => `${step} ${name}`);
  ctx.progress(0, frames.numFrames, chosen.join(', '));
  const clip = await loadClip(frames, ctx);
  try {
    return await perceiveClip(clip, providers, video, options, ctx, onMask);
  } finally {
    await clip.close();
  }
}

async function perceiveClip(
  clip: Clip,
  providers: Providers,
  video: VideoFacts,
  options: PerceiveOptions,
  ctx: StageContext,
  onMask?: (frame: number, idMap: ByteImage) => Promise<void>,
): Promise<PerceptionResult> {
  const segmentation = await providers.segment.segment(clip, ctx);
  const { movers, plate } = segmentation;

  const masks: ByteImage[] = [];
  const sink = await providers.track.start(clip, segmentation, ctx);
  const depthFrames = new Set(segmentation.objects.map(({ referenceFrame }) => referenceFrame));
  const segmenting = segmentAll(clip, segmentation, sink, depthFrames, ctx, async (k, ids) => {
    if (onMask) await onMask(k, ids);
    else masks.push(ids);
  });
  const table = tablePoints(clip, providers.tablePx);
  const handWidth = segmenting.then((all) => all.handWidth);
  const estimating = providers.camera.estimate(
    { clip, segmentation, handWidth, focal35mm: video.focal35mm, table },
    ctx,
  );
  // Should the frames fail, that is what counts.
  estimating.catch(() => {});
  const seen = await segmenting;
  const objects = segmentation.objects.map((object) => ({
    ...object,
    frameConfidence: seen.confidence.map((frame) => Math.round(100 * (frame.get(object.id) ?? 0)) / 100),
  }));

  const seenBy = await estimating;
  const fixed = providers.names.camera === 'files';
  const found = fixed ? seenBy : await providers.depth.refine({ clip, found: seenBy, ids: seen.kept, table }, ctx);
  const maps = await providers.depth.maps({ clip, found, ids: seen.kept, table }, ctx);
  const toFrame = clip.frameWidthPx / clip.widthPx;
  // What the user gave or pointed at is not doubted.
  const given = providers.names.segment === 'files' || options.object.length > 0;
  const names = objects.map(({ name }) => name);
  const doubts = given ? [] : doubtsAbout(clip, movers, names, segmentation.change.events);
  const perception: Perception = {
    kind: 'v2r/perception',
    version: 1,
    numFrames: clip.numFrames,
    fps: clip.fps,
    providers: providers.names,
    camera: found.camera,
    table: {
      cameraFromWorld: found.cameraFromWorld ?? worldFrame(found.up, found.distance.value),
      normalSource: found.normalSource,
      normalSdDeg: found.normalSdDeg,
      scaleSource: found.distance.source,
      scaleLogSd: found.distance.sd,
    },
    cameraMotion: { kind: clip.motion.kind, maxShiftPx: clip.motion.maxShiftPx * toFrame },
    frameFromReference: clip.motion.frameFromReference?.map((m) => scaleHomography(m, toFrame)) ?? null,
    hand: seen.hand,
    objects,
    finding: [
      ...doubts,
      describeFinding(clip, segmentation.change, movers, objects, seen.hand.seen),
      ...[shortFinding(clip), lightFinding(clip), twoHandsFinding(seen.arms, clip.fps)].filter((it) => it !== null),
    ].join(' '),
    manipulated: movers.length > 0 && doubts.length === 0,
  };
  if (found.camera.source === 'assumption') {
    ctx.warn(
      'focal-assumed',
      `the focal length is an assumption (${ASSUMED_FOV_DEG} degrees on the long side, +-12 %): give --hfov if you know it`,
    );
  }
  return {
    perception,
    masks,
    tracks: sink.finish(),
    plate: plate.rgb,
    depth: { source: providers.depth.source, maps },
    hands: segmentation.hands ? atFrameSize(segmentation.hands, toFrame) : null,
  };
}

function atFrameSize(hands: HandTracks, toFrame: number): HandTracks {
  return hands.map((frame) =>
    frame.map((hand) => ({ ...hand, xyzPx: hand.xyzPx.map((v) => v * toFrame), sidePx: hand.sidePx * toFrame })),
  );
}

function scaleHomography(m: readonly number[], s: number): number[] {
  return [m[0], m[1], m[2] * s, m[3], m[4], m[5] * s, m[6] / s, m[7] / s, m[8]];
}

/** The hand is measured this long around lift and set-down, while it is near the table. */
const HAND_MEASURE_SEC = 0.3;

/** Arms are counted in one frame out of so many. */
const ARMS_EVERY = 3;

interface Seen {
  hand: Perception['hand'];
  /** Median, around lift and set-down, of the widest circle inside the hand near the mover, work-size px; null if none. */
  handWidth: HandWidth | null;
  /** Number of arms in the picture, per frame. */
  arms: number[];
  /** Per frame, by object id. */
  confidence: ReadonlyMap<number, number>[];
  /** Id maps at work size of the frames that were asked for. */
  kept: Map<number, ByteImage>;
}

async function segmentAll(
  clip: Clip,
  segmentation: Segmentation,
  sink: TrackSink,
  keep: ReadonlySet<number>,
  ctx: StageContext,
  emit: (k: number, frameIds: ByteImage) => Promise<void>,
): Promise<Seen> {
  const handFrames: number[] = [];
  const arms: number[] = [];
  const widths: HandWidth[] = [];
  const confidence: ReadonlyMap<number, number>[] = [];
  const kept = new Map<number, ByteImage>();
  for await (const seen of inOrder(clip.numFrames, clip.crew.ahead, segmentation.frame)) {
    throwIfCancelled(ctx);
    const k = confidence.length;
    if (seen.handArea > 0) handFrames.push(k);
    arms.push(k % ARMS_EVERY === 0 ? countArms(seen.ids) : arms[k - 1]);
    confidence.push(seen.confidence);
    if (keep.has(k)) kept.set(k, seen.ids);
    sink.addFrame(k, seen.ids);
    for (const mover of segmentation.movers) {
      const apart = Math.min(Math.abs(k - mover.liftFrame), Math.abs(k - mover.downFrame));
      if (apart <= HAND_MEASURE_SEC * clip.fps && k % 2 === 0) {
        const width = handWidthNear(clip, k, seen.ids, trackedMask(clip, mover, k).mask);
        if (width) widths.push(width);
      }
    }
    await emit(k, seen.frameIds ?? resizeNearest(seen.ids, clip.frameWidthPx, clip.frameHeightPx));
    ctx.progress(k + 1, clip.numFrames, 'masks');
  }
  const sorted = widths.sort((a, b) => a.widthPx - b.widthPx);
  return {
    hand: {
      seen: handFrames.length > 0,
      confidence: handFrames.length > 0 ? 0.7 : 0,
      firstFrame: handFrames[0] ?? 0,
      lastFrame: handFrames[handFrames.length - 1] ?? 0,
    },
    handWidth: sorted.length >= 3 ? sorted[sorted.length >> 1] : null,
    arms,
    confidence,
    kept,
  };
}
