import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isMadeBy, noteSources, sourcesDigest } from '../../bench/bop/sources.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(path.join(tmpdir(), 'v2r-sources-'));
  for (const folder of ['src', 'kernels'])
    await cp(path.join(ROOT, folder), path.join(copy, folder), { recursive: true });
});
afterAll(() => rm(copy, { recursive: true }));

it('kept results count for the sources that made them, until one of those changes', async () => {
  const digest = await sourcesDigest(ROOT);
  expect(await sourcesDigest(copy)).toBe(digest);
  expect(await isMadeBy(copy, digest)).toBe(false);
  await noteSources(copy, digest);
  expect(await isMadeBy(copy, digest)).toBe(true);
  await writeFile(path.join(copy, 'src', 'pose', 'adam.ts'), '// another descent');
  expect(await isMadeBy(copy, await sourcesDigest(copy))).toBe(false);
});
