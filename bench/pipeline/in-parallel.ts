/** Scores several fixtures at once, each in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FixtureRequest, ScoredFixture } from './score-fixture.js';

const PROCESS = fileURLToPath(new URL('fixture-process.ts', import.meta.url));

export type TimedFixture = ScoredFixture & { cpuSeconds: number };

/**
 * In the order of the requests, at most `jobs` at a time.
 * @throws Error naming the fixture whose process ended without a result; the others are ended then.
 */
export async function scoreInParallel(requests: readonly FixtureRequest[], jobs: number): Promise<TimedFixture[]> {
  const stop = new AbortController();
  const waiting = requests.map((request, i) => ({ request, i }));
  const results: TimedFixture[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      results[next.i] = await scoreInProcess(next.request, stop.signal);
    }
  };
  try {
    await Promise.all(Array.from({ length: jobs }, work));
  } finally {
    stop.abort();
  }
  return results;
}

function scoreInProcess(request: FixtureRequest, signal: AbortSignal): Promise<TimedFixture> {
  return new Promise((resolve, reject) => {
    const child = fork(PROCESS, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      signal,
    });
    child.once('message', (scored) => resolve(scored as TimedFixture));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${request.name}: the process ended (${code}) without a result`)));
    child.send(request);
  });
}
