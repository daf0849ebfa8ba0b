/** The whole chain on the fixture, small: it completes, verifies, resumes, and gives the same bytes whatever the number of workers. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/base/context.js';
import { CancelledError } from '../../src/base/errors.js';
import { verifyLeRobot } from '../../src/dataset/verify.js';
import { type RunRequest, runStages } from '../../src/pipeline/run.js';
import { STAGES } from '../../src/pipeline/stages.js';
import { summarizeFolder } from '../../src/pipeline/summary.js';

const videoFile = fileURLToPath(new URL('../../fixtures/videos/place.mp4', import.meta.url));
const TIMEOUT_MS = 300_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-main-job-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

function request(name: string, more: Partial<RunRequest> = {}): RunRequest {
  const options = { fps: 15, maxSize: 480, episodes: 2, imageWidth: 160 };
  return { videoFile, outFolder: path.join(folder, name), seed: 3, workers: 2, options, ...more };
}

/** Digest of every file below a folder, by relative path. */
async function digests(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found[path.relative(root, file)] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  }
  return found;
}

describe('the main job on the fixture', () => {
  it('makes a dataset that verifies, also after an interruption, with the same bytes for 1 and 2 workers', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const abort = new AbortController();
    const onEvent = (event: ProgressEvent): void => {
      if (event.kind === 'stage-start' && event.stage === 'episodes') setTimeout(() => abort.abort(), 200);
    };
    const interrupted = runStages(STAGES, request('a', { signal: abort.signal, onEvent }));
    await expect(interrupted).rejects.toBeInstanceOf(CancelledError);

    const resumed = await runStages(STAGES, request('a'));
    expect(resumed.finding).toBeNull();
    const kept = resumed.stages.filter((stage) => stage.cached).map((stage) => stage.name);
    expect(kept).toEqual(['video', 'perceive', 'objects', 'poses', 'skill', 'scene']);

    const report = await verifyLeRobot(path.join(folder, 'a/dataset'));
    expect(report.errors).toEqual([]);
    expect(report.counts.episodes).toBe(2);
    const summary = await summarizeFolder(path.join(folder, 'a'));
    expect(summary.episodes?.accepted).toBe(2);
    expect(summary.objects.map((object) => object.role).sort()).toEqual(expect.arrayContaining(['source', 'target']));

    await runStages(STAGES, request('b', { workers: 1 }));
    const first = await digests(path.join(folder, 'a/dataset'));
    expect(Object.keys(first).filter((name) => name.endsWith('.mp4'))).toHaveLength(1);
    expect(await digests(path.join(folder, 'b/dataset'))).toEqual(first);
  });

  it('makes another dataset for another seed', { timeout: TIMEOUT_MS }, async () => {
    await runStages(STAGES, request('a', { seed: 4 }));
    const other = await digests(path.join(folder, 'a/dataset'));
    const first = await digests(path.join(folder, 'b/dataset'));
    expect(other['data/chunk-000/file-000.parquet']).not.toBe(first['data/chunk-000/file-000.parquet']);
  });
});
