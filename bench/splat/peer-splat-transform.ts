/**
 * @playcanvas/splat-transform's own command, rendering to webp through a Vulkan driver that runs on the CPU. A frame's time is the
 * difference between the wanted size and a thumbnail: loading, uploading, compiling shaders, projecting and sorting are all taken
 * out, so the peer is charged for its pixels only.
 */
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { readRgb } from '../../src/image/image-io.js';
import { inverse } from '../../src/math/se3.js';
import type { View } from '../../src/splat/views.js';
import type { PeerPicture } from './peer-picture.js';

const run = promisify(execFile);
/** The thumbnail is this many times smaller. */
const THUMBNAIL = 20;
/** Has the command tell its own CPU time (all threads) at its end. */
const TELL_CPU = 'process.on("exit", () => console.error("cpu-us " + Object.values(process.cpuUsage()).join(" ")))';

const commandOf = (peersFolder: string): string => path.join(peersFolder, '@playcanvas/splat-transform/bin/cli.mjs');

/** Converts any Gaussian file to a standard PLY; returns its name. */
export async function convertToPly(peersFolder: string, from: string, to: string): Promise<string> {
  await run(process.execPath, [commandOf(peersFolder), '-q', '-w', from, to], { maxBuffer: 1 << 26 });
  return to;
}

/** `driver`: Vulkan ICD file, for example chromium's vk_swiftshader_icd.json. */
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
    `--look-at=${vector(m[3] + m[2], m[7] + m[6], m[11] + m[10])}`,
    `--up=${vector(-m[1], -m[5], -m[9])}`,
    `--fov=${(2 * Math.atan(view.heightPx / 2 / view.fy) * 180) / Math.PI}`,
    '--near=0.01',
  ];
  const env = { ...process.env, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver, XDG_RUNTIME_DIR: folder };
  const timeAt = async (widthPx: number, heightPx: number, out: string): Promise<{ wallMs: number; cpuMs: number }> => {
    const node = ['--import', `data:text/javascript,${encodeURIComponent(TELL_CPU)}`, commandOf(peersFolder)];
    const args = [...node, '-q', '-w', '-g', '0', plyFile, out, ...camera, `--resolution=${widthPx}x${heightPx}`];
    const from = performance.now();
    const { stderr } = await run(process.execPath, args, { env, maxBuffer: 1 << 26 });
    const wallMs = performance.now() - from;
    const [, user, system] = /cpu-us (\d+) (\d+)/.exec(stderr) ?? [];
    return { wallMs, cpuMs: (Number(user) + Number(system)) / 1000 };
  };
  const thumbnail = await timeAt(view.widthPx / THUMBNAIL, view.heightPx / THUMBNAIL, path.join(folder, 'small.webp'));
  const out = path.join(folder, 'out.webp');
  const full = await timeAt(view.widthPx, view.heightPx, out);
  const { data } = await readRgb(out);
  const frameMs = full.wallMs - thumbnail.wallMs;
  return { frameMs, leastMs: frameMs, cpuMs: full.cpuMs - thumbnail.cpuMs, rgb: data };
}
