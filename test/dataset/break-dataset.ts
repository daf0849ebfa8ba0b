/** Ways to damage a copy of a dataset. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Cell, type ColumnSpec, ParquetFile, type ParquetRow, readParquet } from '../../src/dataset/parquet.js';

export const DATA = 'data/chunk-000/file-000.parquet';
export const EPISODES = 'meta/episodes/chunk-000/file-000.parquet';
export const TASKS = 'meta/tasks.parquet';

/** Copies contents only, so that a read-only original gives a copy that can be damaged. */
export async function copyDataset(from: string, to: string): Promise<void> {
  for (const name of await readdir(from, { recursive: true })) {
    const target = path.join(to, name);
    if ((await stat(path.join(from, name))).isDirectory()) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, await readFile(path.join(from, name)));
  }
}

interface Table {
  rows: ParquetRow[];
  columns: ColumnSpec[];
  metadata: Map<string, string>;
}

/** Reads a parquet file, lets `change` edit it, writes it again (types kept; bigint where int64). */
export async function editParquet(file: string, change: (table: Table) => void): Promise<void> {
  const content = await readParquet(file);
  const table: Table = {
    rows: content.rows.map((row) => ({ ...row })),
    columns: content.columns.map((column) => ({ ...column })),
    metadata: new Map(content.metadata),
  };
  change(table);
  // The Arrow schema would contradict a changed layout.
  table.metadata.delete('ARROW:schema');
  const written = new ParquetFile(file, table.columns, Object.fromEntries(table.metadata));
  await written.writeGroup(table.columns.map(({ name }) => table.rows.map((row) => row[name] as Cell)));
  await written.finish();
}

export async function editJson<T>(file: string, change: (value: T) => void): Promise<void> {
  const value = JSON.parse(await readFile(file, 'utf8')) as T;
  change(value);
  await writeFile(file, JSON.stringify(value, null, 4));
}

export async function editText(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

export async function truncate(file: string, share = 0.5): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, Math.floor(bytes.length * share)));
}

export function videoFile(folder: string, camera = 'front'): string {
  return path.join(folder, `videos/observation.images.${camera}/chunk-000/file-000.mp4`);
}
