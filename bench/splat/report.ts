/** docs/performance.md, the part about the Gaussian engine. */
import { writeFileAtomic } from '../../src/base/files.js';
import type { SplatResult } from '../splat.js';

export async function writePerformance(file: string, result: SplatResult): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(result)}\n`);
}
