/** The engine's section of docs/performance.md: the tables come from the run, the words around them from here. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../src/base/files.js';
import type { SplatResult } from '../splat.js';
import { round, type Timing } from './measure.js';

/** Vector operations that one splat needs in four pixels: exponent 4, power 6, cut and limit 3, weight 2, colour 6. */
const VECTOR_OPS = 21;
/** Splat-pixels per second if a 3 GHz core did two of those operations per cycle on useful pixels only. */
const ROOFLINE = (4 * 2 * 3e9) / VECTOR_OPS;

/** Other benches have sections of their own in the same file. */
const BEGIN = '<!-- bench splat -->';
const END = '<!-- end of bench splat -->';

const NAMES: Record<string, string> = {
  robot640: 'robot and two objects over a cached table, 640x480, 8-bit',
  robot640All: 'the same, every Gaussian drawn (no `closed`)',
  robot256: 'robot and two objects over a cached table, 256x256',
  robot256All: 'the same, every Gaussian drawn',
  robot640Floats: 'every Gaussian, without the table, 640x480, all outputs as floats',
  poseStep: 'pose step (forward and backward), 160x120',
  poseForward: 'its forward part',
  twin640: 'the f64 twin, 640x480',
};

const row = (name: string, t: Timing): string =>
  `| ${NAMES[name] ?? name} | ${round(t.medianMs)} | ${round(t.minMs)} | ${round(t.cpuMs)} | ${t.runs} |`;

const orNot = (value: number | null, unit: string): string => (value === null ? 'not measured' : `${value}${unit}`);

export async function writePerformance(file: string, result: SplatResult, loadBefore: number): Promise<void> {
  const { blends } = result;
  const lines = [
    BEGIN,
    '## The Gaussian engine',
    '',
    'Written by `npm run bench -- splat`; raw figures in `bench/results/splat.json`. Milliseconds on one core. "CPU" is the least CPU time',
    `of one run and stays meaningful when other programs hold the cores; the load was ${round(loadBefore, 1)} when this run began.`,
    '',
    '| what | median | min | CPU | runs |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(result.timings).map(([name, timing]) => row(name, timing)),
    '',
    `The robot scene has ${result.robotGaussians} Gaussians.`,
    '',
    '| Gaussians at 1280x720 | median ms | CPU ms |',
    '| --- | --- | --- |',
    ...result.curve.map((point) => `| ${point.gaussians} | ${point.medianMs} | ${point.cpuMs} |`),
    '',
    `Resident memory of the whole process with a million: ${result.millionMemoryMb} MB.`,
    '',
    '| comparison | value |',
    '| --- | --- |',
    `| twin / kernels, CPU time of the same outputs | ${result.ratioVsTwin} |`,
    `| two workers / one, frames per second | ${result.ratioTwoWorkers} |`,
    `| @mkkellogg/gaussian-splats-3d in headless Chromium / ours | ${orNot(result.ratioVsGaussianSplats3d, '')} |`,
    `| @playcanvas/splat-transform on a CPU Vulkan driver / ours | ${orNot(result.ratioVsSplatTransform, '')} |`,
    `| colour against the f64 twin (worst scene) | ${result.psnrTwinDb} dB |`,
    `| colour of closed bodies against drawing every Gaussian | ${result.psnrClosedDb} dB |`,
    `| colour against the peers' pictures (worst) | ${orNot(result.psnrPeerDb, ' dB')} |`,
    '',
    '### How far from the roofline',
    '',
    `At 640x480 the robot scene has ${round(blends.inEllipses / 1e6)} M splat-pixels inside ellipses, of which ${round(blends.useful / 1e6)} M count before the`,
    `transmittance falls under 1e-4: ${round(blends.usefulPerSecond / 1e6, 0)} M useful ones per second of CPU time, projection, sorting, binning and output included.`,
    `Blending one splat into four pixels takes ${VECTOR_OPS} vector operations at the least; two a cycle at 3 GHz on useful pixels only would be`,
    `${round(ROOFLINE / 1e6, 0)} M per second. What lies between: about half of the pixels in a touched 4x2 block are outside the ellipse or already`,
    'saturated, an eight-pixel step is 78 instructions rather than 42 (loads, broadcasts, spilled sums, the loop), and half of the time is not blending.',
    '',
    '### What made it fast',
    '',
    '- Tiles of 32x16 px hold 8x8 blocks of 4x2 px, so that the blocks which an ellipse touches are one 64-bit mask; two `i8x16.swizzle` make it',
    "  from the ellipse's first and last columns in eight bands of rows. Half the list entries of 16x8 tiles, a quarter of the mask work.",
    '- `2^p = (s^2 + K)^16`: the scale and shift of `p` go into the conic, so the exponential costs one add and five multiplies (2e-4 absolute).',
    "- Two splats per round of the inner loop; the colours' sums spill from the 15 registers half as often. Constants are loaded: V8 builds a vector",
    '  constant anew with three instructions wherever it is used.',
    '- The records of the next 64 entries are touched in one tight loop before they are needed: 20 to 25 % on a machine with a busy cache.',
    '- Closed bodies (`prepare(set, { closed: true })`) leave out what faces away: half of the Gaussians, a third to two fifths of the time.',
    '- Sets lie in Morton order: another 6 to 12 %.',
    "- Small boxes (up to 160 px^2) are taken as they are, without the search for the ellipse's edge: 15 % at 256x256.",
    '',
    'Tried without gain: larger limits for small boxes; a second loop without the median once a block is half covered; broadcasts from loaded',
    'vectors in the backward pass.',
    END,
  ];
  const old = await readFile(file, 'utf8').catch(() => '# Performance\n');
  const [before, rest] = old.split(BEGIN);
  const after = rest === undefined ? '\n' : rest.slice(rest.indexOf(END) + END.length);
  const gap = rest === undefined ? '\n' : '';
  await writeFileAtomic(file, `${before}${gap}${lines.join('\n')}${after}`);
}
