import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeResults } from '../../src/bop/dataset/results-csv.js';
import { main } from '../../src/cli/main.js';
import { IMAGE_IDS, truthOf, writeSmallDataset } from '../bop/small-dataset.js';
import { printed } from './printed.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-bench-'));
  await writeSmallDataset(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The truth of object 1 alone: half of the targets. */
async function halfRight(): Promise<string> {
  const file = path.join(folder, 'half_small-test.csv');
  const estimates = IMAGE_IDS.map((imageId) => ({
    ...{ sceneId: 3, imageId, objId: 1, score: 1, timeSec: 0.1 },
    cameraFromModel: truthOf(1, imageId),
  }));
  await writeFile(file, encodeResults(estimates));
  return file;
}

describe('v2r bench bop', () => {
  it('scores a results file: one JSON object on stdout, a report on disk', async () => {
    const results = await halfRight();
    const outFolder = path.join(folder, 'out');
    expect(await main(['bench', 'bop', folder, '--results', results, '--json', '--out', outFolder])).toBe(0);
    const summary = JSON.parse(printed.out);
    expect(summary).toMatchObject({ ar: 0.5, arVsd: 0.5, arMssd: 0.5, arMspd: 0.5, framesPerSecond: null });
    expect(summary.sequences['3']).toMatchObject({ ar: 0.5, targets: 4 });
    expect(JSON.parse(await readFile(path.join(outFolder, 'report.json'), 'utf8')).recalls.mssd).toHaveLength(10);
    const html = await readFile(path.join(outFolder, 'index.html'), 'utf8');
    expect(html).toContain('2 of 4 targets have no estimate');
    expect(html).toContain('scene 3, image 7, object 1: MSSD 0 % of the diameter, MSPD 0.0 px');
    expect(html.match(/data:image\/jpeg/g)).toHaveLength(2);
    // The toolkit takes method, data set and split from the file's name.
    const csv = await readFile(path.join(outFolder, `v2r_${path.basename(folder)}-test.csv`), 'utf8');
    expect(csv).toBe(await readFile(results, 'utf8'));
  });

  it('prints a table for people', async () => {
    expect(await main(['bench', 'bop', folder, '--results', await halfRight(), '--frames', '1'])).toBe(0);
    expect(printed.out).toMatch(/all +50\.00 +50\.00 +50\.00 +50\.00 +50\.00 +50\.00 +2\n/);
    expect(printed.out).toContain('object 2  0.00');
  });

  it.each([
    [['--scenes', '3,8'], 'no scene 8', 2],
    [['--frames', 'none'], '--frames: expected a number', 2],
    [['--models', 'mine'], '--models: expected given or reconstructed, got mine', 2],
    [['--masks', 'none'], '--masks: expected perceived or true or files, got none', 2],
    [['--models', 'reconstructed', '--out', '/tmp/never'], 'reconstructed models need a table', 2],
    [['--results', '/nowhere.csv'], 'no such file', 1],
    [['--split', 'val'], 'has no folder val', 1],
  ] as const)('says what is wrong with %j', async (flags, message, code) => {
    expect(await main(['bench', 'bop', folder, ...flags])).toBe(code);
    expect(printed.err).toContain(message);
    expect(printed.out).toBe('');
  });
});
