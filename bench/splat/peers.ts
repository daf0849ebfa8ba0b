/**
 * Other renderers on the same splats, camera and size. They are no dependencies of v2r; the bench takes them where it finds them:
 *
 *   npm install --no-save --ignore-scripts @mkkellogg/gaussian-splats-3d@0.4 playwright-core @playcanvas/splat-transform@2.7
 *   npm run bench -- splat [--peers OTHER/node_modules] [--chromium FILE] [--vulkan ICD.json]
 */
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../src/base/errors.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import { readPly, writePly } from '../../src/splat/ply.js';
import { createByteFrame, type SplatRenderer } from '../../src/splat/renderer.js';
import { TURNTABLE_DEFAULTS, turntableViews, type View } from '../../src/splat/views.js';
import { psnrDb, round, type Timing, time, toUnit } from './measure.js';
import { drawWithGaussianSplats3d } from './peer-gs3d.js';
import type { PeerPicture } from './peer-picture.js';
import { convertToPly, drawWithSplatTransform } from './peer-splat-transform.js';
import { AT_CAMERA, CAMERA_640, robotScene } from './scenes.js';

export interface PeerComparison {
  peer: string;
  scene: string;
  gaussians: number;
  /** Medians by the wall clock, the peer's and ours. */
  frameMs: number;
  ownMs: number;
  cpuMs: number | null;
  ownCpuMs: number;
  /** The smaller one of the ratios of the least wall times (medians say nothing on a busy machine) and, where known, of CPU times. */
  ratio: number;
  psnrDb: number;
  /** Share of the pixels that differ by more than two levels of 255 in some channel. */
  differentShare: number;
}

export interface PeerResult {
  ratioVsGaussianSplats3d: number | null;
  ratioVsSplatTransform: number | null;
  psnrPeerDb: number | null;
  comparisons: PeerComparison[];
  /** What could not be compared, and why. */
  notes: string[];
}

interface PeerScene {
  name: string;
  plyFile: string;
  set: GaussianSet;
  view: View;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const CHROMIUMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Chromium's own CPU driver; Mesa's older lavapipe lacks features that WebGPU asks for. */
const VULKANS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
];
const PEER_RUNS = 20;

export async function comparePeers(
  args: string[],
  renderer: SplatRenderer,
  splatFolder: string,
  say: (text: string) => void,
): Promise<PeerResult> {
  const option = (name: string): string | undefined => args[args.indexOf(name) + 1 || args.length];
  const peers = option('--peers') ?? path.join(REPOSITORY, 'node_modules');
  const chromium = option('--chromium') ?? CHROMIUMS.find((file) => existsSync(file));
  const vulkan = option('--vulkan') ?? VULKANS.find((file) => existsSync(file));
  const has = (name: string): boolean => existsSync(path.join(peers, name));
  const hasTransform = has('@playcanvas/splat-transform');
  const notes: string[] = [];
  const draw: [string, (scene: PeerScene) => Promise<PeerPicture>][] = [];
  if (chromium && has('@mkkellogg/gaussian-splats-3d') && has('playwright-core') && has('three')) {
    draw.push([GS3D, ({ plyFile, view }) => drawWithGaussianSplats3d(peers, chromium, plyFile, view, PEER_RUNS)]);
  } else {
    notes.push(`${GS3D}: needs the packages (see bench/splat/peers.ts) and Chromium`);
  }
  if (vulkan && hasTransform) {
    draw.push([TRANSFORM, ({ plyFile, view }) => drawWithSplatTransform(peers, vulkan, plyFile, view)]);
  } else {
    notes.push(`${TRANSFORM}: needs the package (see bench/splat/peers.ts) and a CPU Vulkan driver`);
  }
  const comparisons: PeerComparison[] = [];
  if (draw.length > 0) {
    for (const scene of await scenes(splatFolder, hasTransform ? peers : undefined, notes)) {
      for (const [peer, by] of draw) {
        try {
          const comparison = await compare(peer, scene, renderer, () => by(scene));
          comparisons.push(comparison);
          say(`${peer}, ${scene.name}: ${JSON.stringify(comparison)}`);
        } catch (error) {
          notes.push(`${peer}, ${scene.name}: failed: ${messageOf(error).slice(0, 300)}`);
          say(notes.at(-1)!);
        }
      }
    }
  }
  const least = (values: number[]): number | null => (values.length > 0 ? Math.min(...values) : null);
  const ratioOf = (name: string): number | null =>
    least(comparisons.filter(({ peer }) => peer === name).map(({ ratio }) => ratio));
  return {
    ratioVsGaussianSplats3d: ratioOf(GS3D),
    ratioVsSplatTransform: ratioOf(TRANSFORM),
    psnrPeerDb: least(comparisons.map(({ psnrDb: decibels }) => decibels)),
    comparisons,
    notes,
  };
}

const GS3D = '@mkkellogg/gaussian-splats-3d';
const TRANSFORM = '@playcanvas/splat-transform';

/** The robot scene and, where they are, the two captures. Peers read files, so everything is one. */
async function scenes(splatFolder: string, peers: string | undefined, notes: string[]): Promise<PeerScene[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'v2r-peer-'));
  const robotFile = path.join(folder, 'robot.ply');
  await writePly(robotFile, robotScene());
  const result: PeerScene[] = [
    {
      name: 'robot',
      plyFile: robotFile,
      set: (await readPly(robotFile)).set,
      view: { ...CAMERA_640, cameraFromWorld: AT_CAMERA },
    },
  ];
  const captures: [string, string, number][] = [
    ['guitar', 'guitar.ply', 0.6],
    ['biker', 'biker.compressed.ply', 0.6],
  ];
  for (const [name, fileName, distanceFactor] of captures) {
    let plyFile = path.join(splatFolder, fileName);
    if (!existsSync(plyFile)) {
      notes.push(`${name}: no ${fileName}`);
      continue;
    }
    if (fileName.endsWith('.compressed.ply')) {
      if (!peers) {
        notes.push(`${name}: ${fileName} needs ${TRANSFORM}`);
        continue;
      }
      plyFile = await convertToPly(peers, plyFile, path.join(folder, `${name}.ply`));
    }
    const { set } = await readPly(plyFile);
    const options = { ...TURNTABLE_DEFAULTS, numFrames: 8, up: UP, distanceFactor };
    result.push({ name, plyFile, set, view: turntableViews(set, options)[3] });
  }
  return result;
}

/** As captures on the web have it. */
const UP: [number, number, number] = [0, -1, 0];

async function compare(
  peer: string,
  { name, set, view }: PeerScene,
  renderer: SplatRenderer,
  draw: () => Promise<PeerPicture>,
): Promise<PeerComparison> {
  const prepared = renderer.prepare(set);
  const instances = [{ set: prepared, cameraFromSet: view.cameraFromWorld, label: 1 }];
  const into = createByteFrame(view.widthPx, view.heightPx);
  const own = (): Timing => time(() => renderer.renderBytes(view, instances, {}, into), PEER_RUNS);
  // Wall clock against wall clock, ours just before and just after, as other programs slow both down.
  const before = own();
  const { frameMs, leastMs, cpuMs, rgb } = await draw();
  const after = own();
  prepared.dispose();
  const ownMs = (before.medianMs + after.medianMs) / 2;
  const ownCpuMs = (before.cpuMedianMs + after.cpuMedianMs) / 2;
  let different = 0;
  for (let i = 0; i < rgb.length; i += 3) {
    different += Number([0, 1, 2].some((c) => Math.abs(rgb[i + c] - into.rgb[i + c]) > 2));
  }
  return {
    peer,
    scene: name,
    gaussians: set.count,
    frameMs: round(frameMs),
    ownMs: round(ownMs),
    cpuMs: Number.isNaN(cpuMs) ? null : round(cpuMs),
    ownCpuMs: round(ownCpuMs),
    ratio: round(
      Math.min(leastMs / Math.min(before.minMs, after.minMs), Number.isNaN(cpuMs) ? Infinity : cpuMs / ownCpuMs),
      1,
    ),
    psnrDb: round(psnrDb(toUnit(into.rgb), toUnit(rgb))),
    differentShare: round(different / (rgb.length / 3), 4),
  };
}
