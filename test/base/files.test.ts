import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { diskError, formatJson, readJson, writeFileAtomic, writeJson } from '../../src/base/files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-files-'));
});

describe('writeFileAtomic', () => {
  it('makes missing folders, replaces old content and leaves no temporary file', async () => {
    const file = path.join(folder, 'a/b/c.txt');
    await writeFileAtomic(file, 'one');
    await writeFileAtomic(file, 'two');
    expect(await readFile(file, 'utf8')).toBe('two');
    expect(await readdir(path.dirname(file))).toEqual(['c.txt']);
  });

  it('says the remedy when the disk is full', () => {
    const full = diskError('x.bin', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    expect(String(full)).toContain('disk full while writing x.bin');
  });
});

describe('readJson', () => {
  const Schema = z.object({ frames: z.array(z.object({ loss: z.number() })) });

  it('round-trips through writeJson', async () => {
    const file = path.join(folder, 'a.json');
    await writeJson(file, { frames: [{ loss: 1.5 }] });
    expect(await readJson(file, Schema)).toEqual({ frames: [{ loss: 1.5 }] });
  });

  it('names file and field of a wrong value', async () => {
    const file = path.join(folder, 'a.json');
    await writeFile(file, '{"frames":[{"loss":"high"}]}');
    await expect(readJson(file, Schema)).rejects.toThrow(/a\.json: frames\.0\.loss: .*number/);
  });

  it('names the file of broken or missing JSON', async () => {
    const file = path.join(folder, 'b.json');
    await expect(readJson(file, Schema)).rejects.toThrow(/cannot read .*b\.json/);
    await writeFile(file, '{"frames":[');
    await expect(readJson(file, Schema)).rejects.toThrow(/b\.json is not valid JSON/);
  });
});

it('formatJson keeps arrays of numbers on one line', () => {
  expect(formatJson({ m: [1, -2.5, 3e-7], s: ['a'] })).toBe('{\n  "m": [1, -2.5, 3e-7],\n  "s": [\n    "a"\n  ]\n}\n');
});
