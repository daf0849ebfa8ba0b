import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { CancelledError } from '../../src/base/errors.js';
import { inspectDataset } from '../../src/dataset/inspect.js';
import { FILES_PER_CHUNK, nextSlot } from '../../src/dataset/lerobot-info.js';
import { createLeRobotWriter } from '../../src/dataset/lerobot-writer.js';
import { readParquet } from '../../src/dataset/parquet.js';
import { verifyLeRobot } from '../../src/dataset/verify.js';
import { readMp4Track } from '../../src/video/mp4-track.js';
import { DATA, EPISODES, TASKS, videoFile } from './break-dataset.js';
import { makeDataset, makeEpisode, SPEC, temporaryFolder } from './make-dataset.js';

let work: string;
let folder: string;

beforeAll(async () => {
  work = await temporaryFolder('writer');
  folder = path.join(work, 'dataset');
  await makeDataset(folder);
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function digest(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const file = path.join(root, name);
    if ((await stat(file)).isFile()) hash.update(name).update(await readFile(file));
  }
  return hash.digest('hex');
}

describe('LeRobotWriter', () => {
  it('lays the files out as LeRobot v3 does', async () => {
    const files = (await readdir(folder, { recursive: true }))
      .filter((name) => /\.(json|md|parquet|mp4)$/.test(name))
      .sort();
    expect(files).toEqual([
      'README.md',
      DATA,
      EPISODES,
      'meta/info.json',
      'meta/stats.json',
      TASKS,
      'videos/observation.images.front/chunk-000/file-000.mp4',
      'videos/observation.images.wrist/chunk-000/file-000.mp4',
    ]);
  });

  it('writes one row per frame with counted places and times', async () => {
    const { rows, numRows, columns } = await readParquet(path.join(folder, DATA));
    expect(numRows).toBe(39);
    expect(columns.map(({ name }) => name)).toEqual([
      ...['observation.state', 'action', 'next.reward', 'next.done', 'observation.object_pose'],
      ...['timestamp', 'frame_index', 'episode_index', 'index', 'task_index'],
    ]);
    // Episodes have 12, 20 and 7 frames: row 15 is frame 3 of episode 1.
    expect(rows[15]).toMatchObject({ index: 15n, episode_index: 1n, frame_index: 3n, task_index: 0n });
    expect(rows[15].timestamp).toBe(Math.fround(3 / 30));
    expect(rows[15]['observation.state']).toHaveLength(3);
    expect((rows[15]['observation.state'] as number[])[0]).toBeCloseTo(Math.sin(0.3 + 1), 6);
    expect(rows[38]).toMatchObject({ index: 38n, episode_index: 2n, frame_index: 6n, task_index: 1n });
    expect(rows[38]['next.done']).toBe(true);
  });

  it('says where each episode lies', async () => {
    const { rows } = await readParquet(path.join(folder, EPISODES));
    expect(rows.map((row) => [row.dataset_from_index, row.dataset_to_index])).toEqual([
      [0n, 12n],
      [12n, 32n],
      [32n, 39n],
    ]);
    expect(rows[1]['videos/observation.images.front/from_timestamp']).toBe(12 / 30);
    expect(rows[1]['videos/observation.images.front/to_timestamp']).toBe(32 / 30);
    expect(rows[2].tasks).toEqual(['pour the salt']);
    expect(rows[2]['stats/action/count']).toEqual([7n]);
    const mean = rows[0]['stats/observation.images.front/mean'] as number[][][];
    expect([mean.length, mean[0].length, mean[0][0].length]).toEqual([3, 1, 1]);
  });

  it('joins the episodes into one video per camera with exact times', async () => {
    const track = await readMp4Track(videoFile(folder));
    expect(track.numSamples).toBe(39);
    expect(track.timescale).toBe(30 * 512);
    expect([...track.presentation]).toEqual(Array.from({ length: 39 }, (_, k) => k * 512));
    expect([0, 12, 32].map((frame) => track.isKey[frame])).toEqual([1, 1, 1]);
    expect(track.edits).toEqual([]);
  });

  it('gives the same bytes again', async () => {
    const again = path.join(work, 'again');
    await makeDataset(again);
    expect(await digest(again)).toBe(await digest(folder));
  });

  it('splits files by size and stays sound', async () => {
    const split = path.join(work, 'split');
    // 1 kB per data file and 0.5 kB per video file: every episode its own.
    await makeDataset(split, { dataFileMb: 0.001, videoFileMb: 0.0005 }, [5, 4, 6, 3]);
    const report = await verifyLeRobot(split);
    expect(report.errors).toEqual([]);
    expect(report.counts.dataFiles).toBe(4);
    expect(report.counts.videoFiles).toBe(8);
    const { rows } = await readParquet(path.join(split, EPISODES));
    expect(rows.map((row) => row['data/file_index'])).toEqual([0n, 1n, 2n, 3n]);
    expect(rows[3]['videos/observation.images.front/from_timestamp']).toBe(0);
  });

  it('writes datasets without cameras', async () => {
    const blind = path.join(work, 'blind');
    await makeDataset(blind, { cameras: [] });
    const report = await verifyLeRobot(blind);
    expect(report.errors).toEqual([]);
    expect(report.counts).toMatchObject({ episodes: 3, cameras: 0, videoFiles: 0 });
  });

  it('counts files within chunks', () => {
    expect(nextSlot({ chunk: 0, file: 3 })).toEqual({ chunk: 0, file: 4 });
    expect(nextSlot({ chunk: 0, file: FILES_PER_CHUNK - 1 })).toEqual({ chunk: 1, file: 0 });
  });

  it('can be inspected', async () => {
    const facts = await inspectDataset(folder);
    expect(facts).toMatchObject({ format: 'LeRobot v3.0', robot: 'panda', episodes: 3, frames: 39, fps: 30 });
    expect(facts.tasks).toEqual(['put the cube into the bowl', 'pour the salt']);
    expect(facts.cameras[0]).toEqual({ name: 'observation.images.front', widthPx: 64, heightPx: 48, codec: 'h264' });
    expect(facts.features.action).toBe('float32 x 3');
  });

  it('warns about a value that never changes', async () => {
    const ctx = createContext('dataset');
    const writer = await createLeRobotWriter(path.join(work, 'constant'), SPEC, ctx);
    const episode = await makeEpisode(0, 3);
    await writer.addEpisode({ ...episode, action: Float32Array.of(1, 2, 0.04, 1.1, 2.1, 0.04, 1.2, 2.2, 0.04) });
    await writer.finish();
    expect(ctx.warnings).toHaveLength(1);
    expect(ctx.warnings[0].message).toMatch(/action: gripper\.pos never changes/);
  });

  it('refuses a folder with something in it, and leaves nothing behind when aborted', async () => {
    const target = path.join(work, 'taken');
    await mkdir(target);
    const ctx = createContext('dataset');
    const writer = await createLeRobotWriter(target, SPEC, ctx);
    await writer.addEpisode(await makeEpisode(0, 3));
    await writer.abort();
    expect(existsSync(`${target}.partial`)).toBe(false);
    expect(await readdir(target)).toEqual([]);
    await writeFile(path.join(target, 'mine.txt'), 'mine');
    await expect(createLeRobotWriter(target, SPEC, ctx)).rejects.toThrow(/is not empty/);
  });

  it('shows nothing at the target before it is finished', async () => {
    const target = path.join(work, 'unfinished');
    const writer = await createLeRobotWriter(target, SPEC, createContext('dataset'));
    await writer.addEpisode(await makeEpisode(0, 3));
    expect(existsSync(target)).toBe(false);
    await writer.finish();
    expect((await verifyLeRobot(target)).errors).toEqual([]);
  });

  it('stops at bad values and says where they are', async () => {
    const writer = await createLeRobotWriter(path.join(work, 'bad'), SPEC, createContext('dataset'));
    const episode = await makeEpisode(0, 3);
    const state = episode.state.slice();
    state[4] = Number.NaN;
    await expect(writer.addEpisode({ ...episode, state })).rejects.toThrow(
      'episode 0: observation.state is NaN at frame 1, value 1',
    );
    await expect(writer.addEpisode({ ...episode, action: state.subarray(3) })).rejects.toThrow(
      /action has 6 values, expected 3 x 3/,
    );
    await expect(writer.addEpisode({ ...episode, task: ' ' })).rejects.toThrow(/empty task/);
    await expect(writer.finish()).rejects.toThrow(/no episode was accepted/);
    await writer.abort();
  });

  it('stops when it is cancelled', async () => {
    const controller = new AbortController();
    const ctx = createContext('dataset', { signal: controller.signal });
    const writer = await createLeRobotWriter(path.join(work, 'cancelled'), SPEC, ctx);
    const episode = await makeEpisode(0, 3);
    controller.abort();
    await expect(writer.addEpisode(episode)).rejects.toThrow(CancelledError);
    await writer.abort();
  });
});
