import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { readRgb } from '../../src/image/image-io.js';
import { encodePly } from '../../src/splat/ply.js';
import { probeVideo } from '../../src/video/probe.js';
import { singleSet } from '../splat/scenes.js';
import { printed } from './printed.js';

let folder = '';
let ply = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-render-'));
  ply = path.join(folder, 'red.ply');
  await writeFile(ply, encodePly(singleSet(0.05, 0.99, [1, 0.2, 0.2])));
});

describe('v2r render and inspect', () => {
  it('draws a picture through a camera file', async () => {
    const camera = path.join(folder, 'camera.json');
    // 0.4 m in front, principal point off the middle: the Gaussian lies at (40.5, 20.5).
    const cameraFromWorld = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.4, 0, 0, 0, 1];
    const view = { widthPx: 64, heightPx: 48, fx: 60, fy: 60, cx: 40.5, cy: 20.5, cameraFromWorld };
    await writeFile(camera, JSON.stringify(view));
    const png = path.join(folder, 'out.png');
    expect(await main(['render', ply, '--camera', camera, '-o', png])).toBe(0);
    expect(printed.err).toContain('1 Gaussians');
    const image = await readRgb(png);
    expect([image.widthPx, image.heightPx]).toEqual([64, 48]);
    const at = (x: number, y: number): number => image.data[3 * (y * 64 + x)];
    expect(at(40, 20)).toBe(Math.max(...image.data.filter((_, i) => i % 3 === 0)));
    expect(at(40, 20)).toBeGreaterThan(240);
    expect(at(0, 47)).toBe(0);
  });

  it('makes a turntable of the asked size and length', async () => {
    const video = path.join(folder, 'turn.mp4');
    expect(await main(['render', ply, '-o', video, '--width', '64', '--height', '48', '--frames', '7'])).toBe(0);
    const { widthPx, heightPx } = await probeVideo(video);
    expect([widthPx, heightPx]).toEqual([64, 48]);
  });

  it('refuses what does not go together, exit 2, and files that are none, exit 1', async () => {
    expect(await main(['render', ply, '-o', path.join(folder, 'x.gif')])).toBe(2);
    expect(printed.err).toContain('.png or .mp4');
    expect(await main(['render', ply, '-o', path.join(folder, 'x.mp4'), '--camera', 'c.json'])).toBe(2);
    expect(await main(['render', ply, '-o', path.join(folder, 'x.mp4'), '--width', '65'])).toBe(2);
    expect(await main(['render', ply, '-o', path.join(folder, 'x.png'), '--up', 'sideways'])).toBe(2);
    await writeFile(path.join(folder, 'bad.ply'), 'ply\nformat binary_little_endian 1.0\nelement vertex 9\n');
    expect(await main(['render', path.join(folder, 'bad.ply'), '-o', path.join(folder, 'x.png')])).toBe(1);
    expect(printed.err).toContain('bad.ply');
    expect(printed.err).not.toMatch(/\n\s+at /);
  });

  it('inspect tells counts, bounds, repairs and degree', async () => {
    const set = singleSet(0.05, 0.9, [1, 0, 0]);
    set.position[1] = Number.NaN;
    const file = path.join(folder, 'nan.ply');
    await writeFile(file, encodePly(set));
    expect(await main(['inspect', file, '--json'])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({
      kind: 'gaussians',
      numInFile: 1,
      numUsable: 0,
      shDegree: 0,
      bounds: null,
      repairs: { numNotFinite: 1, firstNotFinite: 0 },
    });
  });
});
