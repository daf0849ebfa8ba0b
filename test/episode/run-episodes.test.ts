import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { sha256 } from '../../src/base/files.js';
import { resolveOptions } from '../../src/base/options.js';
import { episodeOptions } from '../../src/episode/episode-options.js';
import { readEpisodeData, readEpisodes } from '../../src/episode/episode-record.js';
import type { EpisodeFolders } from '../../src/episode/load-inputs.js';
import { runEpisodes } from '../../src/episode/run-episodes.js';
import { writeArtifacts } from './run-artifacts.js';
import { placeInputs } from './synthetic.js';

let root: string;
let folders: EpisodeFolders;
const options = resolveOptions(episodeOptions, { episodes: 2, episodeFps: 5, width: 64, speed: 1 });

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'v2r-episodes-'));
  folders = await writeArtifacts(path.join(root, 'inputs'), placeInputs());
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function digests(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const pairs = names.map(async (name) => [path.relative(folder, name), sha256(await readFile(name))] as const);
  return Object.fromEntries(await Promise.all(pairs));
}

describe('runEpisodes', () => {
  it('writes complete episodes, the same bytes with one worker and with two', async () => {
    const one = path.join(root, 'one');
    const two = path.join(root, 'two');
    await runEpisodes(folders, one, options, createContext('episodes', { seed: 4, workers: 1 }));
    await runEpisodes(folders, two, options, createContext('episodes', { seed: 4, workers: 2 }));
    const written = await digests(one);
    expect(await digests(two)).toEqual(written);
    expect(Object.keys(written).filter((name) => name.endsWith('front.mp4'))).toHaveLength(2);

    const episodes = await readEpisodes(one);
    const accepted = episodes.episodes.filter((record) => record.accepted);
    expect(accepted).toHaveLength(2);
    for (const record of accepted) {
      const { state, action, colours } = await readEpisodeData(one, episodes, record.number);
      expect(state.length).toBe(record.numFrames * 8);
      // The action is the next state; at the end it is to stay.
      expect([...action.subarray(0, 8)]).toEqual([...state.subarray(8, 16)]);
      expect([...action.subarray(-8)]).toEqual([...state.subarray(-8)]);
      expect(colours.numFrames).toBeGreaterThan(0);
      // A box that is put down where it can stand: physics agrees.
      expect(record.physics).toMatchObject({ ok: true, reason: null });
    }
  }, 180_000);

  it('says which plans failed and why when none can be made', async () => {
    const far = placeInputs();
    const scene = { ...far.scene, worldFromBase: far.scene.worldFromBase.with(7, 2.5) };
    const unreachable = await writeArtifacts(path.join(root, 'far'), { ...far, scene });
    const ctx = createContext('episodes', { seed: 1 });
    const given = { ...options, episodes: 1, attempts: 1 };
    const { episodes } = await runEpisodes(unreachable, path.join(root, 'none'), given, ctx);
    expect(episodes.map((record) => record.accepted)).toEqual([false, false, false]);
    for (const record of episodes) expect(record.reason).toBe('unreachable');
    expect(ctx.warnings.map((warning) => warning.code)).toEqual(['episodes-rejected', 'fewer-episodes']);
  });
});
