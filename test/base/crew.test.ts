import { describe, expect, it } from 'vitest';
import { type Crew, crewHere, inOrder, startCrew } from '../../src/base/crew.js';
import { CancelledError } from '../../src/base/errors.js';

const workerUrl = new URL('./helpers/square-worker.ts', import.meta.url);

function threads(workers: number, signal = new AbortController().signal): Crew<number, number> {
  return startCrew({ workerUrl, setup: { offset: 1 }, workers, signal });
}

async function squares(crew: Crew<number, number>, jobs: readonly number[]): Promise<number[]> {
  const out: number[] = [];
  try {
    for await (const square of inOrder(jobs.length, crew.ahead, (n) => crew.ask(jobs[n]))) out.push(square);
  } finally {
    await crew.close();
  }
  return out;
}

describe('a crew', () => {
  const jobs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  const expected = jobs.map((job) => job * job + 1);

  it('answers in the order of asking, here or in threads', async () => {
    expect(
      await squares(
        crewHere((job: number) => job * job + 1),
        jobs.slice(0, 5),
      ),
    ).toEqual(expected.slice(0, 5));
    expect(await squares(threads(3), jobs)).toEqual(expected);
    expect(await squares(threads(2), [])).toEqual([]);
  });

  it('hands on the error of a job with its remedy and goes on with the others', async () => {
    const crew = threads(2);
    try {
      const [bad, good] = await Promise.allSettled([crew.ask(13), crew.ask(3)]);
      expect(bad).toMatchObject({ status: 'rejected', reason: { name: 'UserError', remedy: 'give another number' } });
      expect(good).toEqual({ status: 'fulfilled', value: 10 });
    } finally {
      await crew.close();
    }
  });

  it('refuses what is asked after it was cancelled or closed', async () => {
    const abort = new AbortController();
    const crew = threads(1, abort.signal);
    const open = crew.ask(2);
    abort.abort();
    await expect(open).rejects.toBeInstanceOf(CancelledError);
    await expect(crew.ask(3)).rejects.toBeInstanceOf(CancelledError);
    await crew.close();
    const closed = threads(1);
    await closed.close();
    await expect(closed.ask(1)).rejects.toThrow('ended');
  });

  it('never has more than so many questions open', async () => {
    let open = 0;
    let most = 0;
    const ask = async (n: number): Promise<number> => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
      return n;
    };
    const out: number[] = [];
    for await (const n of inOrder(9, 3, ask)) out.push(n);
    expect(out).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(most).toBe(3);
  });
});
