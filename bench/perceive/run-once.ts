/** A process that perceives one decoded film and tells what that took. Asked and answered by messages. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { perceiveStage } from '../../src/pipeline/stages/perceive.js';

export interface RunRequest {
  /** Run folder with a video artifact. */
  folder: string;
  workers: number;
}

export interface RunCost {
  wallSec: number;
  /** Of all threads. */
  cpuSec: number;
  /** Of the main thread; null where the system does not tell. */
  mainCpuSec: number | null;
  peakMb: number;
}

const CLASSICAL = { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' };

/** Linux counts it in ticks of 10 ms. */
function mainCpuSec(): number | null {
  try {
    const fields = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

process.once('message', async ({ folder, workers }: RunRequest) => {
  const output = mkdtempSync(path.join(tmpdir(), 'v2r-bench-'));
  try {
    const options = resolveOptions(perceiveStage.options, CLASSICAL);
    const main = mainCpuSec();
    const cpu = process.cpuUsage();
    const started = performance.now();
    const io = { output, videoFile: '', input: (name: string) => path.join(folder, name) };
    await perceiveStage.run(io, options, createContext('perceive', { workers }));
    const { user, system } = process.cpuUsage(cpu);
    const after = mainCpuSec();
    process.send?.({
      wallSec: (performance.now() - started) / 1000,
      cpuSec: (user + system) / 1e6,
      mainCpuSec: main !== null && after !== null ? after - main : null,
      peakMb: process.resourceUsage().maxRSS / 1024,
    } satisfies RunCost);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
  process.disconnect();
});
