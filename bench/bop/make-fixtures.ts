/** The fixtures as a BOP data set, made once. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function makeFixtures(folder: string): void {
  if (existsSync(path.join(folder, 'test_targets_bop19.json'))) return;
  const script = path.join(ROOT, 'scripts', 'fixtures', 'bop', 'export.ts');
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, folder], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`the fixtures could not be written to ${folder}`);
}
