/**
 * `npm run bench -- NAME [--json] [options]`: runs bench/NAME.ts, whose default export returns plain data, and keeps it in
 * bench/results/NAME.json (part of a benchmark in .cache/bench/). With --json nothing but the JSON goes to stdout.
 */
import { existsSync, readdirSync } from 'node:fs';
import { arch, cpus, loadavg, platform } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../src/base/errors.js';
import { writeJson } from '../src/base/files.js';

const folder = path.dirname(fileURLToPath(import.meta.url));
const [name, ...args] = process.argv.slice(2);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => path.basename(file, '.ts'));

try {
  if (!name || !existsSync(path.join(folder, `${name}.ts`))) {
    throw new UserError(`no benchmark "${name ?? ''}"; there are: ${names.join(', ')}`, undefined, 2);
  }
  const loadBefore = loadavg()[0];
  const { default: run } = (await import(`./${name}.ts`)) as {
    default: (args: string[]) => Promise<object & { partial?: boolean; variant?: string }>;
  };
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    node: process.version,
    system: `${platform()} ${arch()}`,
    /** Programs wanting a core before the run began; figures above about 1 are of a busy machine. */
    loadBefore,
  };
  const result = { bench: name, machine, ...(await run(args.filter((arg) => arg !== '--json'))) };
  const results = result.partial ? path.join(folder, '..', '.cache', 'bench') : path.join(folder, 'results');
  const file = path.join(results, `${[name, result.variant].filter(Boolean).join('-')}.json`);
  await writeJson(file, result);
  if (args.includes('--json')) console.log(JSON.stringify(result));
  else console.error(`written: ${path.relative(process.cwd(), file)}`);
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
