import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.js';
import { writeFileAtomic } from '../../src/base/files.js';
import { defineOptions } from '../../src/base/options.js';
import { type RunRequest, runStages } from '../../src/pipeline/run.js';
import type { Stage } from '../../src/pipeline/stage.js';

let folder: string;
let runs: string[];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-run-'));
  await writeFile(path.join(folder, 'a.mp4'), 'not decoded in this test');
  runs = [];
});

/** Two small stages: the second reads what the first wrote. */
function chain(overrides: Partial<Stage> = {}): Stage[] {
  return [
    {
      name: 'video',
      version: 1,
      inputs: [],
      options: defineOptions({ fps: { kind: 'number', default: 30, help: 'rate' } }),
      run: async (io, options) => {
        runs.push('video');
        await writeFileAtomic(path.join(io.output, 'video.txt'), `fps ${options.fps}`);
        return undefined;
      },
    },
    {
      name: 'perceive',
      version: 1,
      inputs: ['video'],
      options: defineOptions({ tilt: { kind: 'number', default: 1, help: 'tilt' } }),
      run: async (io, options, ctx) => {
        runs.push('perceive');
        ctx.warn('tilt-assumed', 'the tilt was assumed');
        const text = await readFile(path.join(io.input('video'), 'video.txt'), 'utf8');
        await writeFileAtomic(
          path.join(io.output, 'out.txt'),
          `${text}, tilt ${options.tilt}, ${ctx.random('x').uint32()}`,
        );
        return undefined;
      },
      ...overrides,
    },
  ];
}

function request(more: Partial<RunRequest> = {}): RunRequest {
  return {
    videoFile: path.join(folder, 'a.mp4'),
    outFolder: path.join(folder, 'run'),
    seed: 0,
    workers: 1,
    options: {},
    ...more,
  };
}

const output = (): Promise<string> => readFile(path.join(folder, 'run/perceive/out.txt'), 'utf8');

describe('runStages', () => {
  it('runs once, then keeps everything', async () => {
    await runStages(chain(), request());
    const first = await output();
    const again = await runStages(chain(), request());
    expect(runs).toEqual(['video', 'perceive']);
    expect(again.stages.map((stage) => stage.cached)).toEqual([true, true]);
    expect(again.warnings).toEqual([{ stage: 'perceive', code: 'tilt-assumed', message: 'the tilt was assumed' }]);
    expect(await output()).toBe(first);
  });

  it('runs again exactly what an option, the seed or the video changes', async () => {
    await runStages(chain(), request());
    await runStages(chain(), request({ options: { tilt: 2 } }));
    expect(runs).toEqual(['video', 'perceive', 'perceive']);
    await runStages(chain(), request({ options: { tilt: 2, fps: 10 } }));
    expect(runs.slice(3)).toEqual(['video', 'perceive']);
    expect(await output()).toMatch(/^fps 10, tilt 2/);
    const seedZero = await output();
    await runStages(chain(), request({ options: { tilt: 2, fps: 10 }, seed: 1 }));
    expect(await output()).not.toBe(seedZero);
    await writeFile(path.join(folder, 'a.mp4'), 'another video');
    await runStages(chain(), request({ options: { tilt: 2, fps: 10 }, seed: 1 }));
    expect(runs.slice(-2)).toEqual(['video', 'perceive']);
  });

  it('honours from, until and force', async () => {
    await runStages(chain(), request({ until: 'video' }));
    expect(runs).toEqual(['video']);
    await runStages(chain(), request({ from: 'perceive' }));
    await runStages(chain(), request({ from: 'perceive' }));
    expect(runs).toEqual(['video', 'perceive', 'perceive']);
    await runStages(chain(), request({ force: true }));
    expect(runs.slice(3)).toEqual(['video', 'perceive']);
  });

  it('keeps finished stages and old results when a stage fails', async () => {
    await runStages(chain(), request());
    const before = await output();
    const failing = chain({ run: async () => Promise.reject(new Error('boom')) });
    await expect(runStages(failing, request({ options: { tilt: 9 } }))).rejects.toThrow('boom');
    expect(await output()).toBe(before);
    await runStages(chain(), request({ options: { tilt: 9 } }));
    expect(await output()).toContain('tilt 9');
    expect((await readdir(path.join(folder, 'run'))).sort()).toEqual(['.stages', 'perceive', 'run.json', 'video']);
  });

  it('hands a resumable stage its half-finished work, but not that of other options', async () => {
    let seen: string[] = [];
    const resumable = (fail: boolean): Stage[] =>
      chain({
        resumable: true,
        run: async (io) => {
          seen = await readdir(io.output);
          await writeFileAtomic(path.join(io.output, 'half.txt'), 'half');
          if (fail) throw new Error('killed');
          return undefined;
        },
      });
    await expect(runStages(resumable(true), request())).rejects.toThrow('killed');
    await expect(runStages(resumable(true), request({ options: { tilt: 3 } }))).rejects.toThrow('killed');
    expect(seen).toEqual([]);
    await runStages(resumable(false), request({ options: { tilt: 3 } }));
    expect(seen).toEqual(['half.txt']);
  });

  it('stops between stages when cancelled', async () => {
    const abort = new AbortController();
    const stages = chain();
    const first = stages[0].run;
    stages[0] = { ...stages[0], run: async (...args) => first(...args).finally(() => abort.abort()) };
    await expect(runStages(stages, request({ signal: abort.signal }))).rejects.toBeInstanceOf(CancelledError);
    expect(runs).toEqual(['video']);
  });

  it('keeps a second run out while one is at work, and takes over a dead one', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    try {
      await runStages(chain(), request());
      await writeFile(path.join(folder, 'run/.lock'), String(child.pid));
      await expect(runStages(chain(), request())).rejects.toThrow(`another v2r (process ${child.pid}) is working in`);
    } finally {
      child.kill();
      await new Promise((resolve) => child.once('exit', resolve));
    }
    await runStages(chain(), request());
    expect(existsSync(path.join(folder, 'run/.lock'))).toBe(false);
  });

  it('ends with a finding: later stages are skipped unless they want to run', async () => {
    const stages = chain();
    const found: Stage[] = [
      { ...stages[0], run: async () => ({ finding: 'nothing moved' }) },
      stages[1],
      {
        ...stages[1],
        name: 'report',
        inputs: [],
        afterFinding: true,
        options: {},
        run: async () => void runs.push('report') as undefined,
      },
    ];
    const result = await runStages(found, request());
    expect(result.finding).toBe('nothing moved');
    expect(runs).toEqual(['report']);
    const cached = await runStages(found, request());
    expect(cached.finding).toBe('nothing moved');
  });

  it('refuses a folder that holds other things, a missing video and a folder as video', async () => {
    await mkdir(path.join(folder, 'photos'));
    await writeFile(path.join(folder, 'photos/cat.jpg'), 'cat');
    await expect(runStages(chain(), request({ outFolder: path.join(folder, 'photos') }))).rejects.toThrow(
      'is not a run folder',
    );
    expect(existsSync(path.join(folder, 'photos/cat.jpg'))).toBe(true);
    await expect(runStages(chain(), request({ videoFile: path.join(folder, 'none.mp4') }))).rejects.toThrow(
      'no such file',
    );
    await expect(runStages(chain(), request({ videoFile: folder }))).rejects.toThrow('is a folder, not a video');
  });
});
