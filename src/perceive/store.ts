/** The `perceive` artifact on disk; layout in perception.ts. */
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson, writeJson } from '../base/files.js';
import { readNpy, writeNpy } from '../base/npy.js';
import type { ByteImage, RgbImage } from '../image/image.js';
import { readBytes, readRgb, writePng } from '../image/image-io.js';
import { writeDepth } from './depth-store.js';
import { writeHands } from './hands/hand-store.js';
import type { PerceptionResult } from './perceive.js';
import { type Perception, PerceptionSchema, type Tracks } from './perception.js';

const TracksSchema = z.object({
  kind: z.literal('v2r/tracks'),
  version: z.literal(1),
  numFrames: z.int(),
  numTracks: z.int(),
  /** [N] object id of each track; positions are in tracks.npy, [T, N, 2] f32 px, NaN where not seen. */
  objectIds: z.array(z.int()),
});

const maskFile = (folder: string, frame: number): string =>
  path.join(folder, 'masks', `${String(frame).padStart(6, '0')}.png`);

export async function writeMask(folder: string, frame: number, idMap: ByteImage): Promise<void> {
  await writePng(maskFile(folder, frame), idMap);
}

/** Id map of one frame: 0 background, 1..254 objects, 255 hand. */
export async function readMask(folder: string, frame: number): Promise<ByteImage> {
  return readBytes(maskFile(folder, frame));
}

/** Writes everything but the masks. */
export async function writePerception(folder: string, result: Omit<PerceptionResult, 'masks'>): Promise<void> {
  const { perception, tracks, plate } = result;
  await writePng(path.join(folder, 'plate.png'), plate);
  await writeNpy(path.join(folder, 'tracks.npy'), [tracks.numFrames, tracks.numTracks, 2], tracks.xyPx);
  await writeJson(path.join(folder, 'tracks.json'), {
    kind: 'v2r/tracks',
    version: 1,
    numFrames: tracks.numFrames,
    numTracks: tracks.numTracks,
    objectIds: tracks.objectIds,
  });
  await writeDepth(folder, result.depth);
  if (result.hands) await writeHands(folder, result.hands);
  await writeJson(path.join(folder, 'perception.json'), perception);
}

export async function readPerception(folder: string): Promise<Perception> {
  return readJson(path.join(folder, 'perception.json'), PerceptionSchema);
}

export async function readPlate(folder: string): Promise<RgbImage> {
  return readRgb(path.join(folder, 'plate.png'));
}

export async function readTracks(folder: string): Promise<Tracks> {
  const { numFrames, numTracks, objectIds } = await readJson(path.join(folder, 'tracks.json'), TracksSchema);
  const file = path.join(folder, 'tracks.npy');
  const { shape, data } = await readNpy(file);
  const expected = [numFrames, numTracks, 2];
  if (shape.join() !== expected.join() || !(data instanceof Float32Array)) {
    throw new UserError(`${file}: expected f32 [${expected.join(', ')}], found [${shape.join(', ')}]`);
  }
  if (objectIds.length !== numTracks) {
    throw new UserError(`${folder}/tracks.json: ${objectIds.length} object ids for ${numTracks} tracks`);
  }
  return { numFrames, numTracks, xyPx: data, objectIds };
}
