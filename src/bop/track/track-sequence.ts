/**
 * Our tracker on a BOP scene with the data set's models. Poses are found from masks and colours: differential evolution where an
 * object is seen best, then frame by frame. The true poses are never looked at.
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import type { Intrinsics } from '../../math/camera.js';
import { axisOf, compose } from '../../math/se3.js';
import { gaussiansOfModel } from '../../objects/coloured-mesh-gaussians.js';
import { meshArea } from '../../objects/mesh.js';
import type { ObjectModel } from '../../objects/object-model.js';
import type { Refined } from '../../pose/adam.js';
import type { TrackedObject } from '../../pose/objective.js';
import { boxOfId, type FrameEvidence, observe } from '../../pose/observation.js';
import { withoutStrays } from '../../pose/one-body.js';
import type { PoseOptions } from '../../pose/options.js';
import type { Poses } from '../../pose/poses.js';
import { trackPoses } from '../../pose/track-poses.js';
import { type BopDataset, readSceneDepth } from '../dataset/dataset.js';
import { rotationFromReference } from '../dataset/reference-camera.js';
import type { BopEstimate } from '../dataset/results-csv.js';
import { type Sequence, targetObjects } from '../dataset/sequence.js';
import { assignModels } from '../settle/assign-models.js';
import { type Calibrated, calibrateToMesh, findPose } from '../settle/find-pose.js';
import { preparedModel } from '../settle/prepared-model.js';
import { bestQuarterTurn } from '../settle/quarter-turns.js';
import { type Start, settled } from '../settle/settle.js';
import { distanceRatio } from '../settle/table-under.js';

/**
 * Given models are exact, so finer pictures pay: on a real sequence with the window and count of the run's defaults a thin
 * object's soft outline put it 33 mm too far, with these 4 mm (MSSD).
 */
export const SEQUENCE_DEFAULTS = { poseCrop: 128, poseGaussians: 2000 } as const;

/** Perception knows the table's distance to some 20 to 40 %, and things stand up to a third nearer than the table behind them. */
const MAX_DISTANCE_LOG = Math.log(2);
/** Where it says that it knows it less well, so many of its standard deviations. */
const MAX_DISTANCE_SDS = 2.5;
export interface TrackOptions {
  readonly pose: PoseOptions;
  /** Give the tracker the sensor's depth as well; otherwise it sees colour and masks only. */
  readonly useDepth: boolean;
}

/** One estimate per object and image in which it was not lost. */
export async function trackSequence(
  dataset: BopDataset,
  sequence: Sequence,
  options: TrackOptions,
  ctx: StageContext,
): Promise<BopEstimate[]> {
  const started = performance.now();
  const { scene, images, camera, hasTable } = sequence;
  // Without a table there is no contact.
  const pose: PoseOptions = {
    ...options.pose,
    contact: hasTable && options.pose.contact,
    depthLoss: options.useDepth && options.pose.depthLoss,
  };
  const readDepth = (frameIdx: number) => readSceneDepth(scene, images[frameIdx]);
  const ids = sequence.perception.objects.map(({ id }) => id);
  const evidenceOf = async (frameIdx: number): Promise<FrameEvidence> => ({
    rgb: await sequence.frames.read(frameIdx),
    idMap: withoutStrays(await sequence.readMask(frameIdx), ids),
    depth: options.useDepth ? await readDepth(frameIdx) : null,
  });
  const found = await findStarts(dataset, sequence, pose, evidenceOf, ctx);
  const { starts: candidates, table } = hasTable
    ? await settled(found, { sequence, pose, evidenceOf }, ctx)
    : { starts: found, table: sequence.perception.table };
  const perception = { ...sequence.perception, table };
  const track = (some: readonly Start[], how: Partial<PoseOptions> = {}): Promise<Poses> =>
    trackPoses(
      {
        ...{ frames: sequence.frames, perception, tracks: sequence.tracks },
        readMask: (frameIdx) => sequence.readMask(frameIdx),
        objects: { kind: 'v2r/objects', version: 1, objects: some.map((start) => modelOf(dataset, start)) },
        gaussians: new Map(some.map(({ seen, set }) => [seen.id, set])),
        meshes: new Map(some.map(({ seen, mesh }) => [seen.id, mesh])),
        ...(options.useDepth ? { readDepth } : {}),
      },
      // The first poses have been searched for already.
      { ...pose, de: false, ...how },
      ctx,
    );
  const starts: Start[] = [];
  for (const start of candidates) starts.push(await bestOverSequence(start, track));
  const poses = await track(starts);
  const timeSec = (performance.now() - started) / 1000 / images.length;
  return poses.objects.flatMap(({ id, frames }) => {
    const { objId } = starts.find(({ seen }) => seen.id === id)!;
    return frames.flatMap(({ cameraFromObject }, t) => {
      if (cameraFromObject === null) return [];
      const turn = rotationFromReference(sequence.perception, camera, t);
      const cameraFromModel = turn ? compose(turn, cameraFromObject) : cameraFromObject;
      return [{ sceneId: scene.id, imageId: images[t].id, objId, score: 1, cameraFromModel, timeSec }];
    });
  });
}

async function findStarts(
  dataset: BopDataset,
  sequence: Sequence,
  pose: PoseOptions,
  evidenceOf: (frameIdx: number) => Promise<FrameEvidence>,
  ctx: StageContext,
): Promise<Start[]> {
  const { camera, perception, objectOf } = sequence;
  const ids = objectOf ? [...new Set(objectOf.values())] : targetObjects(dataset, sequence.scene);
  const models = [];
  for (const objId of ids) {
    const model = dataset.objects.get(objId)!;
    const looks = await model.readLooks();
    const areaM2 = meshArea(looks);
    const set = gaussiansOfModel(looks, areaM2, ctx.random(`model-${objId}`));
    // Where only the shape counts the scored mesh does, which is the coarser one.
    models.push({ objId, mesh: await model.readMesh(), looks, areaM2, set });
  }
  const up = sequence.hasTable ? axisOf(perception.table.cameraFromWorld, 2) : null;
  const fits = new Map<string, Start>();
  for (const seen of perception.objects) {
    const evidence = await evidenceOf(seen.referenceFrame);
    for (const [m, { objId, mesh, looks, areaM2, set }] of models.entries()) {
      throwIfCancelled(ctx);
      if (objectOf && objectOf.get(seen.id) !== objId) continue;
      ctx.progress(fits.size, perception.objects.length * models.length, `first pose of object ${objId}`);
      const object = await preparedModel(seen.id, set, pose);
      const random = ctx.random(`start-${seen.id}-${objId}`);
      const found = findPose(object, evidence, camera, areaM2, pose, random, up);
      if (found) {
        const calibrated = calibrateToMesh(object, mesh, found, evidence, camera, pose.poseCrop);
        const start = up === null && pose.de ? turnedByPrint(object, calibrated, evidence, camera, pose) : calibrated;
        fits.set(`${seen.id}/${m}`, { seen, objId, set, mesh, looks, others: [], ...start });
      }
      object.set.dispose();
    }
  }
  const lossOf = (mask: number, m: number): number => {
    const found = fits.get(`${perception.objects[mask].id}/${m}`)?.found;
    return found && isPlausible(found, sequence) ? found.value : Number.POSITIVE_INFINITY;
  };
  const assigned = assignModels(perception.objects.length, models.length, lossOf);
  for (const [m, { objId }] of models.entries()) {
    if (!assigned.includes(m)) ctx.warn('no-mask', `scene ${sequence.scene.id}: no mask for object ${objId}; left out`);
  }
  return assigned.flatMap((m, mask) => (m < 0 ? [] : [fits.get(`${perception.objects[mask].id}/${m}`)!]));
}

/** Where no table says what is up, the side of a box that its print speaks for. */
function turnedByPrint(
  object: TrackedObject,
  { scale, found }: Calibrated,
  evidence: FrameEvidence,
  camera: Intrinsics,
  { poseCrop }: PoseOptions,
): Calibrated {
  const box = boxOfId(evidence.idMap, object.id);
  if (box === null) return { scale, found };
  const view = observe(evidence, object.id, camera, box, poseCrop);
  return {
    scale,
    found: { ...found, cameraFromObject: bestQuarterTurn({ ...object, scale }, found.cameraFromObject, view) },
  };
}

/** A model fits a fragment of a mask too, but only from much farther away than the table can be. */
const isPlausible = ({ cameraFromObject }: Refined, { hasTable, perception }: Sequence): boolean =>
  !hasTable ||
  Math.abs(Math.log(distanceRatio(cameraFromObject, perception.table.cameraFromWorld))) <
    Math.max(MAX_DISTANCE_LOG, MAX_DISTANCE_SDS * perception.table.scaleLogSd);

/** Cheaper than the tracking proper: which of a few hypotheses goes wrong shows all the same. */
const TRIAL = { poseCrop: 72, poseGaussians: 900, restarts: 0 } as const;

/** Where print leaves several ways to stand, the one with which the whole film is explained best; what never moves shows no more of itself. */
async function bestOverSequence(
  start: Start,
  track: (starts: readonly Start[], how: Partial<PoseOptions>) => Promise<Poses>,
): Promise<Start> {
  if (start.others.length === 0 || start.seen.motion === null) return start;
  let best = { start, loss: Number.POSITIVE_INFINITY };
  for (const tried of [start, ...start.others.map((way) => ({ ...start, ...way }))]) {
    const { frames } = (await track([tried], TRIAL)).objects[0];
    const loss = frames.reduce((sum, frame) => sum + frame.loss, 0) / frames.length;
    if (loss < best.loss) best = { start: tried, loss };
  }
  return best.start;
}

function modelOf(dataset: BopDataset, { seen, objId, found }: Start): ObjectModel {
  return {
    ...{ id: seen.id, name: `object ${objId}`, role: seen.role, family: 'given', hollow: false, symmetry: 'none' },
    sizeM: dataset.objects.get(objId)!.sizeM,
    gaussians: '',
    mesh: '',
    referenceFrame: seen.referenceFrame,
    cameraFromObject: found.cameraFromObject,
    fitIou: found.iou,
    confidence: found.iou,
  };
}
