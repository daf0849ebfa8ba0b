/** `v2r models`: which networks there are, fetching, adding and checking them. */
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { addFile, checkModel, type ModelReport, modelsFolder } from '../models/cache.js';
import { pullFile } from '../models/download.js';
import { findModel, type Model, readManifest } from '../models/manifest.js';
import { ModelUnavailable, openModel } from '../models/runtime.js';
import { formatBytes, formatTable, printJson, type VerbState } from './verb.js';

export function addModelsVerb(program: Command, state: VerbState): void {
  const models = program.command('models').description('list, fetch, add and check the networks that v2r can use');
  models
    .command('list')
    .description('say which networks there are and which lie in the cache')
    .option('--json', 'print one JSON object on stdout')
    .action(async (flags: { json?: boolean }) => {
      const reports = await reportsOf(await readManifest());
      if (flags.json) printJson({ kind: 'v2r/models', folder: modelsFolder(), models: reports.map(factsOf) });
      else process.stdout.write(`${describe(reports)}\n`);
    });
  models
    .command('pull [ids...]')
    .description('fetch networks into the cache: the named ones, or all that were tested')
    .option('--from <place>', 'folder or http(s) address that holds the files, instead of where they were published')
    .option('--json', 'print one JSON object on stdout')
    .action(async (ids: string[], flags: { from?: string; json?: boolean }) => {
      const done = await pull(ids, flags.from);
      if (flags.json) printJson({ kind: 'v2r/models-pull', folder: modelsFolder(), files: done });
      else for (const { file, what, bytes } of done) process.stdout.write(`${what} ${file} (${formatBytes(bytes)})\n`);
    });
  models
    .command('add <id> <files...>')
    .description('put files you already have into the cache, in the order that "models list --json" gives')
    .option(
      '--unverified',
      'accept other bytes than the manifest names: another export with the same inputs and outputs',
    )
    .action(async (id: string, files: string[], flags: { unverified?: boolean }) => {
      const model = findModel(await readManifest(), id);
      if (files.length !== model.files.length) {
        const names = model.files.map(({ file }) => file).join(', ');
        throw new UserError(`${id} needs ${model.files.length} files (${names}), got ${files.length}`, undefined, 2);
      }
      for (const [k, file] of model.files.entries()) {
        await addFile(modelsFolder(), file, files[k], Boolean(flags.unverified));
      }
      process.stdout.write(`added ${id} to ${modelsFolder()}\n`);
    });
  models
    .command('verify [ids...]')
    .description('check bytes, inputs and outputs of the networks in the cache')
    .option('--json', 'print one JSON object on stdout')
    .action(async (ids: string[], flags: { json?: boolean }) => {
      const results = await verify(ids);
      if (flags.json) printJson({ kind: 'v2r/models-verify', folder: modelsFolder(), models: results });
      else {
        const rows = results.map(({ id, ok, problem }) => [ok ? 'ok' : 'BROKEN', id, problem ?? '']);
        process.stdout.write(rows.length > 0 ? `${formatTable(rows)}\n` : `no networks in ${modelsFolder()}\n`);
      }
      if (results.some(({ ok }) => !ok)) state.exitCode = 1;
    });
}

export const reportsOf = (models: readonly Model[]): Promise<ModelReport[]> =>
  Promise.all(models.map((model) => checkModel(modelsFolder(), model)));

function factsOf({ model, state, files }: ModelReport): Record<string, unknown> {
  const { id, task, licence, source, status, note } = model;
  return {
    id,
    task,
    state,
    status,
    licence,
    source,
    note: note ?? null,
    files: files.map(({ file, path: place, state: fileState, problem }) => ({
      file: file.file,
      bytes: file.bytes,
      sha256: file.sha256,
      urls: file.urls,
      path: place,
      state: fileState,
      problem: problem === '' ? null : problem,
    })),
  };
}

function describe(reports: readonly ModelReport[]): string {
  const size = ({ files }: Model): string => {
    const bytes = files.map((file) => file.bytes);
    return bytes.includes(null) ? '?' : formatBytes(bytes.reduce<number>((sum, n) => sum + (n ?? 0), 0));
  };
  const rows = reports.map(({ model, state }) => [
    state,
    model.id,
    size(model),
    model.licence,
    `${model.task}${model.status === 'untested' ? ' (untested)' : ''}`,
  ]);
  return [
    formatTable([['', 'network', 'size', 'licence', 'what it gives'], ...rows]),
    '',
    `cache: ${modelsFolder()}`,
  ].join('\n');
}

interface PulledFile {
  model: string;
  file: string;
  what: 'kept' | 'fetched';
  bytes: number;
}

async function pull(ids: readonly string[], from: string | undefined): Promise<PulledFile[]> {
  const manifest = await readManifest();
  const wanted =
    ids.length > 0
      ? ids.map((id) => findModel(manifest, id))
      : manifest.filter(({ status, files }) => status === 'tested' && files.every(({ urls }) => urls.length > 0));
  const abort = new AbortController();
  const onInterrupt = (): void => abort.abort();
  process.once('SIGINT', onInterrupt);
  const done: PulledFile[] = [];
  try {
    for (const model of wanted) {
      for (const file of model.files) {
        const what = await pullFile(modelsFolder(), file, {
          from,
          signal: abort.signal,
          onProgress: (bytes, total) => showProgress(file.file, bytes, total),
        });
        if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
        done.push({ model: model.id, file: file.file, what, bytes: file.bytes ?? 0 });
      }
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  return done;
}

function showProgress(file: string, bytes: number, total: number | null): void {
  if (!process.stderr.isTTY) return;
  const share = total === null || total === 0 ? '' : ` (${Math.round((100 * bytes) / total)} %)`;
  process.stderr.write(`\r\u001b[K${file} ${formatBytes(bytes)}${share}`);
}

interface Verified {
  id: string;
  ok: boolean;
  problem: string | null;
}

/** Without ids: whatever lies in the cache. */
async function verify(ids: readonly string[]): Promise<Verified[]> {
  const manifest = await readManifest();
  const wanted = ids.length > 0 ? ids.map((id) => findModel(manifest, id)) : manifest;
  const results: Verified[] = [];
  for (const { model, state } of await reportsOf(wanted)) {
    if (state === 'missing' && ids.length === 0) continue;
    try {
      await openModel(model.id);
      results.push({ id: model.id, ok: true, problem: state === 'accepted' ? 'not the bytes of the manifest' : null });
    } catch (error) {
      if (!(error instanceof ModelUnavailable)) throw error;
      results.push({ id: model.id, ok: false, problem: error.message });
    }
  }
  return results;
}

/** Short facts for `v2r doctor`. */
export async function presentModels(): Promise<{ present: string[]; broken: string[]; folder: string }> {
  const reports = await reportsOf(await readManifest());
  const ids = (states: readonly string[]): string[] =>
    reports.filter(({ state }) => states.includes(state)).map(({ model }) => model.id);
  return { present: ids(['ok', 'accepted']), broken: ids(['broken']), folder: path.resolve(modelsFolder()) };
}
