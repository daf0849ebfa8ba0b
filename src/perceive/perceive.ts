/**
 * The perceive stage, classical provider: from frames to masks, tracks, table and scale, with no network and no click.
 *
 * Order of work: read the clip at working size -> first and last stable colours -> changed regions -> events ->
 * movers (cut out, tracked, joined) -> targets -> one pass over the frames for exact masks -> camera, plane, scale.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { resizeNearest } from '../image/filters.js';
import { type ByteImage, createBytes, type RgbImage } from '../image/image.js';
import { countSet, dilate, distanceTo, maskIou } from '../image/morphology.js';
import { resizeIntrinsics } from '../math/camera.js';
import type { FrameSource } from '../video/frames.js';
import {
  type ChangeEvent,
  collectTransients,
  formEvents,
  type JudgedRegion,
  judgeRegions,
  type Transients,
} from './candidates.js';
import { findChangeRegions } from './change-regions.js';
import { type Clip, loadClip } from './clip.js';
import type { Estimate } from './estimate.js';
import { findLineSegments } from './line-segments.js';
import { bestEnd, findMovers, type Mover, trackedMask } from './movers.js';
import { mainColour, uniqueName } from './naming.js';
import { boxOf } from './object-cut.js';
import type { PerceiveOptions } from './options.js';
import { HAND_ID, type PerceivedObject, type Perception, type Tracks } from './perception.js';
import { type LinePlane, planeFromLines } from './plane-from-lines.js';
import { buildPlates, cleanPlate, PlateChoice, type Plates } from './plates.js';
import { tiltFromRim } from './rim.js';
import { findStableColours, type StableColours } from './stable-colour.js';
import {
  type CameraEstimate,
  estimateCamera,
  estimateDistance,
  estimatePlane,
  focalFromLines,
  PRIOR_TILT,
  type SizeCue,
  unitDepthAt,
  worldFrame,
} from './table.js';
import { findTarget, learnTableColours, offTableMask, type TargetFinding } from './target.js';
import { TrackCollector } from './track-store.js';
import { halved, learnHandColours, segmentFrame } from './visible-masks.js';

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

/** Movers below this confidence are noise. */
const MIN_MOVER_CONFIDENCE = 0.45;
/** A region this hand-like is taken for a resting hand. */
const HAND_REGION = 0.6;

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
  const stable = findStableColours(clip);
  const transients = collectTransients(clip, stable);
  const regions = judgeRegions(clip, stable, findChangeRegions(clip, stable), transients);
  const events = formEvents(clip, regions);
  throwIfCancelled(ctx);
  const plates = await buildPlates(clip, stable, ctx);
  const hands = restingHands(clip, regions);
  const movers = findMovers(clip, stable, plates, events, hands, ctx)
    .filter((mover) => mover.confidence >= MIN_MOVER_CONFIDENCE)
    .sort((a, b) => a.liftFrame - b.liftFrame);
  const plate = cleanPlate(clip, plates, choosePlate(clip, stable, regions, movers));
  const targets = findTargets(clip, plate.lab, movers);
  const objects = describeObjects(clip, plates, plate.lab, movers, targets);

  const masks: ByteImage[] = [];
  const seen = await segmentAll(clip, plates, plate.lab, movers, targets, ctx, async (k, ids) => {
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
    finding: describe(clip, stable, transients, events, movers, objects, seen.hand.seen),
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

/** Lines of the clean plate, judged together with the prior on how people film tables. */
function tableLines(clip: Clip, plateLab: Uint8Array, camera: CameraEstimate): LinePlane | null {
  const grey = createBytes(clip.widthPx, clip.heightPx);
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = plateLab[3 * i];
  const work = resizeIntrinsics(camera, clip.widthPx, clip.heightPx);
  const segments = findLineSegments(grey, MIN_LINE_PX, MAX_LINES);
  return planeFromLines(
    segments,
    { ...work, focalLogSd: camera.focalLogSd },
    { tiltDeg: PRIOR_TILT.value, sdDeg: PRIOR_TILT.sd },
  );
}

const MIN_LINE_PX = 25;
const MAX_LINES = 250;

/** Tilts from the rims of whatever is round and upright among the objects at rest. */
function rimTilts(
  clip: Clip,
  camera: CameraEstimate,
  movers: readonly Mover[],
  targets: readonly Target[],
  lines: LinePlane | null,
): Estimate[] {
  const work = resizeIntrinsics(camera, clip.widthPx, clip.heightPx);
  const expected = lines ? { value: lines.tiltDeg, sd: Math.max(6, lines.tiltSdDeg) } : PRIOR_TILT;
  const outlines = [
    ...targets.map(({ mask }) => ({ mask, what: 'target' })),
    ...movers.flatMap((mover) => (mover.from ? [{ mask: mover.from.mask, what: 'moved object' }] : [])),
  ];
  return outlines.flatMap(({ mask, what }) => {
    const tilt = tiltFromRim(mask, clip.widthPx, clip.heightPx, work, expected, what);
    return tilt ? [tilt] : [];
  });
}

function restingHands(clip: Clip, regions: readonly JudgedRegion[]): { left: Uint8Array; arrived: Uint8Array } {
  const size = clip.halfWidthPx * clip.halfHeightPx;
  const hands = { left: new Uint8Array(size), arrived: new Uint8Array(size) };
  for (const region of regions) {
    if (region.hand < HAND_REGION) continue;
    const into = region.contrast > 0 ? hands.left : hands.arrived;
    for (let i = 0; i < size; i++) if (region.mask[i] !== 0) into[i] = 1;
  }
  return hands;
}

/** Which picture is clean where: the last one at places something left, the usual one where a hand rested at both ends. */
function choosePlate(
  clip: Clip,
  stable: StableColours,
  regions: readonly JudgedRegion[],
  movers: readonly Mover[],
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const left = new Uint8Array(w * h);
  const addTo = (out: Uint8Array, mask: Uint8Array): void => {
    for (let i = 0; i < out.length; i++) if (mask[i] !== 0) out[i] = 1;
  };
  for (const region of regions) if (region.contrast > 0) addTo(left, region.mask);
  const starts = new Uint8Array(w * h);
  const ends = new Uint8Array(w * h);
  for (const mover of movers) {
    if (mover.from) addTo(starts, halved(mover.from.mask, clip));
    if (mover.to) addTo(ends, halved(mover.to.mask, clip));
  }
  const useLast = dilate(left, w, h, 2);
  const nearStarts = dilate(starts, w, h, 3);
  const nearEnds = dilate(ends, w, h, 3);
  const choice = new Uint8Array(w * h);
  for (let i = 0; i < choice.length; i++) {
    if (nearEnds[i] !== 0 && nearStarts[i] === 0) choice[i] = PlateChoice.first;
    else if (nearStarts[i] !== 0) choice[i] = PlateChoice.last;
    else if (stable.usualFrame[i] >= 0) choice[i] = PlateChoice.usual;
    else choice[i] = useLast[i] !== 0 ? PlateChoice.last : PlateChoice.first;
  }
  return choice;
}

export interface Target {
  readonly id: number;
  readonly mask: Uint8Array;
  readonly finding: TargetFinding;
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

function describeObjects(
  clip: Clip,
  plates: Plates,
  plateLab: Uint8Array,
  movers: readonly Mover[],
  targets: readonly Target[],
): PerceivedObject[] {
  const objects: PerceivedObject[] = [];
  const name = (lab: Uint8Array, mask: Uint8Array): string =>
    uniqueName(
      `${mainColour(lab, mask)} object`,
      objects.map((object) => object.name),
    );
  movers.forEach((mover, m) => {
    const end = bestEnd(mover);
    const atStart = end === mover.from;
    objects.push({
      id: m + 1,
      name: name(atStart ? plates.firstLab : plates.lastLab, end.mask),
      role: 'source',
      confidence: mover.confidence,
      evidence: mover.evidence,
      motion: { firstFrame: mover.liftFrame, lastFrame: mover.downFrame },
      referenceFrame: mover.from
        ? clearestFrame(clip, plates.firstLab, end.mask, 0, mover.liftFrame)
        : clip.numFrames - 1,
    });
  });
  for (const target of targets) {
    objects.push({
      id: target.id,
      name: name(plateLab, target.mask),
      role: 'target',
      confidence: target.finding.confidence,
      evidence: target.finding.evidence,
      motion: null,
      referenceFrame: clearestFrame(clip, plateLab, target.mask, 0, clip.numFrames - 1),
    });
  }
  return objects;
}

/** First frame in [from, to] that shows (nearly) the most of a masked picture uncovered. */
function clearestFrame(clip: Clip, workLab: Uint8Array, mask: Uint8Array, from: number, to: number): number {
  const { widthPx: w, halfWidthPx, halfHeightPx } = clip;
  const pixels: number[] = [];
  for (let y = 0; y < halfHeightPx; y++) {
    for (let x = 0; x < halfWidthPx; x++) if (mask[2 * y * w + 2 * x] !== 0) pixels.push(y * halfWidthPx + x);
  }
  const counts: number[] = [];
  for (let k = from; k <= to; k++) {
    let same = 0;
    for (const i of pixels) {
      const j = 2 * Math.floor(i / halfWidthPx) * w + 2 * (i % halfWidthPx);
      const dl = clip.lab[k][3 * i] - workLab[3 * j];
      const da = clip.lab[k][3 * i + 1] - workLab[3 * j + 1];
      const db = clip.lab[k][3 * i + 2] - workLab[3 * j + 2];
      if (Math.abs(dl) < 40 && Math.abs(da) < 14 && Math.abs(db) < 14) same++;
    }
    counts.push(same);
  }
  const best = Math.max(...counts);
  return from + counts.findIndex((count) => count >= 0.97 * best);
}

interface Seen {
  tracks: Tracks;
  hand: Perception['hand'];
  /** Median, around lift and set-down, of the widest circle inside the hand near the mover, work-size px; null if none. */
  handWidthPx: { widthPx: number; xPx: number; yPx: number } | null;
}

async function segmentAll(
  clip: Clip,
  plates: Plates,
  plateLab: Uint8Array,
  movers: readonly Mover[],
  targets: readonly Target[],
  ctx: StageContext,
  emit: (k: number, ids: ByteImage) => Promise<void>,
): Promise<Seen> {
  const plateHalf = new Uint8Array(clip.lab[0].length);
  for (let y = 0, o = 0; y < clip.halfHeightPx; y++) {
    for (let x = 0; x < clip.halfWidthPx; x++) {
      const i = 3 * (2 * y * clip.widthPx + 2 * x);
      for (let c = 0; c < 3; c++, o++) plateHalf[o] = plateLab[i + c];
    }
  }
  const hand = await learnHandColours(clip, plateHalf, movers);
  const colours = { hand, objects: movers.map((mover) => bestEnd(mover).colours) };
  const collector = new TrackCollector(clip);
  movers.forEach((mover, m) => {
    collector.addMover(m + 1, mover);
  });
  const plateGrey = createBytes(clip.widthPx, clip.heightPx);
  for (let i = 0; i < plateGrey.data.length; i++) plateGrey.data[i] = plateLab[3 * i];
  for (const target of targets) collector.addStatic(target.id, target.mask, plateGrey);

  const handFrames: number[] = [];
  const widths: { widthPx: number; xPx: number; yPx: number }[] = [];
  for (let k = 0; k < clip.numFrames; k++) {
    throwIfCancelled(ctx);
    const { ids, handArea } = await segmentFrame(clip, k, plateHalf, plateLab, plates, movers, targets, colours);
    if (handArea > 0) handFrames.push(k);
    collector.addFrame(k, ids);
    for (const mover of movers) {
      const apart = Math.min(Math.abs(k - mover.liftFrame), Math.abs(k - mover.downFrame));
      if (apart <= HAND_MEASURE_SEC * clip.fps && k % 2 === 0) {
        const width = handWidthNear(clip, ids, trackedMask(clip, mover, k).mask);
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

/** Widest circle inside the hand within two object sizes of the mover: about the breadth of palm or fist. */
function handWidthNear(
  clip: Clip,
  ids: ByteImage,
  mask: Uint8Array,
): { widthPx: number; xPx: number; yPx: number } | null {
  const { widthPx: w, heightPx: h } = clip;
  const box = boxOf(mask, w, h);
  if (!box) return null;
  const reach = 2 * Math.max(box.x1 - box.x0, box.y1 - box.y0);
  const notHand = new Uint8Array(w * h);
  for (let i = 0; i < notHand.length; i++) notHand[i] = ids.data[i] === HAND_ID ? 0 : 1;
  const d = distanceTo(notHand, w, h);
  let best = 0;
  for (let y = Math.max(0, box.y0 - reach); y < Math.min(h, box.y1 + reach); y++) {
    for (let x = Math.max(0, box.x0 - reach); x < Math.min(w, box.x1 + reach); x++) {
      const v = d[y * w + x];
      if (v > best && Number.isFinite(v)) best = v;
    }
  }
  return best < 4 ? null : { widthPx: 2 * best, xPx: (box.x0 + box.x1) / 2, yPx: box.y1 };
}

/** Root of the outline's area of things a hand carries. */
const USUAL_OBJECT_M = 0.075;
const USUAL_OBJECT_LOG_SD = 0.4;
/**
 * Hand breadth with the thumb: 104 mm for men, 92 mm for women; the back of a gripping hand is nearly that wide. Sleeves,
 * side views and the hand's height over the table blur it.
 */
const USUAL_HAND_M = 0.098;
const USUAL_HAND_LOG_SD = 0.3;
/** The hand is measured this long around lift and set-down, while it is near the table. */
const HAND_MEASURE_SEC = 0.3;

function sizeCues(
  clip: Clip,
  movers: readonly Mover[],
  hand: Seen['handWidthPx'],
  focalWorkPx: number,
  options: PerceiveOptions,
  unitDepth: (xPx: number, yPx: number) => number | null,
): SizeCue[] {
  const cues: SizeCue[] = [];
  movers.forEach((mover, m) => {
    const end = bestEnd(mover);
    const box = boxOf(end.mask, clip.widthPx, clip.heightPx);
    const depth = box && unitDepth((box.x0 + box.x1) / 2, box.y1);
    if (!box || !depth) return;
    if (m === 0 && options.knownWidth !== null) {
      const unitLength = ((box.x1 - box.x0) * depth) / focalWorkPx;
      cues.push({
        unitLength,
        usualM: options.knownWidth / 1000,
        logSd: 0.03,
        what: 'given width of the moved object',
      });
    }
    cues.push({
      unitLength: (Math.sqrt(end.area) * depth) / focalWorkPx,
      usualM: USUAL_OBJECT_M,
      logSd: USUAL_OBJECT_LOG_SD,
      what: 'size of a thing one hand carries',
    });
  });
  const handDepth = hand && unitDepth(hand.xPx, hand.yPx);
  if (hand && handDepth) {
    cues.push({
      unitLength: (hand.widthPx * handDepth) / focalWorkPx,
      usualM: USUAL_HAND_M,
      logSd: USUAL_HAND_LOG_SD,
      what: 'widest circle inside the gripping hand',
    });
  }
  return cues;
}

function describe(
  clip: Clip,
  stable: StableColours,
  transients: Transients,
  events: readonly ChangeEvent[],
  movers: readonly Mover[],
  objects: readonly PerceivedObject[],
  handSeen: boolean,
): string {
  const sentences: string[] = [];
  if (clip.motion.kind === 'handheld') {
    sentences.push(
      `The camera moved by up to ${Math.round(clip.motion.maxShiftPx)} px; frames were brought back to the first one.`,
    );
  }
  if (clip.motion.cuts.length > 0) {
    sentences.push(
      `There seems to be a cut at ${clip.motion.cuts.map((k) => `${(k / clip.fps).toFixed(1)} s`).join(', ')}.`,
    );
  }
  if (movers.length > 0) {
    const names = objects.filter((object) => object.role === 'source').map((object) => object.name);
    const ends = objects.filter((object) => object.role === 'target').map((object) => object.name);
    sentences.push(
      `A hand moved ${names.join(', ')}${ends.length > 0 ? ` to ${ends.join(', ')}` : ' to another place on the table'}.`,
    );
    return sentences.join(' ');
  }
  sentences.push('Nothing was found that a hand moved from one resting place to another.');
  sentences.push(
    `Looked for: places whose lasting appearance changed (${(100 * stable.changed.reduce((a, b) => a + b, 0)) / stable.changed.length >= 0.05 ? `${events.length} found, none of them explained by something carried` : 'none'}).`,
  );
  sentences.push(
    transients.pixelsPerFrame < 30
      ? 'Nothing passed through the picture either.'
      : `Something passes through the picture (${Math.round(transients.skinShare * 100)} % of it skin-coloured)${handSeen ? ', a hand is seen' : ''}.`,
  );
  return sentences.join(' ');
}
