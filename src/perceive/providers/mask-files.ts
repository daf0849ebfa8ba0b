/** Masks that lie on disk: id maps, one folder per object, or a perceive folder of v2r. Layout: `v2r perceive --explain-files`. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import { resizeNearest } from '../../image/filters.js';
import { type ByteImage, createBytes, type RgbImage } from '../../image/image.js';
import { readRgb } from '../../image/image-io.js';
import { readIndexPng } from '../../image/index-png.js';
import { HAND_ID, type Perception, PerceptionSchema } from '../perception.js';

export interface MaskFiles {
  /** Names by id, where they are given. */
  readonly names: ReadonlyMap<number, string>;
  /** Whether the files say what is hand. */
  readonly hasHand: boolean;
  /** The perception these masks are part of, when they were made by v2r: then their pixels are those of frame 0. */
  readonly perception: Perception | null;
  readonly plate: RgbImage | null;
  /** Id map of frame k at frame size. */
  read(k: number): Promise<ByteImage>;
}

export interface FrameShape {
  readonly numFrames: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

const NamesSchema = z.record(z.string().regex(/^\d+$/), z.string().min(1));
const HAND_NAMES = ['hand', 'hands', 'person', 'arm'];
/** Aspect ratios that differ by more than this are not the same picture. */
const MAX_ASPECT_DIFFERENCE = 0.01;

export async function openMaskFiles(folder: string, shape: FrameShape): Promise<MaskFiles> {
  const isFolder = await stat(folder).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new UserError(`--mask-files: no such folder: ${folder}`, 'v2r perceive --explain-files');
  if (existsSync(path.join(folder, 'perception.json'))) return openPerceiveFolder(folder, shape);
  const entries = await readdir(folder, { withFileTypes: true });
  const own = pngNames(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  if (own.length > 0) {
    const names = await readNames(folder);
    const hasHand = [...names].some(([id, name]) => id === HAND_ID || HAND_NAMES.includes(name));
    const hands = [...names].flatMap(([id, name]) => (HAND_NAMES.includes(name) ? [id] : []));
    checkCount(folder, own.length, shape.numFrames);
    const read = async (k: number): Promise<ByteImage> => {
      const file = path.join(folder, own[k]);
      const ids = fitted(await readIndexPng(file), shape, file);
      for (let i = 0; i < ids.data.length; i++) if (hands.includes(ids.data[i])) ids.data[i] = HAND_ID;
      return ids;
    };
    return { names: withoutHands(names), hasHand, perception: null, plate: null, read };
  }
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (folders.length === 0)
    throw new UserError(`--mask-files: ${folder} holds no .png and no folders`, 'v2r perceive --explain-files');
  return openObjectFolders(folder, folders.sort(), shape);
}

async function openPerceiveFolder(folder: string, shape: FrameShape): Promise<MaskFiles> {
  const perception = await readJson(path.join(folder, 'perception.json'), PerceptionSchema);
  const masks = path.join(folder, 'masks');
  const files = pngNames(await readdir(masks).catch(() => []));
  checkCount(masks, files.length, shape.numFrames);
  const plateFile = path.join(folder, 'plate.png');
  return {
    names: new Map(perception.objects.map(({ id, name }) => [id, name])),
    hasHand: true,
    perception,
    plate: existsSync(plateFile) ? await readRgb(plateFile) : null,
    read: async (k) => {
      const file = path.join(masks, files[k]);
      return fitted(await readIndexPng(file), shape, file);
    },
  };
}

async function openObjectFolders(folder: string, folders: readonly string[], shape: FrameShape): Promise<MaskFiles> {
  const hands = folders.filter((name) => HAND_NAMES.includes(name.toLowerCase()));
  const objects = folders.filter((name) => !hands.includes(name));
  const files = new Map<string, string[]>();
  for (const name of folders) {
    const inner = path.join(folder, name);
    files.set(name, pngNames(await readdir(inner)));
    checkCount(inner, files.get(name)!.length, shape.numFrames);
  }
  const read = async (k: number): Promise<ByteImage> => {
    const ids = createBytes(shape.widthPx, shape.heightPx);
    for (const [order, name] of [...objects, ...hands].entries()) {
      const file = path.join(folder, name, files.get(name)![k]);
      const mask = fitted(await readIndexPng(file), shape, file);
      const id = order < objects.length ? order + 1 : HAND_ID;
      // 0 / 255 pictures have soft edges when somebody resized them.
      const limit = mask.data.includes(255) ? 127 : 0;
      for (let i = 0; i < ids.data.length; i++) if (mask.data[i] > limit) ids.data[i] = id;
    }
    return ids;
  };
  const names = new Map(objects.map((name, n) => [n + 1, name.replace(/_/g, ' ')]));
  return { names, hasHand: hands.length > 0, perception: null, plate: null, read };
}

const pngNames = (names: readonly string[]): string[] => names.filter((name) => /\.png$/i.test(name)).sort();

function withoutHands(names: ReadonlyMap<number, string>): Map<number, string> {
  return new Map([...names].filter(([id, name]) => id !== HAND_ID && !HAND_NAMES.includes(name)));
}

async function readNames(folder: string): Promise<Map<number, string>> {
  const file = path.join(folder, 'objects.json');
  if (!existsSync(file)) return new Map([[HAND_ID, 'hand']]);
  const names = await readJson(file, NamesSchema);
  return new Map(Object.entries(names).map(([id, name]) => [Number(id), name]));
}

function checkCount(folder: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new UserError(
    `${folder}: expected ${expected} masks, one per frame, found ${found}`,
    'make masks of the frames that v2r uses: v2r run VIDEO --until video writes them to RUN/video/frames',
  );
}

/** At frame size: masks of another resolution are scaled when their shape is the same. */
function fitted(mask: ByteImage, shape: FrameShape, file: string): ByteImage {
  const { widthPx, heightPx } = shape;
  if (mask.widthPx === widthPx && mask.heightPx === heightPx) return mask;
  const ratio = mask.widthPx / mask.heightPx / (widthPx / heightPx);
  if (Math.abs(ratio - 1) > MAX_ASPECT_DIFFERENCE) {
    throw new UserError(
      `${file}: expected ${widthPx}x${heightPx} or the same shape in another size, found ${mask.widthPx}x${mask.heightPx}`,
    );
  }
  return resizeNearest(mask, widthPx, heightPx);
}
