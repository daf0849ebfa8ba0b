/**
 * The first poses of a film's objects set onto its table: each object apart, its mask believed. Where a model does not fill its mask, also all
 * together, masks taken for parts; what leaves less of the pictures unexplained is kept.
 */
import type { StageContext } from '../../base/context.js';
import { axisOf, inverse, type Mat4, rotationAngleBetween } from '../../math/se3.js';
import { dot } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import type { TriangleMesh } from '../../objects/object-model.js';
import { framesOfRest } from '../../objects/rest-view.js';
import type { PerceivedObject, Perception } from '../../perceive/perception.js';
import { type Refined, refinePose } from '../../pose/adam.js';
import type { TrackedObject } from '../../pose/objective.js';
import { boxOfId, type FrameEvidence, type Observation, observe } from '../../pose/observation.js';
import type { PoseOptions } from '../../pose/options.js';
import type { GaussianSet } from '../../splat/gaussians.js';
import type { Sequence } from '../dataset/sequence.js';
import { unexplainedShare } from './explain.js';
import { scaleToMesh } from './find-pose.js';
import { matchColours } from './match-colours.js';
import { nearTurns, tellByPrint } from './near-turns.js';
import { preparedModel } from './prepared-model.js';
import { settleTogether, type Unsettled } from './settle-together.js';
import { distanceCost, searchStanding, wideView } from './stand-search.js';
import { AMBIGUOUS_COST, type Fitting, SAME_RAD, waysToStand } from './standing-turn.js';
import { type Rest, setOnTable, tableUnder } from './table-under.js';

/** A mask with the model that it shows and where that is in the mask's reference frame. */
export interface Start {
  readonly seen: PerceivedObject;
  readonly objId: number;
  readonly set: GaussianSet;
  readonly mesh: TriangleMesh;
  /** The finer mesh with its colours. */
  readonly looks: ColouredMesh;
  readonly found: Refined;
  /** At which the model is drawn with the outline of its mesh. */
  readonly scale: number;
  /** Other ways to stand that look about the same there, each with the model in its own light. */
  readonly others: readonly Pick<Start, 'found' | 'set'>[];
}

/** Adam steps of an object that slides and turns on the table. */
const SETTLE_STEPS = 40;
/** Window in which print is compared: about the pixels of the films. */
const FINE_WINDOW_PX = 160;
/** Window in which objects are settled together, with as many Gaussians. */
const TOGETHER = { windowPx: 96, poseGaussians: 900 } as const;
/** Frames of its rest in which an object's print is looked at: light, hands and masks differ. */
const PRINT_FRAMES = 3;
/** Frames of it that are averaged for what differs between turns that look alike. */
const STAIN_FRAMES = 6;
/** So many ambiguous ways to stand are tried over the whole sequence. */
const MAX_TRIED = 3;
/** A model that agrees less than this with a mask does not fill it: only then is the mask doubted. */
const WHOLE_IOU = 0.85;
/** Masks are mostly right: they are taken for parts when that explains this much more per object. */
const TOGETHER_GAIN = 0.03;

interface Inputs {
  readonly sequence: Sequence;
  readonly pose: PoseOptions;
  evidenceOf(frameIdx: number): Promise<FrameEvidence>;
}

interface Placed {
  readonly table: Perception['table'];
  readonly poses: readonly Mat4[];
  /** Whether masks are believed. */
  readonly fitting: Fitting;
}

/** Starts on their table, with the models' colours brought to the film. */
export async function settled(
  starts: readonly Start[],
  inputs: Inputs,
  ctx: Pick<StageContext, 'random'>,
): Promise<{ starts: Start[]; table: Perception['table'] }> {
  const { sequence, pose, evidenceOf } = inputs;
  const { camera } = sequence;
  const apart = await settleApart(starts, inputs);
  const isDoubtful = pose.de && starts.some(({ found }) => found.iou < WHOLE_IOU);
  const { table, poses, fitting } = isDoubtful ? await betterTogether(starts, apart, inputs, ctx) : apart;
  const worldFromCamera = inverse(table.cameraFromWorld);
  const out: Start[] = [];
  for (const [i, start] of starts.entries()) {
    const evidence = await evidenceOf(start.seen.referenceFrame);
    const object = { ...(await preparedModel(start.seen.id, start.set, pose)), worldFromCamera, scale: start.scale };
    const scale =
      fitting === 'picture' ? scaleToMesh(object, start.mesh, poses[i], evidence, camera, pose.poseCrop) : start.scale;
    const ways = pose.de
      ? await waysOf({ ...start, scale }, poses[i], fitting, table.cameraFromWorld, inputs)
      : [poses[i]];
    const [best, ...others] = ways.map((cameraFromObject) => ({
      found: { ...start.found, cameraFromObject },
      set: matchColours({ ...object, scale }, start.set, cameraFromObject, evidence, camera),
    }));
    object.set.dispose();
    out.push({ ...start, ...best, scale, others });
  }
  return { starts: out, table };
}

/** The table under what was found, and what stands on it set onto it. */
async function settleApart(starts: readonly Start[], { sequence, pose, evidenceOf }: Inputs): Promise<Placed> {
  const rests: Rest[] = [];
  for (const { seen, mesh, found } of starts) {
    const { data } = (await evidenceOf(seen.referenceFrame)).idMap;
    const areaPx = data.reduce((sum, id) => sum + (id === seen.id ? 1 : 0), 0);
    rests.push({ mesh, cameraFromObject: found.cameraFromObject, iou: found.iou, areaPx });
  }
  const table = tableUnder(sequence.perception, rests);
  const worldFromCamera = inverse(table.cameraFromWorld);
  const poses: Mat4[] = [];
  for (const [i, { seen, set, scale, found }] of starts.entries()) {
    const evidence = await evidenceOf(seen.referenceFrame);
    const standing = setOnTable(rests[i], table.cameraFromWorld);
    const box = boxOfId(evidence.idMap, seen.id);
    if (standing && box) {
      const object = { ...(await preparedModel(seen.id, set, pose)), worldFromCamera, scale };
      const view = { observation: observe(evidence, seen.id, sequence.camera, box, pose.poseCrop), tracks: null };
      const slid = refinePose(object, standing, [view], { steps: SETTLE_STEPS, freedom: 'on-table' });
      object.set.dispose();
      poses.push(slid.cameraFromObject);
    } else poses.push(found.cameraFromObject);
  }
  return { table, poses, fitting: 'mask' };
}

/** `apart`, or all objects set onto one table together where that explains clearly more of the pictures. */
async function betterTogether(
  starts: readonly Start[],
  apart: Placed,
  { sequence, pose, evidenceOf }: Inputs,
  ctx: Pick<StageContext, 'random'>,
): Promise<Placed> {
  const { camera, perception } = sequence;
  const perceived = perception.table.cameraFromWorld;
  const things: Unsettled[] = [];
  let costApart =
    starts.length *
    distanceCost(Math.log(heightOf(apart.table.cameraFromWorld) / heightOf(perceived)), perception.table.scaleLogSd);
  for (const [i, { seen, set, mesh, scale, found }] of starts.entries()) {
    const evidence = await evidenceOf(seen.referenceFrame);
    const box = boxOfId(evidence.idMap, seen.id);
    if (box === null) return apart;
    const coarse = { ...pose, poseGaussians: TOGETHER.poseGaussians };
    const rough: TrackedObject = { ...(await preparedModel(seen.id, set, coarse)), scale };
    const fits = searchStanding(rough, evidence, camera, box, perception.table, ctx.random(`stand-${seen.id}`));
    const candidates = [...fits.map(({ cameraFromObject }) => cameraFromObject), found.cameraFromObject];
    const own = scaleToMesh({ ...rough, scale: 1 }, mesh, candidates[0], evidence, camera, TOGETHER.windowPx);
    const object = { ...rough, scale: own };
    const view = wideView(object, evidence, camera, box, perceived, TOGETHER.windowPx);
    costApart += unexplainedShare(object, apart.poses[i], [view]);
    things.push({ object, mesh, view, candidates });
  }
  const together = settleTogether(things, perception.table);
  for (const { object } of things) object.set.dispose();
  if (together.cost > costApart - TOGETHER_GAIN * starts.length) return apart;
  return {
    table: { ...perception.table, cameraFromWorld: together.cameraFromWorld, scaleSource: 'models', scaleLogSd: 0.03 },
    poses: together.fits.map((fit, i) => fit?.cameraFromObject ?? apart.poses[i]),
    fitting: 'picture',
  };
}

/** Distance of the table along its normal, metres. */
function heightOf(cameraFromWorld: Mat4): number {
  return Math.abs(dot(axisOf(cameraFromWorld, 2), [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]]));
}

/** How the object may stand there: the best way, and others that its print does not tell from it. */
async function waysOf(
  { seen, set, mesh, looks, scale }: Start,
  pose: Mat4,
  fitting: Fitting,
  cameraFromWorld: Mat4,
  { sequence, pose: options, evidenceOf }: Inputs,
): Promise<Mat4[]> {
  const { camera, perception } = sequence;
  const fine = await preparedModel(seen.id, set, { ...options, poseGaussians: set.count });
  const drawn = { ...fine, worldFromCamera: inverse(cameraFromWorld), scale };
  const framesAt = (count: number): Promise<FrameEvidence[]> =>
    Promise.all(framesOfRest(seen, perception.numFrames, count).map(evidenceOf));
  const views: Observation[] = [];
  for (const evidence of await framesAt(PRINT_FRAMES)) {
    const box = boxOfId(evidence.idMap, seen.id);
    if (box === null) continue;
    views.push(
      fitting === 'mask'
        ? observe(evidence, seen.id, camera, box, FINE_WINDOW_PX)
        : wideView(fine, evidence, camera, box, cameraFromWorld, FINE_WINDOW_PX),
    );
  }
  if (views.length === 0) return [pose];
  const found = waysToStand(drawn, mesh, pose, views, cameraFromWorld, fitting);
  const ways = found
    .filter(({ cost }) => cost <= found[0].cost + AMBIGUOUS_COST)
    .slice(0, MAX_TRIED)
    .map(({ cameraFromObject }) => cameraFromObject);
  const alike = nearTurns(drawn, ways[0], camera);
  const told = alike[tellByPrint(looks, drawn, alike, await framesAt(STAIN_FRAMES), camera)];
  fine.set.dispose();
  const isOther = (way: Mat4): boolean => alike.every((turned) => rotationAngleBetween(turned, way) > SAME_RAD);
  return [told, ...ways.slice(1).filter(isOther)];
}
