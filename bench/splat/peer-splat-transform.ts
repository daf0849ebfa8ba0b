/**
 * @playcanvas/splat-transform's own command, rendering to webp through a Vulkan driver that runs on the CPU. Loading and
 * shader compilation are taken out by the difference of two runs: with motion blur the command draws one full picture per
 * sub-frame, and both shutter positions are the same here.
 */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readRgb } from '../../src/image/image-io.js';
import { inverse } from '../../src/math/se3.js';
import type { View } from '../../src/splat/views.js';
import type { PeerPicture } from './peer-gs3d.js';

const run = promisify(execFile);
const FEW_SAMPLES = 2;
const MANY_SAMPLES = 4;

/** `driver`: Vulkan ICD file, for example chromium's vk_swiftshader_icd.json. Minutes on a slow machine. */
export async function drawWithSplatTransform(
  peersFolder: string,
  driver: string,
  plyFile: string,
  view: View,
): Promise<PeerPicture> {
  const folder = await mkdtemp(path.join(tmpdir(), 'v2r-peer-'));
  const m = inverse(view.cameraFromWorld);
  // Its world is turned by half a turn about z against that of the file.
  const vector = (x: number, y: number, z: number): string => [-x, -y, z].join();
  const camera = [
    `--camera=${vector(m[3], m[7], m[11])}`,
    `--camera-end=${vector(m[3], m[7], m[11])}`,
    `--look-at=${vector(m[3] + m[2], m[7] + m[6], m[11] + m[10])}`,
    `--up=${vector(-m[1], -m[5], -m[9])}`,
    `--fov=${(2 * Math.atan(view.heightPx / 2 / view.fy) * 180) / Math.PI}`,
    `--resolution=${view.widthPx}x${view.heightPx}`,
    '--near=0.01',
  ];
  const seconds = async (samples: number): Promise<number> => {
    const cli = path.join(peersFolder, '@playcanvas/splat-transform/bin/cli.mjs');
    const args = [cli, '-q', '-w', '-g', '0', plyFile, path.join(folder, 'out.webp'), ...camera];
    const from = performance.now();
    const env = { ...process.env, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, XDG_RUNTIME_DIR: folder };
    await run(process.execPath, [...args, `--motion-samples=${samples}`], { env, maxBuffer: 1 << 26 });
    return (performance.now() - from) / 1000;
  };
  const few = await seconds(FEW_SAMPLES);
  const many = await seconds(MANY_SAMPLES);
  const { data } = await readRgb(path.join(folder, 'out.webp'));
  return { frameMs: ((many - few) * 1000) / (MANY_SAMPLES - FEW_SAMPLES), rgb: data };
}
