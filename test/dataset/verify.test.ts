import { existsSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLeRobot } from '../../src/dataset/verify.js';
import { VideoEncoder } from '../../src/video/encode.js';
import {
  copyDataset,
  DATA,
  EPISODES,
  editJson,
  editParquet,
  editText,
  TASKS,
  truncate,
  videoFile,
} from './break-dataset.js';
import { makeDataset, temporaryFolder } from './make-dataset.js';

const REFERENCE = fileURLToPath(new URL('../../../shared/data/reference', import.meta.url));
const hasReference = existsSync(REFERENCE);
if (!hasReference) console.log(`datasets made by the real library are skipped: no folder ${REFERENCE}`);

interface Info {
  [key: string]: unknown;
  features: Record<string, { dtype: string; shape: number[]; names: unknown }>;
}
type Stats = Record<string, Record<string, unknown>>;

interface Break {
  what: string;
  damage(folder: string): Promise<void>;
  code: string;
  words: RegExp;
}

const inData = (change: Parameters<typeof editParquet>[1]) => (folder: string) =>
  editParquet(path.join(folder, DATA), change);
const inEpisodes = (change: Parameters<typeof editParquet>[1]) => (folder: string) =>
  editParquet(path.join(folder, EPISODES), change);
const inTasks = (change: Parameters<typeof editParquet>[1]) => (folder: string) =>
  editParquet(path.join(folder, TASKS), change);
const inInfo = (change: (info: Info) => void) => (folder: string) =>
  editJson<Info>(path.join(folder, 'meta/info.json'), change);
const inStats = (change: (stats: Stats) => void) => (folder: string) =>
  editJson<Stats>(path.join(folder, 'meta/stats.json'), change);

async function encodeGrey(file: string, fps: number, numFrames: number, widthPx: number, heightPx: number) {
  const encoder = await VideoEncoder.open(file, { widthPx, heightPx, fps });
  for (let k = 0; k < numFrames; k++) await encoder.write(new Uint8Array(widthPx * heightPx * 3).fill(100));
  await encoder.close();
}

/** Every one must be found in any sound dataset with cameras front and wrist, several episodes and two tasks. */
const BREAKS: Break[] = [
  {
    what: 'info.json missing',
    damage: (folder) => rm(path.join(folder, 'meta/info.json')),
    code: 'info-missing',
    words: /is missing: this is not a LeRobot dataset/,
  },
  {
    what: 'info.json half written',
    damage: (folder) => truncate(path.join(folder, 'meta/info.json')),
    code: 'info-invalid',
    words: /not valid JSON/,
  },
  {
    what: 'version v2.1',
    damage: inInfo((info) => (info.codebase_version = 'v2.1')),
    code: 'version',
    words: /v2\.1.*only v3.*convert/,
  },
  {
    what: 'fps text',
    damage: inInfo((info) => (info.fps = '30')),
    code: 'info-invalid',
    words: /fps/,
  },
  {
    what: 'total_frames too large',
    damage: inInfo((info) => (info.total_frames = 1000)),
    code: 'total-frames',
    words: /total_frames is 1000/,
  },
  {
    what: 'total_episodes wrong',
    damage: inInfo((info) => (info.total_episodes = 7)),
    code: 'total-episodes',
    words: /total_episodes is 7/,
  },
  {
    what: 'total_tasks wrong',
    damage: inInfo((info) => (info.total_tasks = 9)),
    code: 'total-tasks',
    words: /total_tasks is 9/,
  },
  {
    what: 'feature index missing',
    damage: inInfo((info) => delete info.features.index),
    code: 'feature-missing',
    words: /index is missing/,
  },
  {
    what: 'timestamp declared float64',
    damage: inInfo((info) => (info.features.timestamp.dtype = 'float64')),
    code: 'feature-wrong',
    words: /timestamp.*must be float32/,
  },
  {
    what: 'channel name missing',
    damage: inInfo((info) => (info.features['observation.images.front'].names = ['height', 'width', 'c'])),
    code: 'feature-names',
    words: /channels/,
  },
  {
    what: 'split out of range',
    damage: inInfo((info) => (info.splits = { train: '0:99' })),
    code: 'splits',
    words: /0:99/,
  },
  {
    what: 'image size differs from the video',
    damage: inInfo((info) => (info.features['observation.images.front'].shape = [480, 640, 3])),
    code: 'video-size',
    words: /says 640x480/,
  },
  {
    what: 'data file missing',
    damage: (folder) => rm(path.join(folder, DATA)),
    code: 'data-missing',
    words: /no parquet file/,
  },
  {
    what: 'data file cut off',
    damage: (folder) => truncate(path.join(folder, DATA)),
    code: 'parquet-unreadable',
    words: /not a readable parquet file/,
  },
  {
    what: 'rows dropped at the end',
    damage: inData(({ rows }) => rows.splice(-3)),
    code: 'rows',
    words: /rows, the episodes have/,
  },
  {
    what: 'row dropped in the middle',
    damage: inData(({ rows }) => rows.splice(5, 1)),
    code: 'frame-index',
    words: /frame_index is 6, expected 5/,
  },
  {
    what: 'two rows swapped',
    damage: inData(({ rows }) => ([rows[3], rows[4]] = [rows[4], rows[3]])),
    code: 'index',
    words: /row 3: index is 4, expected 3/,
  },
  {
    what: 'episode_index wrong',
    damage: inData(({ rows }) => (rows[2].episode_index = 1n)),
    code: 'episode-index',
    words: /row 2: episode_index is 1, expected 0/,
  },
  {
    what: 'timestamps run on over episodes',
    damage: inData(({ rows }) => {
      for (const [i, row] of rows.entries()) row.timestamp = i / 20;
    }),
    code: 'timestamp',
    words: /counts from 0 in every episode/,
  },
  {
    what: 'timestamp off by a millisecond',
    damage: inData(({ rows }) => (rows[1].timestamp = Number(rows[1].timestamp) + 0.001)),
    code: 'timestamp',
    words: /row 1: timestamp/,
  },
  {
    what: 'list one value short',
    damage: inData(({ rows }) => (rows[4].action = (rows[4].action as number[]).slice(1))),
    code: 'list-length',
    words: /row 4: action has \d+ values/,
  },
  {
    what: 'null in a column',
    damage: inData(({ rows }) => (rows[4].action = null)),
    code: 'null',
    words: /row 4: action is null/,
  },
  {
    what: 'NaN in an action',
    damage: inData(({ rows }) => (rows[4].action = (rows[4].action as number[]).map(() => Number.NaN))),
    code: 'not-finite',
    words: /row 4: action\[0\] is NaN/,
  },
  {
    what: 'column missing',
    damage: inData((table) => (table.columns = table.columns.filter(({ name }) => name !== 'action'))),
    code: 'column-missing',
    words: /no column for feature action/,
  },
  {
    what: 'extra column',
    damage: inData(({ columns, rows }) => {
      columns.push({ name: 'note', type: 'float32', depth: 0 });
      for (const row of rows) row.note = 1;
    }),
    code: 'column-extra',
    words: /note.*not a feature/,
  },
  {
    what: 'scalar stored as list',
    damage: inData((table) => {
      table.columns = table.columns.map((column) => (column.name === 'index' ? { ...column, depth: 1 } : column));
      for (const row of table.rows) row.index = [row.index];
    }),
    code: 'column-shape',
    words: /index: lists nested 1 deep/,
  },
  {
    what: 'task_index beyond the tasks',
    damage: inData(({ rows }) => (rows[0].task_index = 5n)),
    code: 'task-index',
    words: /task_index 5, there are 2 tasks/,
  },
  {
    what: 'tasks.parquet missing',
    damage: (folder) => rm(path.join(folder, TASKS)),
    code: 'tasks-missing',
    words: /missing/,
  },
  {
    what: 'tasks without pandas index',
    damage: inTasks(({ metadata }) => metadata.delete('pandas')),
    code: 'tasks-index',
    words: /row numbers instead of sentences/,
  },
  {
    what: 'tasks out of order',
    damage: inTasks(({ rows }) => rows.reverse()),
    code: 'tasks-order',
    words: /row 0 has task_index 1/,
  },
  {
    what: 'task renamed in tasks.parquet only',
    damage: inTasks(({ rows }) => (rows[0].task = 'something else')),
    code: 'episode-tasks',
    words: /is not in meta\/tasks\.parquet/,
  },
  {
    what: 'episode table missing',
    damage: (folder) => rm(path.join(folder, EPISODES)),
    code: 'episodes-missing',
    words: /no parquet file/,
  },
  {
    what: 'episodes shuffled',
    damage: inEpisodes(({ rows }) => rows.reverse()),
    code: 'episode-order',
    words: /looks episodes up by position/,
  },
  {
    what: 'an episode row dropped',
    damage: inEpisodes(({ rows }) => rows.pop()),
    code: 'rows-left',
    words: /belongs to no episode/,
  },
  {
    what: 'dataset_from_index wrong',
    damage: inEpisodes(({ rows }) => (rows[1].dataset_from_index = 3n)),
    code: 'episode-range',
    words: /leak between episodes/,
  },
  {
    what: 'column of the episode table missing',
    damage: inEpisodes((table) => (table.columns = table.columns.filter(({ name }) => name !== 'length'))),
    code: 'episode-columns',
    words: /lacks the columns length/,
  },
  {
    what: 'data file named wrongly in the episode table',
    damage: inEpisodes(({ rows }) => (rows[1]['data/file_index'] = 4n)),
    code: 'data-place',
    words: /episode 1 is said to be in data\/chunk-000\/file-004/,
  },
  {
    what: 'video missing',
    damage: (folder) => rm(videoFile(folder)),
    code: 'video-missing',
    words: /is missing: episode 0 needs it/,
  },
  {
    what: 'video is text',
    damage: (folder) => writeFile(videoFile(folder), 'not a video at all'),
    code: 'video-unreadable',
    words: /not a whole MP4/,
  },
  {
    what: 'video cut off',
    damage: (folder) => truncate(videoFile(folder), 0.8),
    code: 'video-truncated',
    words: /cut off/,
  },
  {
    what: 'from_timestamp off by one frame',
    damage: inEpisodes(({ rows }) => {
      const key = 'videos/observation.images.front/from_timestamp';
      rows[1][key] = Number(rows[1][key]) + 0.05;
    }),
    code: 'video-range',
    words: /from_timestamp.*its frames lie at/,
  },
  {
    what: 'stats.json missing',
    damage: (folder) => rm(path.join(folder, 'meta/stats.json')),
    code: 'stats-missing',
    words: /normalisation/,
  },
  {
    what: 'bare NaN in stats.json, as Python writes it',
    damage: (folder) => editText(path.join(folder, 'meta/stats.json'), (text) => text.replace(/-?\d+\.\d+/, 'NaN')),
    code: 'stats-not-finite',
    words: /is NaN/,
  },
  {
    what: 'infinite std',
    damage: (folder) =>
      editText(path.join(folder, 'meta/stats.json'), (text) => text.replace(/("std": \[\s+)[-\d.e]+/, '$1Infinity')),
    code: 'stats-not-finite',
    words: /is Infinity/,
  },
  {
    what: 'flat camera statistics',
    damage: inStats((stats) => (stats['observation.images.front'].mean = [0.5, 0.5, 0.5])),
    code: 'stats-shape',
    words: /nested 3x1x1/,
  },
  {
    what: 'colours in 0..255',
    damage: inStats((stats) => (stats['observation.images.front'].max = [[[255]], [[255]], [[255]]])),
    code: 'stats-range',
    words: /must be 0\.\.1/,
  },
  {
    what: 'feature without statistics',
    damage: inStats((stats) => delete stats.action),
    code: 'stats-feature',
    words: /no statistics for action/,
  },
  {
    what: 'statistics of another dataset',
    damage: inStats((stats) => {
      stats.action.mean = (stats.action.mean as number[]).map((value) => value + 0.1);
    }),
    code: 'stats-wrong',
    words: /action\[0\]: mean is .* the rows give/,
  },
  {
    what: 'quantiles out of order',
    damage: inStats((stats) => (stats.action.q10 = (stats.action.q90 as number[]).map((value) => value + 1))),
    code: 'stats-order',
    words: /q10 .* is greater than q50/,
  },
  {
    what: 'wrong count',
    damage: inStats((stats) => (stats.action.count = [3])),
    code: 'stats-count',
    words: /count is 3/,
  },
  {
    what: 'stray parquet file',
    damage: async (folder) => {
      await mkdir(path.join(folder, 'data/chunk-000/old'), { recursive: true });
      await cp(path.join(folder, DATA), path.join(folder, 'data/chunk-000/old/file.parquet'));
    },
    code: 'stray-file',
    words: /does not belong/,
  },
  {
    what: 'pictures of an unfinished recording',
    damage: async (folder) => {
      await mkdir(path.join(folder, 'images/observation.images.front/episode-000000'), { recursive: true });
      await writeFile(path.join(folder, 'images/observation.images.front/episode-000000/frame-000000.png'), 'x');
    },
    code: 'images-left',
    words: /not finished/,
  },
];

const SOURCES = ['ours', ...(hasReference ? ['lerobot-v3-tiny'] : [])];

describe.each(SOURCES)('verifyLeRobot on %s', (source) => {
  let work: string;
  let sound: string;

  beforeAll(async () => {
    work = await temporaryFolder('verify');
    sound = source === 'ours' ? path.join(work, 'sound') : path.join(REFERENCE, source);
    if (source === 'ours') await makeDataset(sound);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  it('accepts the sound dataset without a word', async () => {
    const report = await verifyLeRobot(sound);
    expect(report.errors).toEqual([]);
    expect(report.warnings).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.counts.episodes).toBe(3);
    expect(report.counts.cameras).toBe(2);
    expect(report.counts.videoFiles).toBe(2);
  });

  it.each(BREAKS)('finds: $what', async ({ what, damage, code, words }) => {
    const copy = path.join(work, what.replace(/\W+/g, '-'));
    await copyDataset(sound, copy);
    await damage(copy);
    const report = await verifyLeRobot(copy);
    expect(report.ok).toBe(false);
    const found = report.errors.filter((finding) => finding.code === code);
    expect(found.length, JSON.stringify(report.errors, null, 1)).toBeGreaterThan(0);
    expect(found.map(({ message }) => message).join('\n')).toMatch(words);
    await rm(copy, { recursive: true });
  });
});

describe('verifyLeRobot on videos of its own', () => {
  let work: string;

  beforeAll(async () => {
    work = await temporaryFolder('verify-video');
    await makeDataset(path.join(work, 'sound'), {}, [4, 3]);
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  async function withVideo(name: string, fps: number, numFrames: number) {
    const copy = path.join(work, name);
    await copyDataset(path.join(work, 'sound'), copy);
    await encodeGrey(videoFile(copy), fps, numFrames, 64, 48);
    return verifyLeRobot(copy);
  }

  it('accepts another video of the same length and rate', async () => {
    expect((await withVideo('same', 30, 7)).errors).toEqual([]);
  });

  it('finds a frame too few', async () => {
    const { errors } = await withVideo('short', 30, 6);
    expect(errors.map(({ code }) => code)).toEqual(['video-frames']);
    expect(errors[0].message).toMatch(/holds 6 frames, its episodes have 7/);
  });

  it('finds frames at another rate', async () => {
    const { errors } = await withVideo('rate', 29, 7);
    expect(errors.map(({ code }) => code)).toEqual(['video-times']);
    expect(errors[0].message).toMatch(/frame 1 is shown at 0\.034483 s, expected 1\/30/);
  });

  it('warns about an unused video and ignores other files in the root', async () => {
    const copy = path.join(work, 'stray');
    await copyDataset(path.join(work, 'sound'), copy);
    await cp(videoFile(copy), videoFile(copy).replace('file-000', 'file-001'));
    await writeFile(path.join(copy, 'stage.json'), '{}');
    const { ok, warnings } = await verifyLeRobot(copy);
    expect(ok).toBe(true);
    expect(warnings.map(({ code }) => code)).toEqual(['stray-file']);
  });

  it('counts further findings of a kind instead of listing them all', async () => {
    const copy = path.join(work, 'many');
    await copyDataset(path.join(work, 'sound'), copy);
    await editParquet(path.join(copy, DATA), ({ rows }) => {
      for (const row of rows) row.index = 99n;
    });
    const found = (await verifyLeRobot(copy)).errors.filter(({ code }) => code === 'index');
    expect(found).toHaveLength(6);
    expect(found[5].message).toBe('and 2 more like this');
  });
});

describe('verifyLeRobot elsewhere', () => {
  it.skipIf(!hasReference)('accepts depth videos, arrays and booleans of the real library', async () => {
    const report = await verifyLeRobot(path.join(REFERENCE, 'lerobot-v3-tiny-depth'));
    expect(report.errors).toEqual([]);
    expect(report.counts).toMatchObject({ episodes: 2, frames: 20, cameras: 2 });
  });

  it('refuses what is no folder', async () => {
    await expect(verifyLeRobot('/no/such/folder')).rejects.toThrow(/no such folder/);
    await expect(verifyLeRobot(fileURLToPath(import.meta.url))).rejects.toThrow(/is not a folder/);
  });
});
