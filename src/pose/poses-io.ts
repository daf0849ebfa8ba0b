/** The `poses` artifact on disk: one JSON file. */
import path from 'node:path';
import { readJson, writeJson } from '../base/files.js';
import { type Poses, PosesSchema } from './poses.js';

const FILE = 'poses.json';

export async function writePoses(folder: string, poses: Poses): Promise<void> {
  await writeJson(path.join(folder, FILE), PosesSchema.parse(poses));
}

export async function readPoses(folder: string): Promise<Poses> {
  return readJson(path.join(folder, FILE), PosesSchema);
}
