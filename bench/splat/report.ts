/** The engine's section of docs/performance.md: the tables come from the run, the words around them from here. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../src/base/files.js';
import { round, type Timing } from './measure.js';
import type { SplatResult } from './result.js';
import type { Roofline } from './roofline.js';

/** Other benches have sections of their own in the same file. */
const BEGIN = '<!-- bench splat -->';
const END = '<!-- end of bench splat -->';

const NAMES: Record<string, string> = {
  robot640: 'robot and two objects over a cached table, 640x480, 8-bit',
  robot640All: 'the same, every Gaussian drawn (no `closed`)',
  robot256: 'robot and two objects over a cached table, 256x256',
  robot256All: 'the same, every Gaussian drawn',
  robot640Floats: 'every Gaussian, without the table, 640x480, all outputs as floats',
  poseStep: 'pose step (forward and backward) of an object of 5,000 Gaussians, 160x120, every Gaussian drawn',
  poseForward: 'its forward part',
  poseStepClosed: 'pose step of the same object as a closed body',
  twin640: 'the f64 twin, 640x480',
};

const row = (name: string, t: Timing): string =>
  `| ${NAMES[name] ?? name} | ${[t.medianMs, t.cpuMedianMs, t.cpuMs].map((ms) => round(ms)).join(' | ')} | ${t.runs} |`;

const orNot = (value: number | null, unit: string): string => (value === null ? 'not measured' : `${value}${unit}`);

/** Million, rounded. */
const mega = (value: number, digits = 2): number => round(value / 1e6, digits);

export async function writePerformance(file: string, result: SplatResult, loadBefore: number): Promise<void> {
  const lines = [
    BEGIN,
    '## The Gaussian engine',
    '',
    'Written by `npm run bench -- splat`; raw figures in `bench/results/splat.json`. Milliseconds on one core: the median by the wall clock, and the',
    'median and the least CPU time, which stay meaningful when other programs hold the cores; the load was',
    `${round(loadBefore, 1)} when this run began. Robot and objects are drawn as episodes draw the robot, as closed bodies, unless said otherwise.`,
    '',
    '| what | median | CPU median | CPU min | runs |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(result.timings).map(([name, timing]) => row(name, timing)),
    '',
    `The robot scene has ${result.robotGaussians} Gaussians.`,
    '',
    '| Gaussians at 1280x720 | median ms | CPU median ms |',
    '| --- | --- | --- |',
    ...result.curve.map((point) => `| ${point.gaussians} | ${point.medianMs} | ${point.cpuMs} |`),
    '',
    ...curveWords(result),
    '',
    '| comparison | value |',
    '| --- | --- |',
    `| twin / kernels, CPU time of the same outputs | ${result.ratioVsTwin} |`,
    `| two workers / one, frames per second (best of three pairs) | ${result.ratioTwoWorkers} |`,
    `| two workers / one, twice the frames per CPU second: what two free cores give | ${result.ratioTwoWorkersByCpu} |`,
    `| @mkkellogg/gaussian-splats-3d in headless Chromium / ours (worst scene) | ${orNot(result.ratioVsGaussianSplats3d, '')} |`,
    `| @playcanvas/splat-transform on a CPU Vulkan driver / ours (worst scene) | ${orNot(result.ratioVsSplatTransform, '')} |`,
    `| colour against the f64 twin (worst scene) | ${result.psnrTwinDb} dB |`,
    `| 8-bit colour of closed bodies against drawing every Gaussian (worst scene) | ${result.psnrClosedDb} dB |`,
    `| colour against the peers' pictures (worst) | ${orNot(result.psnrPeerDb, ' dB')} |`,
    '',
    ...peerWords(result),
    '',
    ...rooflineWords(result.roofline),
    '',
    '### What made it fast',
    '',
    '- Tiles of 32x16 px hold 8x8 blocks of 4x2 px, so that the blocks which an ellipse touches are one 64-bit mask; two `i8x16.swizzle` make it',
    "  from the ellipse's first and last columns in eight bands of rows. Half the list entries of 16x8 tiles, a quarter of the mask work.",
    '- `2^p = (s^2 + K)^16`: the scale and shift of `p` go into the conic, so the exponential costs one add and five multiplies (2e-4 absolute).',
    "- Two splats per round of the inner loop; the colours' sums spill from the 15 registers half as often. Constants are loaded: V8 builds a vector",
    '  constant anew with three instructions wherever it is used.',
    '- The records of the next 64 entries are touched in one tight loop before they are needed: 20 to 25 % on a machine with a busy cache.',
    '- Closed bodies (`prepare(set, { closed: true })`) leave out what faces away, half of the Gaussians, and an 8-bit picture of them is finished at',
    '  transmittance 0.02, with the colour divided by its coverage: together two fifths of the time.',
    '- Spherical harmonics are evaluated in the kernels, four Gaussians at a time.',
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

function curveWords({ curve, millionMemoryMb }: SplatResult): string[] {
  const [first, last] = [curve[0], curve[curve.length - 1]];
  const slope = (last.cpuMs - first.cpuMs) / ((last.gaussians - first.gaussians) / 1e6);
  return [
    `From ten thousand to a million the cost grows by ${round(slope, 0)} ms of CPU time per million, on top of what filling all 0.9 million pixels costs.`,
    `Resident memory of the whole process with a million: ${millionMemoryMb} MB.`,
  ];
}

function peerWords({ peers, notes }: SplatResult): string[] {
  return [
    '### Against other renderers',
    '',
    'Same splats, camera and size (640x480), over black, every Gaussian drawn; ours by the wall clock on one core, just before and just after the peer,',
    'which may use all cores. gaussian-splats-3d: one still view over and over, one pixel read back per frame; its sorting is not counted.',
    'splat-transform: the difference between 640x480 and 32x24, so that loading, uploading, compiling shaders and sorting are not counted.',
    'Times are medians, CPU times those of all threads; the ratio is the smaller one of the least wall times (medians say little on a busy',
    'machine) and of the CPU times.',
    '',
    '| peer | scene | Gaussians | its ms | our ms | its CPU ms | our CPU ms | ratio | PSNR dB | pixels that differ by more than 2 of 255 |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...peers.map(
      (p) =>
        `| ${p.peer} | ${p.scene} | ${p.gaussians} | ${p.frameMs} | ${p.ownMs} | ${p.cpuMs ?? '-'} | ${p.ownCpuMs} | ${p.ratio} | ${p.psnrDb} | ${round(100 * p.differentShare, 1)} % |`,
    ),
    ...notes.map((note) => `\nNot compared: ${note}.`),
    '',
    'Where they differ: gaussian-splats-3d ends every Gaussian at 2.83 standard deviations where we go on to an alpha of 1/255 (3.3 for an opaque one),',
    'and blends back to front into 8 bits, so each of some dozen layers rounds. splat-transform takes exp(-4.5) = 1.1 % from every Gaussian so that it ends softly at 3 standard deviations.',
  ];
}

function rooflineWords(r: Roofline): string[] {
  return [
    '### How far from the roofline',
    '',
    `At 640x480 the robot scene (every Gaussian, over the table) has ${mega(r.inEllipses)} M splat-pixels inside ellipses, of which ${mega(r.useful)} M count before the layer or a`,
    `transmittance under 1e-4 hides them; they lie in ${mega(r.blockSteps)} M pairs of splat and 4x2 block, ${round(r.useful / r.blockSteps, 1)} of 8 pixels each. Projection, sorting and lists take ${round(r.prepareCpuMs)} ms, the rest`,
    `${round(r.blendCpuMs)} ms: ${round(r.nsPerStep, 1)} ns per block step, masks, layer and output included. The vector arithmetic of a step (42 operations, two a cycle at 3 GHz) takes`,
    `${round(r.leastNsPerStep, 1)} ns: the loop is ${round(r.nsPerStep / r.leastNsPerStep, 1)} times from that. Counted in useful pixels it is ${mega(r.usefulPerSecond, 0)} M per second of ${mega(r.mostPerSecond, 0)} M if no lane were ever empty.`,
    'What lies between: a step is 78 instructions rather than 42 (loads, broadcasts, spilled sums, the loop), each list entry costs a mask (about',
    '12 ns), boxes of small Gaussians touch blocks that their ellipses do not, and the blocks are finished for all eight pixels or for none.',
  ];
}
