import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.js';
import { runPool } from '../../src/base/pool.js';

const workerUrl = new URL('./helpers/square-worker.ts', import.meta.url);

async function squares(jobs: number[], workers: number, signal = new AbortController().signal): Promise<number[]> {
  const results: number[] = [];
  await runPool<number, number, { offset: number }>(
    { workerUrl, setup: { offset: 1 }, jobs, workers, signal },
    (result) => void results.push(result),
  );
  return results;
}

describe('runPool', () => {
  it('gives results in job order for any number of workers', async () => {
    const expected = [1, 2, 5, 10, 17, 26, 37];
    expect(await squares([0, 1, 2, 3, 4, 5, 6], 1)).toEqual(expected);
    expect(await squares([0, 1, 2, 3, 4, 5, 6], 3)).toEqual(expected);
  });

  it('does nothing for no jobs', async () => {
    expect(await squares([], 2)).toEqual([]);
  });

  it('hands on the error of a job with its remedy', async () => {
    await expect(squares([1, 13, 3], 2)).rejects.toMatchObject({
      name: 'UserError',
      message: '13 is not wanted',
      remedy: 'give another number',
    });
  });

  it('stops when cancelled', async () => {
    const abort = new AbortController();
    const running = squares(
      Array.from({ length: 200 }, (_, i) => i * 2),
      2,
      abort.signal,
    );
    setTimeout(() => abort.abort(), 50);
    await expect(running).rejects.toBeInstanceOf(CancelledError);
  });
});
