/**
 * `npm run bench -- pose`: CPU time of the first pose of an object and of every later one, on the film of a can put into a bowl, with the
 * renderer's masks and given models; and of the stages objects and poses on a whole film. Writes its section of docs/performance.md.
 * --data DIR as in bench bop.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createContext } from '../src/base/context.js';
import { resolveOptions } from '../src/base/options.js';
import { VERSION } from '../src/base/version.js';
import { openBopDataset } from '../src/bop/dataset/dataset.js';
import { imagesOf, sequenceOfTrueMasks } from '../src/bop/dataset/sequence.js';
import { calibrateToMesh, findPose } from '../src/bop/settle/find-pose.js';
import { preparedModel } from '../src/bop/settle/prepared-model.js';
import { gaussiansOfModel } from '../src/objects/coloured-mesh-gaussians.js';
import { meshArea } from '../src/objects/mesh.js';
import { followObject } from '../src/pose/follow.js';
import { poseOptions } from '../src/pose/options.js';
import { makeFixtures } from './bop/make-fixtures.js';
import { cpuSec } from './pose/cpu-time.js';
import { type WholeFilm, wholeFilm } from './pose/whole-film.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The film "place", its can, and images in which a hand carries that. */
const SCENE = 3;
const CAN = 6;
const FIRST = 45;
const FRAMES = 45;
const SETTINGS = [
  { poseCrop: 72, poseGaussians: 900 },
  { poseCrop: 128, poseGaussians: 2000 },
  { poseCrop: 160, poseGaussians: 900 },
  { poseCrop: 160, poseGaussians: 2000 },
] as const;

export interface PoseSpeed {
  version: string;
  rows: { cropPx: number; gaussians: number; firstPoseSec: number; framesPerSecond: number; meanIou: number }[];
  film: WholeFilm;
}

export default async function run(args: string[]): Promise<PoseSpeed> {
  const data = path.join(ROOT, '.cache', 'bop-fixtures');
  const { values } = parseArgs({ args, options: { data: { type: 'string', default: data } } });
  makeFixtures(values.data);
  const ctx = createContext('bench', { seed: 0 });
  const dataset = await openBopDataset(values.data);
  const scene = await dataset.readScene(SCENE);
  const imageIds = [...scene.images.keys()].slice(0, FIRST + FRAMES);
  const sequence = await sequenceOfTrueMasks(dataset, scene, imagesOf(scene, imageIds), ctx);
  const mesh = await dataset.objects.get(CAN)!.readLooks();
  const areaM2 = meshArea(mesh);
  const full = gaussiansOfModel(mesh, areaM2, ctx.random('model'));
  // Frames are read beforehand: how fast pictures are decoded is no matter of the tracker.
  const frames = await Promise.all(
    imageIds.map(async (_, k) => ({ rgb: await sequence.frames.read(k), idMap: await sequence.readMask(k) })),
  );
  const rows: PoseSpeed['rows'] = [];
  for (const setting of SETTINGS) {
    const options = resolveOptions(poseOptions, { ...setting, contact: false, trackLoss: false });
    const object = await preparedModel(CAN, full, options);
    const began = cpuSec();
    const found = findPose(object, frames[FIRST - 1], sequence.camera, areaM2, options, ctx.random('start'));
    if (!found) throw new Error('the can has no mask');
    const start = calibrateToMesh(object, mesh, found, frames[FIRST - 1], sequence.camera, options.poseCrop);
    const firstPoseSec = cpuSec() - began;
    const inputs = { ...{ camera: sequence.camera, lifted: null, options, random: ctx.random('follow') } };
    const followBegan = cpuSec();
    const followed = await followObject(
      { ...inputs, object: { ...object, scale: start.scale }, evidence: async (k) => frames[k] },
      start.found.cameraFromObject,
      Array.from({ length: FRAMES }, (_, k) => FIRST + k),
      false,
      () => {},
    );
    const framesPerSecond = FRAMES / (cpuSec() - followBegan);
    const meanIou = followed.reduce((sum, { iou }) => sum + iou, 0) / FRAMES;
    rows.push({
      cropPx: setting.poseCrop,
      gaussians: setting.poseGaussians,
      ...{ firstPoseSec, framesPerSecond, meanIou },
    });
    object.set.dispose();
  }
  const film = await wholeFilm(ROOT, path.join(ROOT, '.cache', 'bench'));
  await replaceSection(path.join(ROOT, 'docs', 'performance.md'), 'pose', `${poseText(rows)}\n\n${filmText(film)}`);
  return { version: VERSION, rows, film };
}

function filmText({ film, filmSec, objects, stages }: WholeFilm): string {
  const row = (name: string, cpu: number, wall: number): string =>
    `| ${name} | ${cpu.toFixed(1)} | ${wall.toFixed(1)} |`;
  const all = Object.values(stages);
  const sum = (pick: (cost: (typeof all)[number]) => number): number =>
    all.reduce((total, cost) => total + pick(cost), 0);
  return `A whole film (\`${film}\`, ${filmSec.toFixed(1)} s, ${objects} objects, as \`v2r run\` does it after perception: one core, pictures decoded on the way):

| stage | CPU s | wall s |
| --- | --- | --- |
${Object.entries(stages)
  .map(([name, cost]) => row(name, cost.cpuSec, cost.wallSec))
  .join('\n')}
${row(
  'both',
  sum((cost) => cost.cpuSec),
  sum((cost) => cost.wallSec),
)}`;
}

function poseText(rows: PoseSpeed['rows']): string {
  return `## Poses

Written by \`npm run bench -- pose\` (v2r ${VERSION}); raw figures in \`bench/results/pose.json\`. CPU time of one object on one core: its first pose
(differential evolution over all six freedoms at 36 px, with no table to help, then Adam), and every later one while a hand carries it (Adam from the pose
before, new starts when it seems lost; one direction, pictures decoded beforehand). The can of the film "place", masks from the renderer. \`v2r run\` uses 72 px
and 900 Gaussians, the BOP bench 128 px and 2000 for given models.

| window px | Gaussians | first pose, s | later poses per second | mean IoU with the mask |
| --- | --- | --- | --- | --- |
${rows
  .map(
    (row) =>
      `| ${row.cropPx} | ${row.gaussians} | ${row.firstPoseSec.toFixed(2)} | ${row.framesPerSecond.toFixed(1)} | ${row.meanIou.toFixed(3)} |`,
  )
  .join('\n')}`;
}
