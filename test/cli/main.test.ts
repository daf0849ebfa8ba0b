import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { STAGES } from '../../src/pipeline/stages.js';

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('v2r', () => {
  it('prints help with every verb and exits 0', async () => {
    expect(await main(['--help'])).toBe(0);
    for (const verb of ['run', 'inspect', 'verify', 'doctor']) expect(out).toContain(verb);
  });

  it('refuses unknown verbs and flags with the nearest name, exit 2', async () => {
    expect(await main(['rum', 'a.mp4'])).toBe(2);
    expect(err).toContain('Did you mean run?');
    err = '';
    expect(await main(['run', 'a.mp4', '--epsodes', '3'])).toBe(2);
    expect(err).toContain('--episodes');
  });

  it('says in one line what is wrong with a file, without a stack, exit 1', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'v2r-cli-'));
    const text = path.join(folder, 'notes.mp4');
    await writeFile(text, 'this is not a video');
    expect(await main(['run', text, '--out', path.join(folder, 'run')])).toBe(1);
    expect(err).toContain('notes.mp4');
    expect(err).not.toMatch(/\n\s+at /);
    err = '';
    expect(await main(['run', path.join(folder, 'none.mp4'), '--out', path.join(folder, 'run')])).toBe(1);
    expect(err).toContain('no such file');
    err = '';
    expect(await main(['verify', folder])).toBe(1);
    expect(err + out).toContain(folder);
    err = '';
    expect(await main(['inspect', folder])).toBe(1);
    expect(err).toContain('neither a run');
  });

  it('checks values before any work, exit 2', async () => {
    expect(await main(['run', 'a.mp4', '--from', 'nowhere'])).toBe(2);
    expect(err).toContain('one of video, perceive');
    expect(await main(['run', 'a.mp4', '--seed', '-1'])).toBe(2);
    expect(err).toContain('--seed: expected a whole number');
  });

  it('doctor answers in JSON', async () => {
    await main(['doctor', '--json']);
    const { findings } = JSON.parse(out);
    expect(findings.map((finding: { what: string }) => finding.what)).toEqual(
      expect.arrayContaining(['node', 'ffmpeg', 'kernels', 'GPU', 'models']),
    );
  });
});

it('no two stages use the same option name', () => {
  const names = STAGES.flatMap((stage) => Object.keys(stage.options));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
