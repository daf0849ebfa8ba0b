/** What code a kept result comes from. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256, writeFileAtomic } from '../../src/base/files.js';

/** What tracking and scoring of data sets are made of. */
const FOLDERS = ['base', 'bop', 'image', 'math', 'models', 'objects', 'perceive', 'pose', 'splat', 'video'].map(
  (name) => path.join('src', name),
);

/** Of all sources under `root` that the results depend on. */
export async function sourcesDigest(root: string): Promise<string> {
  const parts: string[] = [];
  for (const folder of [...FOLDERS, 'kernels']) {
    const names = (await readdir(path.join(root, folder), { recursive: true })).filter((name) => name.endsWith('.ts'));
    for (const name of names.sort()) {
      parts.push(name, await readFile(path.join(root, folder, name), 'utf8'));
    }
  }
  return sha256(JSON.stringify(parts));
}

const FILE = 'sources.txt';

/** Whether a folder of results was made by these sources. */
export const isMadeBy = async (folder: string, digest: string): Promise<boolean> =>
  existsSync(path.join(folder, FILE)) && (await readFile(path.join(folder, FILE), 'utf8')) === digest;

export const noteSources = (folder: string, digest: string): Promise<void> =>
  writeFileAtomic(path.join(folder, FILE), digest);
