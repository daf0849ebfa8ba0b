/**
 * Other renderers on the same splats and camera. They are no dependencies: give a node_modules that holds them,
 *
 *   npm install --prefix /some/where @mkkellogg/gaussian-splats-3d@0.4 three@0.160 playwright-core @playcanvas/splat-transform@2
 *   npm run bench -- splat --peers /some/where/node_modules --chromium /usr/bin/chromium [--vulkan ICD.json]
 */
import { readFile } from 'node:fs/promises';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { decodePly } from '../../src/splat/ply.js';
import { createByteFrame } from '../../src/splat/renderer.js';
import { TURNTABLE_DEFAULTS, turntableViews } from '../../src/splat/views.js';
import { psnrDb, round, time } from './measure.js';
import { drawWithGaussianSplats3d, type PeerPicture } from './peer-gs3d.js';
import { drawWithSplatTransform } from './peer-splat-transform.js';

export interface PeerResult {
  ratioVsGaussianSplats3d: number | null;
  ratioVsSplatTransform: number | null;
  psnrPeerDb: number | null;
  details: Record<string, unknown>;
}

const NOT_COMPARED = 'not compared: give --peers (see bench/splat/peers.ts)';
const PEER_RUNS = 20;

export async function comparePeers(
  args: string[],
  guitarFile: string,
  say: (text: string) => void,
): Promise<PeerResult> {
  const option = (name: string): string | undefined => args[args.indexOf(name) + 1 || args.length];
  const folder = option('--peers');
  const chromium = option('--chromium');
  const vulkan = option('--vulkan');
  const none = { ratioVsGaussianSplats3d: null, ratioVsSplatTransform: null, psnrPeerDb: null };
  if (!folder) return { ...none, details: { note: NOT_COMPARED } };
  const ply = await readFile(guitarFile);
  const { set } = decodePly(ply, guitarFile);
  const options = {
    ...TURNTABLE_DEFAULTS,
    numFrames: 8,
    up: [0, -1, 0] as [number, number, number],
    distanceFactor: 0.6,
  };
  const view = turntableViews(set, options)[3];
  const renderer = await createRenderer();
  const instances = [{ set: renderer.prepare(set), cameraFromSet: view.cameraFromWorld, label: 1 }];
  const into = createByteFrame(view.widthPx, view.heightPx);
  const details: Record<string, unknown> = {};
  const psnr: number[] = [];

  const against = async (name: string, draw: () => Promise<PeerPicture>): Promise<number | null> => {
    try {
      const before = time(() => renderer.renderBytes(view, instances, {}, into), PEER_RUNS);
      const { frameMs, rgb } = await draw();
      const after = time(() => renderer.renderBytes(view, instances, {}, into), PEER_RUNS);
      // Wall clock against wall clock, ours just before and just after, as other programs slow both down.
      const ownMs = (before.medianMs + after.medianMs) / 2;
      const toUnit = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (value) => value / 255);
      psnr.push(psnrDb(toUnit(into.rgb), toUnit(rgb)));
      details[name] = { frameMs: round(frameMs), ownMs: round(ownMs), psnrDb: round(psnr.at(-1)!) };
      say(`${name}: ${round(frameMs)} ms a frame, ours ${round(ownMs)} ms, PSNR ${round(psnr.at(-1)!)} dB`);
      return round(frameMs / ownMs, 1);
    } catch (error) {
      details[name] = `failed: ${String(error).slice(0, 200)}`;
      say(`${name}: ${details[name]}`);
      return null;
    }
  };
  const ratioVsGaussianSplats3d = chromium
    ? await against('gaussian-splats-3d', () => drawWithGaussianSplats3d(folder, chromium, ply, view, PEER_RUNS))
    : null;
  const ratioVsSplatTransform = vulkan
    ? await against('splat-transform', () => drawWithSplatTransform(folder, vulkan, guitarFile, view))
    : null;
  return {
    ratioVsGaussianSplats3d,
    ratioVsSplatTransform,
    psnrPeerDb: psnr.length > 0 ? round(Math.min(...psnr)) : null,
    details,
  };
}
