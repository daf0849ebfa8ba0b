/** `v2r inspect PATH`: says what a run, dataset, Gaussian file or video is. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { inspectDataset } from '../dataset/inspect.js';
import { summarizeFolder } from '../pipeline/summary.js';
import { inspectSplat, SPLAT_EXTENSIONS } from '../splat/load.js';
import { probeVideo } from '../video/probe.js';
import { formatTable, printJson } from './verb.js';

/** What any inspection gives: a kind and facts that are printed as they are. */
type Facts = Record<string, unknown>;

export function addInspectVerb(program: Command): void {
  program
    .command('inspect <path>')
    .description('say what a run, a dataset, a Gaussian file (.ply, .splat) or a video is')
    .option('--json', 'print one JSON object on stdout')
    .action(async (target: string, flags: { json?: boolean }) => {
      const facts = await inspect(target);
      if (flags.json) printJson(facts);
      else process.stdout.write(`${describe(facts)}\n`);
    });
}

async function inspect(target: string): Promise<Facts> {
  if (!existsSync(target)) throw new UserError(`no such file or folder: ${target}`, 'check the path');
  if (statSync(target).isDirectory()) return inspectFolder(target);
  const extension = path.extname(target).toLowerCase();
  if (SPLAT_EXTENSIONS.includes(extension)) return { ...(await inspectSplat(target)) };
  return { kind: 'video', ...(await probeVideo(target)) };
}

async function inspectFolder(folder: string): Promise<Facts> {
  if (existsSync(path.join(folder, 'run.json'))) return { ...(await summarizeFolder(folder)) };
  if (existsSync(path.join(folder, 'meta/info.json'))) {
    return { kind: 'lerobot dataset', ...(await inspectDataset(folder)) };
  }
  throw new UserError(
    `${folder} is neither a run (no run.json) nor a LeRobot dataset (no meta/info.json)`,
    'name a run folder, its dataset folder, a .ply, a .splat or a video',
  );
}

function describe(facts: Facts): string {
  const rows = Object.entries(facts).flatMap(([key, value]) => rowsOf(key, value));
  return formatTable(rows);
}

function rowsOf(key: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [[key, 'none']];
    const plain = value.every((item) => typeof item === 'number');
    if (plain) return [[key, value.map((item) => formatNumber(item as number)).join(' ')]];
    return value.flatMap((item, i) => rowsOf(i === 0 ? key : '', item));
  }
  if (value !== null && typeof value === 'object') {
    const text = Object.entries(value).map(([name, inner]) => `${name} ${formatInner(inner)}`);
    return [[key, text.join(', ')]];
  }
  return [[key, formatInner(value)]];
}

function formatInner(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value);
  if (value === null) return 'none';
  return Array.isArray(value)
    ? value.map(formatInner).join(' ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

function formatNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(5);
}
