import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { STAGES } from '../../src/pipeline/stages.js';
import { printed } from './printed.js';

describe('v2r', () => {
  it('prints help with every verb and exits 0', async () => {
    expect(await main(['--help'])).toBe(0);
    for (const verb of ['run', 'inspect', 'verify', 'doctor']) expect(printed.out).toContain(verb);
  });

  it('refuses unknown verbs and flags with the nearest name, exit 2', async () => {
    expect(await main(['rum', 'a.mp4'])).toBe(2);
    expect(printed.err).toContain('Did you mean run?');
    printed.err = '';
    expect(await main(['run', 'a.mp4', '--epsodes', '3'])).toBe(2);
    expect(printed.err).toContain('--episodes');
  });

  it('says in one line what is wrong with a file, without a stack, exit 1', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'v2r-cli-'));
    const text = path.join(folder, 'notes.mp4');
    await writeFile(text, 'this is not a video');
    expect(await main(['run', text, '--out', path.join(folder, 'run')])).toBe(1);
    expect(printed.err).toContain('notes.mp4');
    expect(printed.err).not.toMatch(/\n\s+at /);
    printed.err = '';
    expect(await main(['run', path.join(folder, 'none.mp4'), '--out', path.join(folder, 'run')])).toBe(1);
    expect(printed.err).toContain('no such file');
    printed.err = '';
    expect(await main(['verify', folder])).toBe(1);
    expect(printed.err + printed.out).toContain(folder);
    printed.err = '';
    expect(await main(['inspect', folder])).toBe(1);
    expect(printed.err).toContain('neither a run');
  });

  it('checks values before any work, exit 2', async () => {
    expect(await main(['run', 'a.mp4', '--from', 'nowhere'])).toBe(2);
    expect(printed.err).toContain('one of video, perceive');
    expect(await main(['run', 'a.mp4', '--seed', '-1'])).toBe(2);
    expect(printed.err).toContain('--seed: expected a whole number');
  });

  it('doctor answers in JSON', async () => {
    await main(['doctor', '--json']);
    const { findings } = JSON.parse(printed.out);
    expect(findings.map((finding: { what: string }) => finding.what)).toEqual(
      expect.arrayContaining(['node', 'ffmpeg', 'kernels', 'GPU', 'models']),
    );
  });
});

it('no two stages use the same option name', () => {
  const names = STAGES.flatMap((stage) => Object.keys(stage.options));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
