/** A data set and estimates in, scores out: the BOP toolkit's evaluation of 6D localization. */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import type { FloatImage } from '../../image/image.js';
import { type BopDataset, type BopTarget, readSceneDepth } from '../dataset/dataset.js';
import type { BopObject } from '../dataset/models.js';
import { averageTimePerImage, type BopEstimate } from '../dataset/results-csv.js';
import type { BopImage, BopScene } from '../dataset/scene-files.js';
import { symmetrySet } from '../dataset/symmetry.js';
import { renderDepth } from '../draw/render-depth.js';
import { add, adi, translationError } from './add.js';
import { mspd, mssd } from './mssd-mspd.js';
import {
  type BopRecalls,
  type BopScores,
  recallsOf,
  scoresOf,
  type TargetGroup,
  topByScore,
  VSD_TAUS,
  validInstances,
} from './recall.js';
import { sphereProjectionsOverlap, VSD_DELTA_M, vsd } from './vsd.js';

export interface BopReport extends BopScores {
  readonly kind: 'v2r/bop-report';
  readonly version: 1;
  readonly dataset: string;
  readonly split: string;
  readonly recalls: BopRecalls;
  /** By object id and by scene id, each pooled over its own targets. */
  readonly objects: Record<string, BopScores>;
  readonly sequences: Record<string, BopScores>;
  /** -1 when some estimate has no time. */
  readonly averageTimePerImageSec: number;
  readonly warnings: readonly string[];
}

export interface EvaluateOptions {
  /** Tolerance of the visibility test, metres; default 15 mm, 5 mm for ITODD. */
  readonly deltaM?: number;
  /** Only these images count: a part of a sequence. Default: every target. */
  readonly isScored?: (target: BopTarget) => boolean;
}

export interface Evaluation {
  readonly report: BopReport;
  /** Every error behind the report, for tables of the worst frames. */
  readonly groups: readonly TargetGroup[];
}

/** The toolkit measures MSPD as if every image were this wide. */
const MSPD_WIDTH_PX = 640;
const ITODD_DELTA_M = 0.005;

export async function evaluateBop(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
  options: EvaluateOptions = {},
  ctx?: Pick<StageContext, 'signal' | 'progress'>,
): Promise<Evaluation> {
  const deltaM = options.deltaM ?? (dataset.name.startsWith('itodd') ? ITODD_DELTA_M : VSD_DELTA_M);
  const targets = dataset.targets.filter(options.isScored ?? (() => true));
  if (targets.length === 0)
    throw new UserError(`${dataset.folder}: no targets to score`, 'see test_targets_bop19.json');
  const byTarget = new Map<string, BopEstimate[]>(targets.map((target) => [keyOf(target), []]));
  for (const estimate of estimates) {
    checkFinite(estimate);
    byTarget.get(keyOf(estimate))?.push(estimate);
  }
  const groups: TargetGroup[] = [];
  for (const images of imagesOf(targets)) {
    if (ctx) throwIfCancelled(ctx);
    ctx?.progress(groups.length, targets.length, 'scoring');
    const scene = await dataset.readScene(images[0].sceneId);
    const image = scene.images.get(images[0].imageId);
    if (!image)
      throw new UserError(`${scene.folder}/scene_camera.json has no image ${images[0].imageId}, which is a target`);
    groups.push(...(await scoreImage(dataset, scene, image, images, byTarget, deltaM)));
  }
  ctx?.progress(targets.length, targets.length, 'scoring');
  return { groups, report: reportOf(dataset, estimates, groups) };
}

const keyOf = ({ sceneId, imageId, objId }: Pick<BopTarget, 'sceneId' | 'imageId' | 'objId'>): string =>
  `${sceneId}/${imageId}/${objId}`;

function checkFinite({ sceneId, imageId, objId, score, cameraFromModel }: BopEstimate): void {
  if (Number.isNaN(score) || cameraFromModel.length !== 16 || !cameraFromModel.every(Number.isFinite)) {
    throw new UserError(`estimate of scene ${sceneId}, image ${imageId}, object ${objId}: score or pose is not finite`);
  }
}

/** Targets image by image, in the order of the target file. */
function imagesOf(targets: readonly BopTarget[]): BopTarget[][] {
  const byImage = new Map<string, BopTarget[]>();
  for (const target of targets) {
    const key = `${target.sceneId}/${target.imageId}`;
    byImage.set(key, [...(byImage.get(key) ?? []), target]);
  }
  return [...byImage.values()];
}

async function scoreImage(
  dataset: BopDataset,
  scene: BopScene,
  image: BopImage,
  targets: readonly BopTarget[],
  byTarget: ReadonlyMap<string, readonly BopEstimate[]>,
  deltaM: number,
): Promise<TargetGroup[]> {
  const depth = await readSceneDepth(scene, image);
  if (depth && (depth.widthPx !== scene.widthPx || depth.heightPx !== scene.heightPx)) {
    throw new UserError(
      `${scene.folder}: depth image ${image.id} has ${depth.widthPx}x${depth.heightPx} pixels, expected ${scene.widthPx}x${scene.heightPx}`,
    );
  }
  const countOf = (objId: number): number => targets.find((t) => t.objId === objId)?.instCount ?? 0;
  const isValid = validInstances(image.instances, countOf);
  const groups: TargetGroup[] = [];
  for (const target of targets) {
    const object = dataset.objects.get(target.objId);
    if (!object) throw new UserError(`${dataset.folder}: models_info.json has no object ${target.objId}`);
    const all = byTarget.get(keyOf(target)) ?? [];
    const kept = topByScore(
      all.map(({ score }) => score),
      target.instCount,
    );
    const instanceIdxs = image.instances.flatMap(({ objId }, i) => (objId === target.objId ? [i] : []));
    const errors = await errorsOf(
      dataset,
      scene,
      object,
      image,
      depth,
      kept.map((i) => all[i]),
      instanceIdxs,
      deltaM,
    );
    groups.push({
      target,
      estimateIds: kept,
      scores: kept.map((i) => all[i].score),
      instanceIdxs,
      isValid: instanceIdxs.map((i) => isValid[i]),
      ...errors,
    });
  }
  return groups;
}

async function errorsOf(
  dataset: BopDataset,
  size: Pick<BopScene, 'widthPx' | 'heightPx'>,
  object: BopObject,
  image: BopImage,
  depth: FloatImage | null,
  estimates: readonly BopEstimate[],
  instanceIdxs: readonly number[],
  deltaM: number,
): Promise<Pick<TargetGroup, 'vsd' | 'mssd' | 'mspd' | 'add' | 'adi'>> {
  const mesh = await object.readMesh();
  const { vertices } = mesh;
  const { diameterM } = object;
  const symmetries = symmetrySet(object.symmetries);
  const poses = estimates.map(({ cameraFromModel }) => cameraFromModel);
  const truths = instanceIdxs.map((i) => image.instances[i].cameraFromModel);
  const table = (errorOf: (e: number, g: number) => number): number[][] =>
    poses.map((_, e) => truths.map((truth, g) => (truth === null ? Number.POSITIVE_INFINITY : errorOf(e, g))));
  // The toolkit's shortcut, part of the score: centres a diameter apart make the surface errors infinite.
  const near = (error: (e: number, g: number) => number): number[][] =>
    table((e, g) =>
      translationError(poses[e], truths[g]!) >= diameterM ? Number.POSITIVE_INFINITY : error(e, g) / diameterM,
    );
  const draw = (pose: number[]): Float64Array =>
    renderDepth(mesh, pose, { ...image.camera, widthPx: size.widthPx, heightPx: size.heightPx });
  const drawnTruths = lazily(truths.length, (g) => draw(truths[g]!));
  const drawnPoses = lazily(poses.length, (e) => draw(poses[e]));
  const vsdOf = (scene: FloatImage, e: number, g: number): number[] => {
    const truth = truths[g];
    if (truth === null || !sphereProjectionsOverlap(poses[e], truth, diameterM)) return VSD_TAUS.map(() => 1);
    const surfaces = { sceneM: scene.data, estimateM: drawnPoses(e), truthM: drawnTruths(g) };
    return vsd({ ...surfaces, widthPx: size.widthPx, camera: image.camera, diameterM, deltaM }, VSD_TAUS);
  };
  const allVsd = depth && poses.map((_, e) => truths.map((_, g) => vsdOf(depth, e, g)));
  return {
    vsd: allVsd && VSD_TAUS.map((_, tau) => allVsd.map((row) => row.map((errors) => errors[tau]))),
    mssd: near((e, g) => mssd(poses[e], truths[g]!, vertices, symmetries)),
    mspd: table((e, g) => {
      const errorPx = mspd(poses[e], truths[g]!, image.camera, vertices, symmetries);
      return (errorPx * MSPD_WIDTH_PX) / dataset.widthPx;
    }),
    add: near((e, g) => add(poses[e], truths[g]!, vertices)),
    adi: near((e, g) => adi(poses[e], truths[g]!, vertices)),
  };
}

function lazily<T>(count: number, make: (i: number) => T): (i: number) => T {
  const made = new Array<T | undefined>(count).fill(undefined);
  return (i) => (made[i] ??= make(i));
}

function reportOf(dataset: BopDataset, estimates: readonly BopEstimate[], groups: readonly TargetGroup[]): BopReport {
  const recalls = recallsOf(groups);
  const warnings = [...dataset.warnings];
  if (recalls.vsd === null) warnings.push('some images have no depth: VSD, and with it the BOP AR, is not defined');
  const scored = groups.reduce((sum, group) => sum + group.estimateIds.length, 0);
  if (estimates.length > 0 && scored === 0) warnings.push(`none of the ${estimates.length} estimates is for a target`);
  const behind = estimates.filter(({ cameraFromModel: m }) => m[11] <= 0).length;
  if (behind > 0) warnings.push(`${behind} estimates lie behind the camera; mirrored ones can get a small MSPD`);
  const split = (keyOfGroup: (group: TargetGroup) => number): Record<string, BopScores> => {
    const keys = [...new Set(groups.map(keyOfGroup))].sort((a, b) => a - b);
    return Object.fromEntries(keys.map((key) => [key, scoresOf(groups.filter((g) => keyOfGroup(g) === key))]));
  };
  return {
    kind: 'v2r/bop-report',
    version: 1,
    dataset: dataset.name,
    split: dataset.split,
    ...scoresOf(groups, recalls),
    recalls,
    objects: split(({ target }) => target.objId),
    sequences: split(({ target }) => target.sceneId),
    averageTimePerImageSec: averageTimePerImage(estimates),
    warnings,
  };
}
