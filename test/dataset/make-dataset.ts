/** A small dataset of synthetic pictures, written by our own writer, for tests. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createContext } from '../../src/base/context.js';
import type { LeRobotSpec } from '../../src/dataset/features.js';
import { createLeRobotWriter, type LeRobotEpisode } from '../../src/dataset/lerobot-writer.js';
import { createRgb, type RgbImage } from '../../src/image/image.js';
import { ImageStats } from '../../src/image/image-stats.js';
import { ENCODE_DEFAULTS, VideoEncoder } from '../../src/video/encode.js';

export const JOINTS = ['joint1.pos', 'joint2.pos', 'gripper.pos'];
export const SIZE = { widthPx: 64, heightPx: 48 };
export const FPS = 30;

export function temporaryFolder(label: string): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), `v2r-${label}-`));
}

export const SPEC: LeRobotSpec = {
  fps: FPS,
  robotType: 'panda',
  stateNames: JOINTS,
  actionNames: JOINTS,
  cameras: [
    { name: 'front', ...SIZE },
    { name: 'wrist', ...SIZE },
  ],
  extras: [
    { key: 'next.reward', dtype: 'float32', length: 1 },
    { key: 'next.done', dtype: 'bool', length: 1 },
    { key: 'observation.object_pose', dtype: 'float32', length: 7 },
  ],
  video: ENCODE_DEFAULTS,
};

/** A gradient with a bright square that moves one pixel per frame. */
export function picture(episode: number, frame: number, camera: string): RgbImage {
  const image = createRgb(SIZE.widthPx, SIZE.heightPx);
  const shift = camera === 'front' ? 0 : 40;
  for (let y = 0; y < SIZE.heightPx; y++) {
    for (let x = 0; x < SIZE.widthPx; x++) {
      const inside = Math.abs(x - 10 - frame) < 6 && Math.abs(y - 20 - episode) < 6;
      const at = (y * SIZE.widthPx + x) * 3;
      image.data[at] = inside ? 250 : 60 + x + shift;
      image.data[at + 1] = inside ? 240 : 80 + y;
      image.data[at + 2] = inside ? 20 : 100;
    }
  }
  return image;
}

const made = new Map<string, Promise<LeRobotEpisode>>();
let parts: Promise<string> | undefined;

/** The same episode is encoded once per test file. Its videos lie in a temporary folder that is removed at exit. */
export function makeEpisode(episode: number, length: number): Promise<LeRobotEpisode> {
  const key = `${episode}-${length}`;
  const known = made.get(key) ?? encodeEpisode(episode, length);
  made.set(key, known);
  return known;
}

async function partsFolder(): Promise<string> {
  const folder = await temporaryFolder('parts');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function encodeEpisode(episode: number, length: number): Promise<LeRobotEpisode> {
  const folder = await (parts ??= partsFolder());
  const videoFiles: Record<string, string> = {};
  const imageStats: LeRobotEpisode['imageStats'] & Record<string, unknown> = {};
  for (const { name } of SPEC.cameras) {
    const file = path.join(folder, `${name}-${episode}-${length}.mp4`);
    const encoder = await VideoEncoder.open(file, { ...SIZE, fps: FPS });
    const stats = new ImageStats(length);
    for (let frame = 0; frame < length; frame++) {
      const image = picture(episode, frame, name);
      stats.add(frame, image);
      await encoder.write(image.data);
    }
    await encoder.close();
    videoFiles[name] = file;
    imageStats[name] = stats.result();
  }
  const wave = (frame: number, joint: number): number => Math.sin(0.1 * frame + joint + episode);
  const rows = (count: number, value: (frame: number, i: number) => number): Float32Array =>
    Float32Array.from({ length: length * count }, (_, at) => value(Math.floor(at / count), at % count));
  return {
    task: episode === 2 ? 'pour the salt' : 'put the cube into the bowl',
    state: rows(JOINTS.length, wave),
    action: rows(JOINTS.length, (frame, joint) => wave(frame + 1, joint)),
    extra: {
      'next.reward': rows(1, (frame) => (frame === length - 1 ? 1 : 0)),
      'next.done': rows(1, (frame) => (frame === length - 1 ? 1 : 0)),
      'observation.object_pose': rows(7, (frame, i) => 0.01 * frame + i),
    },
    videoFiles,
    imageStats,
  };
}

/** Episodes of 12, 20 and 7 frames (or the given lengths) in `folder`. */
export async function makeDataset(
  folder: string,
  changes: Partial<LeRobotSpec> = {},
  lengths: readonly number[] = [12, 20, 7],
): Promise<ReturnType<typeof createContext>> {
  const ctx = createContext('dataset');
  const writer = await createLeRobotWriter(folder, { ...SPEC, ...changes }, ctx);
  for (const [episode, length] of lengths.entries()) {
    await writer.addEpisode(await makeEpisode(episode, length));
  }
  await writer.finish();
  return ctx;
}
