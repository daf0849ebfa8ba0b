/**
 * `npm run bench -- providers [fixture...] [--runs DIR]`: perception of the fixtures by classical methods and by networks, side by
 * side, against the truth, and the table of it in docs/accuracy.md. Networks come from $V2R_MODELS or the cache.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../src/base/errors.js';
import { VERSION } from '../src/base/version.js';
import { axisOf } from '../src/math/se3.js';
import { dot, type Vec3 } from '../src/math/vec3.js';
import { readPerception } from '../src/perceive/store.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { scorePerceived } from './pipeline/perceived.js';
import { meanOf } from './pipeline/stats.js';
import { scoreTracks } from './pipeline/tracks.js';
import { readTruth, type TrueScene } from './pipeline/truth.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const KINDS = ['classical', 'onnx'] as const;
type Kind = (typeof KINDS)[number];

interface Scores {
  maskIouSource: number | null;
  maskIouTarget: number | null;
  maskIouHand: number | null;
  trackWithin4Px: number | null;
  focalErrorPct: number;
  tableNormalErrorDeg: number;
  /** Of the distance to the table along the optical axis. */
  distanceErrorPct: number;
  scaleLogSd: number;
  providers: string;
  names: string;
}

export default async function run(args: string[]): Promise<{ fixtures: Fixtures; partial: boolean }> {
  const videos = path.join(ROOT, 'fixtures', 'videos');
  const at = args.indexOf('--runs');
  const runs = at >= 0 ? path.resolve(args[at + 1]) : path.join(ROOT, '.cache', 'providers');
  const wanted = args.filter((arg, i) => !arg.startsWith('--') && (at < 0 || i !== at + 1));
  const all = readdirSync(videos).flatMap((name) => (name.endsWith('.truth') ? [path.basename(name, '.truth')] : []));
  const fixtures: Fixtures = {};
  const partial = wanted.length > 0;
  for (const name of partial ? wanted : all) {
    const scene = await readTruth(path.join(videos, `${name}.truth`));
    const scores: Partial<Record<Kind, Scores>> = {};
    for (const kind of KINDS) {
      const folder = path.join(runs, `${name}-${kind}`);
      const options = { segment: kind, track: kind, depth: kind, camera: kind };
      const videoFile = path.join(videos, scene.truth.video);
      await runStages(STAGES, { videoFile, outFolder: folder, seed: 0, workers: 2, options, until: 'perceive' });
      const scored = await score(scene, folder);
      console.error(name, kind, JSON.stringify(scored));
      if (kind === 'onnx' && !scored.providers.includes('onnx')) {
        throw new UserError('there are no networks to compare with', 'v2r models pull, or V2R_MODELS=FOLDER');
      }
      scores[kind] = scored;
    }
    fixtures[name] = scores as Record<Kind, Scores>;
  }
  if (!partial) await replaceSection(path.join(ROOT, 'docs', 'accuracy.md'), 'providers', describe(fixtures));
  return { fixtures, partial };
}

type Fixtures = Record<string, Record<Kind, Scores>>;

const COLUMNS: [title: string, value: (scores: Scores) => number | null, digits: number][] = [
  ['mask IoU source', (s) => s.maskIouSource, 3],
  ['target', (s) => s.maskIouTarget, 3],
  ['hand', (s) => s.maskIouHand, 3],
  ['tracks within 4 px %', (s) => s.trackWithin4Px && 100 * s.trackWithin4Px, 0],
  ['focal %', (s) => s.focalErrorPct, 1],
  ['table normal deg', (s) => s.tableNormalErrorDeg, 1],
  ['distance to the table %', (s) => s.distanceErrorPct, 1],
  ['stated sd %', (s) => 100 * s.scaleLogSd, 0],
];

function describe(fixtures: Fixtures): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const cells = (of: (value: (scores: Scores) => number | null) => number | null): string[] =>
    COLUMNS.map(([, value, digits]) => of(value)?.toFixed(digits) ?? '-');
  const named = { classical: 'classical', onnx: 'networks' };
  const rows = Object.entries(fixtures).flatMap(([name, scores]) =>
    KINDS.map((kind) => row([name, named[kind], ...cells((value) => value(scores[kind])), scores[kind].names])),
  );
  const means = KINDS.map((kind) =>
    row(['mean', named[kind], ...cells((value) => meanOf(Object.values(fixtures).map((s) => value(s[kind])))), '']),
  );
  const title = ['fixture', 'by', ...COLUMNS.map(([name]) => name), 'called'];
  return [
    `Written by \`npm run bench -- providers\` (v2r ${VERSION}). Do not edit by hand. Networks: those of \`models/manifest.json\` that were there. What`,
    'is not found counts as 0 in the masks. Distance: of the camera from the table along its axis, which is the scale of everything.',
    '',
    row(title),
    row(title.map(() => '---')),
    ...rows,
    ...means,
  ].join('\n');
}

async function score(scene: TrueScene, folder: string): Promise<Scores> {
  const perception = await readPerception(path.join(folder, 'perceive'));
  const { found, truth, matches, masks, iouOf } = await scorePerceived(scene, folder);
  const tracks = await scoreTracks(found, truth, scene.meshes, matches);
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
    trackWithin4Px: tracks.within?.[2] ?? null,
    focalErrorPct: round(100 * Math.abs(perception.camera.fx / truth.camera.fx - 1)),
    tableNormalErrorDeg: round((Math.acos(cos) * 180) / Math.PI),
    distanceErrorPct: round(100 * Math.abs(m[11] / trueDistanceM - 1)),
    scaleLogSd: round(perception.table.scaleLogSd),
    providers: Object.values(perception.providers ?? {}).join(' '),
    names: perception.objects.map(({ name }) => name).join(', '),
  };
}
