/** Segmentation from masks the user has: which object moves and when is read off the masks, the rest as usual. */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { resizeNearest, shrinkRgb, warpBytes } from '../../image/filters.js';
import { type ByteImage, createBytes, createRgb, type RgbImage } from '../../image/image.js';
import { rgbToLab8 } from '../../image/lab.js';
import { countSet, dilate } from '../../image/morphology.js';
import { type Clip, gainOf, plateGain } from '../clip.js';
import { ColourModel } from '../movers/colour-model.js';
import type { Mover } from '../movers/movers.js';
import { HAND_ID, type PerceivedObject } from '../perception.js';
import { rescale } from '../tracks/motion-models.js';
import { assemble } from './assemble.js';
import { followOutlines, madeEnd, madeMover, madeTarget, type OutlineAt } from './made-movers.js';
import { type MaskFiles, openMaskFiles } from './mask-files.js';
import { type MaskHistory, maskHistories } from './mask-history.js';
import type { Segmentation, SegmentProvider } from './provider.js';

export const filesSegment = (folder: string): SegmentProvider => ({
  segment: (clip, ctx) => segmentFromFiles(clip, folder, ctx),
});

async function segmentFromFiles(clip: Clip, folder: string, ctx: StageContext): Promise<Segmentation> {
  const { frameWidthPx, frameHeightPx, numFrames } = clip;
  const files = await openMaskFiles(folder, { numFrames, widthPx: frameWidthPx, heightPx: frameHeightPx });
  const read = (k: number): Promise<ByteImage> => stabilised(clip, files, k);
  const histories = await maskHistories(clip, read, files.perception, ctx);
  if (histories.length === 0) throw new UserError(`--mask-files: ${folder} shows no object in any frame`);
  const plateRgb = files.plate ?? (await plateBehind(clip, read, ctx));
  const plate = { rgb: plateRgb, lab: await labAtWork(clip, plateRgb) };
  const [first, last] = [
    await restPicture(clip, 0, read, plate.rgb),
    await restPicture(clip, numFrames - 1, read, plate.rgb),
  ];
  const rests = { firstLab: first, lastLab: last };
  const moving = histories.filter(({ span }) => span !== null);
  const movers = await moversOf(clip, moving, ctx);
  const targets = histories
    .filter(({ span }) => span === null)
    .map(({ id, start }, n) => ({
      ...madeTarget(movers.length + n + 1, start.mask, 0.95, 'given as masks'),
      givenId: id,
    }));
  const newId = new Map<number, number>([[HAND_ID, HAND_ID]]);
  moving.forEach(({ id }, m) => {
    newId.set(id, m + 1);
  });
  for (const { givenId, id } of targets) newId.set(givenId, id);
  const silent = { colours: new ColourModel(), skinShare: 0, pixelsPerFrame: Number.POSITIVE_INFINITY };
  const base = assemble(clip, { movers, targets, rests, plate, change: { transients: silent, events: [] } });
  const objects = describedObjects(base.objects, histories, files, newId);
  return {
    ...base,
    objects,
    frame: async (k) => {
      const given = await read(k);
      const renamed = createBytes(given.widthPx, given.heightPx);
      for (let i = 0; i < given.data.length; i++) renamed.data[i] = newId.get(given.data[i]) ?? 0;
      const work = resizeNearest(renamed, clip.widthPx, clip.heightPx);
      const hand = files.hasHand ? null : await base.frame(k);
      if (hand) addHand(work, hand.ids);
      const seen = new Uint32Array(256);
      for (const id of work.data) seen[id]++;
      const confidence = new Map(
        histories.map(({ id, start, given: known }) => {
          const kept = known?.frameConfidence?.[k];
          return [newId.get(id)!, kept ?? Math.min(1, seen[newId.get(id)!] / (0.8 * countSet(start.mask)))];
        }),
      );
      const frameIds = hand ? null : renamed;
      return { ids: work, frameIds, handArea: seen[HAND_ID], confidence };
    },
  };
}

/** Masks of raw frames are brought to frame 0's camera; those that v2r made are there already. */
async function stabilised(clip: Clip, files: MaskFiles, k: number): Promise<ByteImage> {
  const ids = await files.read(k);
  const motion = clip.motion.frameFromReference;
  if (!motion || files.perception) return ids;
  const { widthPx: w, heightPx: h } = ids;
  const m = rescale(motion[k], w / clip.widthPx, h / clip.heightPx);
  const out = createBytes(w, h);
  // Ids must not blend: each is warped as a mask of its own.
  for (const id of new Set(ids.data)) {
    if (id === 0) continue;
    const mask = ids.data.map((value) => (value === id ? 255 : 0));
    const moved = warpBytes(mask, w, h, 1, m);
    for (let i = 0; i < moved.length; i++) if (moved[i] > 127) out.data[i] = id;
  }
  return out;
}

async function moversOf(clip: Clip, moving: readonly MaskHistory[], ctx: StageContext): Promise<Mover[]> {
  const ends: OutlineAt[] = [];
  for (const { start, end } of moving) {
    ends.push({ ...start, lab: await frameLab(clip, start.frame) }, { ...end, lab: await frameLab(clip, end.frame) });
  }
  const tracks = await followOutlines(clip, ends, ctx);
  return moving.map(({ span }, m) => {
    const from = madeEnd(clip, 'left', ends[2 * m], span!.liftFrame, tracks[2 * m]);
    const to = madeEnd(clip, 'arrived', ends[2 * m + 1], span!.downFrame, tracks[2 * m + 1]);
    return madeMover(from, to, span!, 0.95, 'given as masks');
  });
}

function describedObjects(
  described: readonly PerceivedObject[],
  histories: readonly MaskHistory[],
  files: MaskFiles,
  newId: ReadonlyMap<number, number>,
): PerceivedObject[] {
  return described.map((object) => {
    const history = histories.find(({ id }) => newId.get(id) === object.id)!;
    if (history.given) return { ...history.given, id: object.id };
    const name = files.names.get(history.id) ?? object.name;
    return { ...object, name, referenceFrame: history.span === null ? object.referenceFrame : history.start.frame };
  });
}

function addHand(work: ByteImage, found: ByteImage): void {
  for (let i = 0; i < work.data.length; i++) {
    if (work.data[i] === 0 && found.data[i] === HAND_ID) work.data[i] = HAND_ID;
  }
}

async function frameLab(clip: Clip, k: number): Promise<Uint8Array> {
  const { data } = await clip.readWork(k);
  const lab = new Uint8Array(data.length);
  rgbToLab8(data, lab, gainOf(clip, k));
  return lab;
}

async function labAtWork(clip: Clip, rgb: RgbImage): Promise<Uint8Array> {
  const { data } = shrinkRgb(rgb, clip.widthPx, clip.heightPx);
  const lab = new Uint8Array(data.length);
  rgbToLab8(data, lab, plateGain(clip));
  return lab;
}

/** A frame with the plate in place of the hand: where things rest at the beginning or the end. */
async function restPicture(
  clip: Clip,
  k: number,
  read: (k: number) => Promise<ByteImage>,
  plate: RgbImage,
): Promise<Uint8Array> {
  const ids = await read(k);
  const frame = await clip.readFrame(k);
  const rgb = createRgb(frame.widthPx, frame.heightPx, Uint8Array.from(frame.data));
  for (let i = 0; i < ids.data.length; i++) {
    if (ids.data[i] !== HAND_ID) continue;
    for (let c = 0; c < 3; c++) rgb.data[3 * i + c] = plate.data[3 * i + c];
  }
  return labAtWork(clip, rgb);
}

/** Frames that are blended into a plate. */
const PLATE_FRAMES = 21;
/** Shadows and soft edges reach beyond masks by this much. */
const PLATE_MARGIN_PX = 3;

/** Median over frames in which nothing lies on a pixel; where something always does, the last frame. */
async function plateBehind(clip: Clip, read: (k: number) => Promise<ByteImage>, ctx: StageContext): Promise<RgbImage> {
  const { frameWidthPx: w, frameHeightPx: h, numFrames } = clip;
  const count = Math.min(PLATE_FRAMES, numFrames);
  const frames: { rgb: RgbImage; free: Uint8Array }[] = [];
  for (let s = 0; s < count; s++) {
    throwIfCancelled(ctx);
    const k = count === 1 ? 0 : Math.round((s * (numFrames - 1)) / (count - 1));
    const covered = dilate(
      (await read(k)).data.map((id) => (id !== 0 ? 1 : 0)),
      w,
      h,
      PLATE_MARGIN_PX,
    );
    frames.push({ rgb: await clip.readFrame(k), free: covered.map((value) => 1 - value) });
  }
  const plate = createRgb(w, h, Uint8Array.from(frames[frames.length - 1].rgb.data));
  const values: number[] = [];
  for (let i = 0; i < w * h; i++) {
    const free = frames.filter((frame) => frame.free[i] !== 0);
    if (free.length === 0) continue;
    for (let c = 0; c < 3; c++) {
      values.length = 0;
      for (const { rgb } of free) values.push(rgb.data[3 * i + c]);
      values.sort((a, b) => a - b);
      plate.data[3 * i + c] = values[values.length >> 1];
    }
  }
  return plate;
}
