/**
 * `npm run bench -- providers [fixture...] [--runs DIR]`: perception of the fixtures by classical methods and by networks, side by
 * side, against the truth. Networks come from $V2R_MODELS or the cache; without them both columns are the same.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { axisOf } from '../src/math/se3.js';
import { dot, type Vec3 } from '../src/math/vec3.js';
import { readPerception } from '../src/perceive/store.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { readFound } from './pipeline/found.js';
import { alignTruth } from './pipeline/frames.js';
import { matchObjects, scoreMasks } from './pipeline/masks.js';
import { meanOf } from './pipeline/stats.js';
import { readTruth, type TrueScene } from './pipeline/truth.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KINDS = ['classical', 'onnx'] as const;

interface Scores {
  maskIouSource: number | null;
  maskIouTarget: number | null;
  maskIouHand: number | null;
  focalErrorPct: number;
  tableNormalErrorDeg: number;
  /** Of the distance to the table along the optical axis. */
  distanceErrorPct: number;
  scaleLogSd: number;
  providers: string;
  names: string;
}

export default async function run(args: string[]): Promise<{ fixtures: Record<string, Record<string, Scores>> }> {
  const videos = path.join(ROOT, 'fixtures', 'videos');
  const at = args.indexOf('--runs');
  const runs = at >= 0 ? path.resolve(args[at + 1]) : path.join(ROOT, '.cache', 'providers');
  const wanted = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
  const all = readdirSync(videos).flatMap((name) => (name.endsWith('.truth') ? [path.basename(name, '.truth')] : []));
  const fixtures: Record<string, Record<string, Scores>> = {};
  for (const name of wanted.length > 0 ? wanted : all) {
    const scene = await readTruth(path.join(videos, `${name}.truth`));
    fixtures[name] = {};
    for (const kind of KINDS) {
      const folder = path.join(runs, `${name}-${kind}`);
      const options = { segment: kind, track: kind, depth: kind, camera: kind };
      const videoFile = path.join(videos, scene.truth.video);
      await runStages(STAGES, { videoFile, outFolder: folder, seed: 0, workers: 2, options, until: 'perceive' });
      fixtures[name][kind] = await score(scene, folder);
      console.error(name, kind, JSON.stringify(fixtures[name][kind]));
    }
  }
  return { fixtures };
}

async function score(scene: TrueScene, folder: string): Promise<Scores> {
  const perception = await readPerception(path.join(folder, 'perceive'));
  const found = await readFound(folder);
  const truth = alignTruth(scene, found);
  const ids = scene.truth.objects.map(({ id }) => id);
  const masks = await scoreMasks(found, truth, ids, await matchObjects(found, truth, ids));
  const iouOf = (role: string): number | null =>
    meanOf(scene.truth.objects.filter((o) => o.role === role).map(({ id }) => masks.objects.get(id) ?? 0));
  const { cameraFromWorld } = scene.truth.frames[truth.truthFrame[0]];
  const up = axisOf(cameraFromWorld, 2);
  const onTable: Vec3 = [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]];
  const trueDistanceM = dot(onTable, up) / up[2];
  const m = perception.table.cameraFromWorld;
  const cos = Math.min(1, dot(axisOf(m, 2), up));
  const round = (value: number): number => Math.round(1000 * value) / 1000;
  return {
    maskIouSource: iouOf('source'),
    maskIouTarget: iouOf('target'),
    maskIouHand: masks.hand,
    focalErrorPct: round(100 * Math.abs(perception.camera.fx / truth.camera.fx - 1)),
    tableNormalErrorDeg: round((Math.acos(cos) * 180) / Math.PI),
    distanceErrorPct: round(100 * Math.abs(m[11] / trueDistanceM - 1)),
    scaleLogSd: round(perception.table.scaleLogSd),
    providers: Object.values(perception.providers ?? {}).join(' '),
    names: perception.objects.map(({ name }) => name).join(', '),
  };
}
