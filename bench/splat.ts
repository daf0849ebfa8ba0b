/** The Gaussian engine: milliseconds, ratios and agreement. Figures in bench/results/splat.json and docs/performance.md. */
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createRenderer } from '../src/splat/create-renderer.js';
import type { GaussianSet } from '../src/splat/gaussians.js';
import { readPly } from '../src/splat/ply.js';
import { createByteFrame, createFrame, type Frame, type SplatRenderer } from '../src/splat/renderer.js';
import { createTwinRenderer } from '../src/splat/twin/twin-renderer.js';
import { TURNTABLE_DEFAULTS, turntableViews } from '../src/splat/views.js';
import { psnrDb, round, type Timing, time, toUnit } from './splat/measure.js';
import { comparePeers } from './splat/peers.js';
import { writePerformance } from './splat/report.js';
import type { SplatResult } from './splat/result.js';
import { measureRoofline } from './splat/roofline.js';
import {
  AT_CAMERA,
  CAMERA_256,
  CAMERA_640,
  CAMERA_720P,
  CAMERA_CROP,
  CROP_POSE,
  poseObject,
  robotScene,
  sheetScene,
  tableLayer,
} from './splat/scenes.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Real captures are compared too when they are there. */
const GUITAR = path.join(ROOT, '..', 'shared', 'data', 'splats', 'guitar.ply');
const CURVE = [10_000, 30_000, 100_000, 300_000, 1_000_000];

const say = (text: string): void => console.error(text);

/** As episodes draw it (closed bodies); returns the PSNR of that against drawing every Gaussian. */
function timeRobot(renderer: SplatRenderer, robot: GaussianSet, timings: Record<string, Timing>): number {
  const instances = [{ set: renderer.prepare(robot, { closed: true }), cameraFromSet: AT_CAMERA, label: 1 }];
  const everything = [{ set: renderer.prepare(robot), cameraFromSet: AT_CAMERA, label: 1 }];
  let decibels = Number.POSITIVE_INFINITY;
  for (const [name, camera] of [
    ['robot640', CAMERA_640],
    ['robot256', CAMERA_256],
  ] as const) {
    const layer = tableLayer(camera);
    const into = createByteFrame(camera.widthPx, camera.heightPx);
    timings[name] = time(() => renderer.renderBytes(camera, instances, { layer }, into), 60);
    say(`${name}: ${describe(timings[name])}`);
    timings[`${name}All`] = time(() => renderer.renderBytes(camera, everything, { layer }, into), 40);
    say(`${name}, every Gaussian: ${describe(timings[`${name}All`])}`);
    const [a, b] = [instances, everything].map((list) => renderer.renderBytes(camera, list, { layer }).rgb);
    decibels = Math.min(decibels, psnrDb(toUnit(a), toUnit(b)));
  }
  const into = createFrame(CAMERA_640.widthPx, CAMERA_640.heightPx);
  timings.robot640Floats = time(() => renderer.render(CAMERA_640, everything, {}, into), 40);
  instances[0].set.dispose();
  everything[0].set.dispose();
  return decibels;
}

function timePoseStep(renderer: SplatRenderer, timings: Record<string, Timing>): void {
  const object = poseObject();
  const instances = [{ set: renderer.prepare(object), cameraFromSet: CROP_POSE, label: 1 }];
  const frame = createFrame(CAMERA_CROP.widthPx, CAMERA_CROP.heightPx);
  const gradient = createFrame(CAMERA_CROP.widthPx, CAMERA_CROP.heightPx);
  for (let i = 0; i < gradient.rgb.length; i++) gradient.rgb[i] = Math.sin(0.01 * i);
  for (let i = 0; i < gradient.alpha.length; i++) {
    gradient.alpha[i] = Math.cos(0.03 * i);
    gradient.depthM[i] = Math.sin(0.02 * i);
  }
  const losses = { rgb: gradient.rgb, alpha: gradient.alpha, depthSum: gradient.depthM };
  const step = (list: typeof instances): Timing =>
    time(() => {
      renderer.render(CAMERA_CROP, list, {}, frame);
      renderer.poseGradient(losses, 0);
    }, 100);
  timings.poseStep = step(instances);
  timings.poseForward = time(() => renderer.render(CAMERA_CROP, instances, {}, frame), 100);
  timings.poseStepClosed = step([{ ...instances[0], set: renderer.prepare(object, { closed: true }) }]);
  say(`pose step (${object.count} Gaussians): ${describe(timings.poseStep)}`);
}

function timeCurve(renderer: SplatRenderer): { curve: SplatResult['curve']; memoryMb: number } {
  const into = createByteFrame(CAMERA_720P.widthPx, CAMERA_720P.heightPx);
  let memoryMb = 0;
  const curve = CURVE.map((count) => {
    const set = renderer.prepare(sheetScene(count));
    const instances = [{ set, cameraFromSet: AT_CAMERA, label: 1 }];
    const timing = time(() => renderer.renderBytes(CAMERA_720P, instances, {}, into), 20, 4);
    memoryMb = Math.max(memoryMb, process.memoryUsage().rss / 1e6);
    set.dispose();
    say(`${count} Gaussians at 1280x720: ${describe(timing)}`);
    return { gaussians: count, medianMs: round(timing.medianMs), cpuMs: round(timing.cpuMedianMs) };
  });
  return { curve, memoryMb };
}

/** tsx does not reach into workers by itself. */
const WORKER_ENTRY = `import('tsx/esm/api').then(({ register }) => {
  register();
  return import(${JSON.stringify(new URL('./splat/worker.ts', import.meta.url).href)});
});`;

interface WorkerRatios {
  byWall: number;
  byCpu: number;
}

async function timeWorkers(): Promise<WorkerRatios> {
  const rate = async (numWorkers: number): Promise<{ perSecond: number; perCpuSecond: number }> => {
    const workers = Array.from({ length: numWorkers }, () => {
      return new Worker(WORKER_ENTRY, { eval: true, workerData: { forMs: 3000 } });
    });
    const message = <T>(worker: Worker): Promise<T> =>
      new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await Promise.all(workers.map((worker) => message(worker)));
    const results = workers.map((worker) => message<{ frames: number; framesPerSecond: number }>(worker));
    const before = process.cpuUsage();
    for (const worker of workers) worker.postMessage('go');
    const rates = await Promise.all(results);
    const { user, system } = process.cpuUsage(before);
    await Promise.all(workers.map((worker) => worker.terminate()));
    return {
      perSecond: rates.reduce((sum, { framesPerSecond }) => sum + framesPerSecond, 0),
      perCpuSecond: rates.reduce((sum, { frames }) => sum + frames, 0) / ((user + system) / 1e6),
    };
  };
  // The better of three pairs: other programs only ever take away.
  const ratios: WorkerRatios[] = [];
  for (let k = 0; k < 3; k++) {
    const [two, one] = [await rate(2), await rate(1)];
    ratios.push({ byWall: two.perSecond / one.perSecond, byCpu: (2 * two.perCpuSecond) / one.perCpuSecond });
    say(`two workers against one: ${round(ratios[k].byWall)} by wall clock, ${round(ratios[k].byCpu)} by CPU time`);
  }
  const best = (values: number[]): number => round(Math.max(...values));
  return { byWall: best(ratios.map(({ byWall }) => byWall)), byCpu: best(ratios.map(({ byCpu }) => byCpu)) };
}

async function compareTwin(wasm: SplatRenderer, robot: GaussianSet, timings: Record<string, Timing>): Promise<number> {
  const twin = createTwinRenderer();
  const draw = (renderer: SplatRenderer, set: GaussianSet, camera = CAMERA_640, pose = AT_CAMERA): Frame => {
    const prepared = renderer.prepare(set);
    const frame = renderer.render(camera, [{ set: prepared, cameraFromSet: pose, label: 1 }]);
    prepared.dispose();
    return frame;
  };
  const set = twin.prepare(robot);
  timings.twin640 = time(() => twin.render(CAMERA_640, [{ set, cameraFromSet: AT_CAMERA, label: 1 }]), 20, 2);
  const decibels = [psnrDb(draw(wasm, robot).rgb, draw(twin, robot).rgb)];
  if (existsSync(GUITAR)) {
    const { set: guitar } = await readPly(GUITAR);
    const [view] = turntableViews(guitar, { ...TURNTABLE_DEFAULTS, numFrames: 1, up: [0, -1, 0] });
    decibels.push(
      psnrDb(draw(wasm, guitar, view, view.cameraFromWorld).rgb, draw(twin, guitar, view, view.cameraFromWorld).rgb),
    );
  }
  say(`PSNR against the twin: ${decibels.map((value) => round(value)).join(', ')} dB`);
  return Math.min(...decibels);
}

const describe = (timing: Timing): string =>
  `median ${round(timing.medianMs)} ms, CPU ${round(timing.cpuMedianMs)} ms (min ${round(timing.cpuMs)} ms)`;

export default async function run(args: string[]): Promise<SplatResult> {
  const loadBefore = loadavg()[0];
  const renderer = await createRenderer();
  const robot = robotScene();
  const timings: Record<string, Timing> = {};
  const psnrClosedDb = timeRobot(renderer, robot, timings);
  timePoseStep(renderer, timings);
  const { curve, memoryMb } = timeCurve(renderer);
  const psnrTwinDb = await compareTwin(renderer, robot, timings);
  const workers = await timeWorkers();
  const peers = await comparePeers(args, renderer, path.dirname(GUITAR), say);
  const layer = tableLayer(CAMERA_640);
  const roofline = await measureRoofline(CAMERA_640, robot, AT_CAMERA, layer, timings.robot640All.cpuMs);
  const result: SplatResult = {
    robotScene640Ms: round(timings.robot640.medianMs),
    robotScene256Ms: round(timings.robot256.medianMs),
    poseStepMs: round(timings.poseStep.medianMs),
    millionMs: curve.at(-1)!.medianMs,
    ratioVsGaussianSplats3d: peers.ratioVsGaussianSplats3d,
    ratioVsSplatTransform: peers.ratioVsSplatTransform,
    ratioVsTwin: round(timings.twin640.cpuMedianMs / timings.robot640Floats.cpuMedianMs),
    ratioTwoWorkers: workers.byWall,
    ratioTwoWorkersByCpu: workers.byCpu,
    psnrTwinDb: round(psnrTwinDb),
    psnrClosedDb: round(psnrClosedDb),
    psnrPeerDb: peers.psnrPeerDb,
    robotGaussians: robot.count,
    timings,
    curve,
    millionMemoryMb: round(memoryMb, 0),
    roofline,
    peers: peers.comparisons,
    notes: peers.notes,
  };
  await writePerformance(path.join(ROOT, 'docs', 'performance.md'), result, loadBefore);
  return result;
}
