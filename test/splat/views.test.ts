import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { project } from '../../src/math/camera.js';
import { transformPoint } from '../../src/math/se3.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import { inspectSplat, loadSplat } from '../../src/splat/load.js';
import { encodePly } from '../../src/splat/ply.js';
import { encodeSplat } from '../../src/splat/splat-file.js';
import { extentOf, lookAt, renderTurntable, turntableViews, ViewSchema } from '../../src/splat/views.js';
import { randomSet, singleSet } from './scenes.js';

describe('views', () => {
  it('lookAt: the target straight ahead, up upward, right to the right', () => {
    const cameraFromWorld = lookAt([0, -2, 1], [0, 0, 1], [0, 0, 1]);
    const near = (p: [number, number, number], q: number[]): void =>
      transformPoint(cameraFromWorld, p).forEach((value, i) => {
        expect(value).toBeCloseTo(q[i], 9);
      });
    near([0, 0, 1], [0, 0, 2]);
    near([0, 0, 1.5], [0, -0.5, 2]);
    near([0.3, 0, 1], [0.3, 0, 2]);
  });

  it('extent: median centre and the ball of 95 % of the opacity, strays left out', () => {
    const set = randomSet(1, 400, 0.1);
    set.position.set([50, 50, 50], 0);
    const { centre, radiusM } = extentOf(set);
    expect(Math.hypot(...centre)).toBeLessThan(0.05);
    expect(radiusM).toBeGreaterThan(0.1);
    expect(radiusM).toBeLessThan(0.18);
    expect(extentOf(randomSet(1, 0))).toEqual({ centre: [0, 0, 0], radiusM: 1 });
  });

  it('a turntable looks at the middle from every side and holds the set', () => {
    const set = randomSet(2, 300, 0.1);
    const { centre } = extentOf(set);
    const views = turntableViews(set);
    expect(views).toHaveLength(90);
    for (const view of views) {
      expect(ViewSchema.parse(view)).toEqual(view);
      const [x, y] = project(view, transformPoint(view.cameraFromWorld, centre));
      expect(x).toBeCloseTo(320, 6);
      expect(y).toBeCloseTo(240, 6);
    }
  });

  it('draws over the background colour', async () => {
    const renderer = await createRenderer();
    const set = singleSet(0.05, 0.9999, [1, 0, 0]);
    const options = { widthPx: 64, heightPx: 48, numFrames: 3, background: [0, 0, 1] as [number, number, number] };
    const frames = [...renderTurntable(renderer, set, { ...options, distanceFactor: 2e5 })];
    expect(frames).toHaveLength(3);
    expect([...frames[0].data.subarray(0, 3)]).toEqual([0, 0, 255]);
    const middle = 3 * (24 * 64 + 32);
    expect(frames[0].data[middle]).toBeGreaterThan(200);
  });
});

describe('loadSplat', () => {
  it('tells formats by name and content, and names the remedy', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'v2r-splat-'));
    const set = randomSet(3, 5);
    await writeFile(path.join(folder, 'a.ply'), encodePly(set));
    await writeFile(path.join(folder, 'a.splat'), encodeSplat(set));
    await writeFile(path.join(folder, 'a.obj'), 'v 0 0 0');
    expect((await loadSplat(path.join(folder, 'a.ply'))).set.count).toBe(5);
    expect((await loadSplat(path.join(folder, 'a.splat'))).set.count).toBe(5);
    const summary = await inspectSplat(path.join(folder, 'a.ply'));
    expect(summary).toMatchObject({ numInFile: 5, numUsable: 5, shDegree: 0, warnings: [] });
    expect(summary.bounds!.max[0]).toBe(Math.max(...set.position.filter((_, i) => i % 3 === 0)));
    expect(summary.opaqueShare).toBe(set.opacityLogit.filter((logit) => logit > 0).length / 5);
    await expect(loadSplat(path.join(folder, 'a.obj'))).rejects.toThrow(/no Gaussian format; known are .ply/);
    await expect(loadSplat(path.join(folder, 'b.ply'))).rejects.toThrow(/cannot read/);
    await writeFile(path.join(folder, 'bad.spz'), 'nonsense');
    // Packed PLY files with lying counts are refused before the package sees them, whether it is there or not.
    const packed = (chunks: string, vertices: string): string =>
      `ply\nformat binary_little_endian 1.0\nelement chunk ${chunks}\nproperty float min_x\n` +
      `element vertex ${vertices}\nproperty uint packed_position\nelement sh 7\nproperty uchar f_rest_0\nend_header\n....`;
    for (const [chunks, vertices] of [
      ['4000000000', '1'],
      ['0', '4000000000'],
      ['0', '1'],
    ]) {
      await writeFile(path.join(folder, 'lie.ply'), packed(chunks, vertices));
      await expect(loadSplat(path.join(folder, 'lie.ply'))).rejects.toThrow(/header promises/);
    }
    // With the optional package it cannot be read, without it the package is asked for.
    await expect(loadSplat(path.join(folder, 'bad.spz'))).rejects.toThrow(/splat-transform/);
  });

  const cli = packageFile('bin/cli.mjs');
  const missing = cli ? '' : ' (skipped: @playcanvas/splat-transform is not installed)';
  it.skipIf(!cli)(`reads packed formats through the optional package${missing}`, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'v2r-splat-'));
    const set = randomSet(8, 300);
    await writeFile(path.join(folder, 'a.ply'), encodePly(set));
    for (const name of ['a.compressed.ply', 'a.spz']) {
      await promisify(execFile)(process.execPath, [cli!, '-q', path.join(folder, 'a.ply'), path.join(folder, name)]);
      const { set: back, numInFile } = await loadSplat(path.join(folder, name));
      expect(numInFile).toBe(300);
      // The formats order Gaussians anew and round positions to 1 / 2000 of the extent or better.
      const sorted = (of: GaussianSet): number[] =>
        [...of.position.filter((_, i) => i % 3 === 0)].sort((a, b) => a - b);
      const [was, is] = [sorted(set), sorted(back)];
      expect(Math.max(...was.map((x, i) => Math.abs(x - is[i])))).toBeLessThan(2e-4);
      expect(extentOf(back).radiusM).toBeCloseTo(extentOf(set).radiusM, 2);
      const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(mean(back.logScale)).toBeCloseTo(mean(set.logScale), 1);
      expect(mean(back.sh)).toBeCloseTo(mean(set.sh), 1);
    }
  });
});

/** A file of the optional package, if that is installed. */
function packageFile(name: string): string | undefined {
  try {
    return path.join(path.dirname(fileURLToPath(import.meta.resolve('@playcanvas/splat-transform'))), '..', name);
  } catch {
    return undefined;
  }
}
