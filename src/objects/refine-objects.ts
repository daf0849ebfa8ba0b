/**
 * The objects stage's second part: once it is roughly known where each object is, its shape is fitted to its outlines in several
 * frames at once, painted with the colours of every one of them, and its Gaussians are refined by the renderer's gradients.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { type ByteImage, createBytes, maskMoments, maskOf } from '../image/image.js';
import { distanceTo, maskWhere } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import { compose } from '../math/se3.js';
import { HAND_ID } from '../perceive/perception.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { SplatRenderer } from '../splat/renderer.js';
import type { BuiltObjects, ObjectInputs } from './build-objects.js';
import { freedFrom, freeWhereNeeded, needsHelp } from './choose-free.js';
import { cropAround, type MaskSample, sampleMask, sampleRgb } from './crop.js';
import { extentSpread, sizeSd } from './extent-spread.js';
import { bestFamily, type FamilyFit, type Look, objectFrame, outlines, WINDOW_MARGIN, weightOf } from './family-fit.js';
import { type FinishedObject, type FittedObject, type FurtherView, finishObject } from './finish-object.js';
import type { ObjectModel } from './object-model.js';
import type { ObjectOptions } from './options.js';
import { type RefineView, refineGaussians } from './refine-gaussians.js';
import { chooseViews, MIN_TRUST, type PosedFrame } from './refine-views.js';
import { gatherRestView } from './rest-view.js';
import { shapeWishFor } from './shape-wish.js';

/** Longer side of the windows in which Gaussians are compared, pixels: frames show no more of a small thing, and more costs time. */
const LARGEST_WINDOW_PX = 128;
/**
 * A shape that agrees less with its own rest has a bad mask there: fitting it and its Gaussians to such masks makes things worse (a lid
 * whose mask lacks a notch was then followed three times worse).
 */
const SOUND_IOU = 0.93;
/** Pixels covered less than this, and those up to so far outside of the mask, belong to the outline. */
const INNER = 0.9;
const OUTLINE_PX = 2;
/** Frames below this trust do not speak for the free shape: it may only be taken if it explains frames it was not fitted to. */
const FREE_TRUST = 0.5;
/** The frame that the shape was taken from is never passed over. */
const LEAST_TRUST = 0.2;
/** Frames of another rest that are combined, as in the first one. */
const COMBINED_FRAMES = 3;

/** `posed`: by object id, the frames in which its pose is known; objects without any keep their shape and are refined in their rest alone. */
export async function refineObjects(
  built: BuiltObjects,
  inputs: ObjectInputs,
  posed: ReadonlyMap<number, readonly PosedFrame[]>,
  options: ObjectOptions,
  ctx: StageContext,
): Promise<BuiltObjects> {
  const renderer = await createRenderer();
  const models: ObjectModel[] = [];
  const gaussians = new Map(built.gaussians);
  const meshes = new Map(built.meshes);
  for (const [k, model] of built.objects.objects.entries()) {
    throwIfCancelled(ctx);
    ctx.progress(k, built.objects.objects.length, `${model.name}, refined`);
    const fitted = built.fitted?.get(model.id);
    if (!fitted || fitted.placed) {
      models.push(model);
      continue;
    }
    const seen = await seenFrom(model, fitted, inputs, posed.get(model.id) ?? [], options);
    if (seen.looks.length === 1) {
      models.push(withSpread(model, fitted, seen.looks, inputs, options));
      continue;
    }
    const refined = refineObject(model, fitted, seen, inputs, options, renderer, ctx);
    models.push(refined.model);
    gaussians.set(model.id, refined.gaussians);
    meshes.set(model.id, refined.mesh);
  }
  return { ...built, objects: { ...built.objects, objects: models }, gaussians, meshes };
}

/** The frames that an object is refined with, and the shape that fits them best. */
interface Seen {
  readonly looks: readonly Look[];
  readonly family: FamilyFit;
}

async function seenFrom(
  model: ObjectModel,
  fitted: FittedObject,
  inputs: ObjectInputs,
  posed: readonly PosedFrame[],
  options: ObjectOptions,
): Promise<Seen> {
  const { id } = model;
  const { fit } = fitted;
  const wish = shapeWishFor(options.shape, model);
  const seenIn = async (frames: readonly PosedFrame[], minTrust: number): Promise<Seen> => {
    const looks = await looksOf(model, fitted, inputs, frames, options, minTrust);
    return { looks, family: bestFamily(id, fit.origin ?? fit, fit, looks, inputs.perception, options) };
  };
  const { cameraFromWorld } = inputs.perception.table;
  if (wish === 'free') {
    const seen = await seenIn(posed, FREE_TRUST);
    const free = seen.looks.length > 1 ? freedFrom(seen.family, cameraFromWorld) : null;
    return { ...seen, family: free ?? seen.family };
  }
  const trusted = await seenIn(fit.iou >= SOUND_IOU ? posed : [], MIN_TRUST);
  if (wish !== 'auto' || !(needsHelp(fit) || needsHelp(trusted.family.fit))) return trusted;
  const seen = await seenIn(posed, FREE_TRUST);
  const free = freeWhereNeeded(seen.family, cameraFromWorld);
  return free === null ? trusted : { ...seen, family: free };
}

/** The object as it is; how well its size is known is said. */
function withSpread(
  model: ObjectModel,
  fitted: FittedObject,
  looks: readonly Look[],
  { perception }: ObjectInputs,
  options: ObjectOptions,
): ObjectModel {
  const { cameraFromWorld, scaleLogSd } = perception.table;
  const spread = extentSpread(
    fitted.fit.mesh,
    outlines(model.id, fitted.fit, fitted.fit, looks, perception, options),
    cameraFromWorld,
  );
  return { ...model, sizeSdM: sizeSd(model.sizeM, scaleLogSd, spread) };
}

/** The reference first. */
async function looksOf(
  model: ObjectModel,
  fitted: FittedObject,
  { frames, readMask }: ObjectInputs,
  posed: readonly PosedFrame[],
  options: ObjectOptions,
  minTrust: number,
): Promise<Look[]> {
  const { referenceFrame: frameIdx, cameraFromObject } = model;
  // What the first look says of the reference: its mask may be worse than that of a later rest.
  const trust = posed.find((frame) => frame.frameIdx === frameIdx)?.trust ?? 1;
  const first: PosedFrame = { frameIdx, cameraFromObject, isResting: true, trust: Math.max(LEAST_TRUST, trust) };
  const [, ...others] = chooseViews(first, posed, options.refineViews, minTrust);
  const looks: Look[] = [{ frame: first, view: fitted.view }];
  for (const frame of others) {
    const same = frame.isResting ? posed.filter((other) => isSamePose(other, frame)) : [];
    const spread = same.filter((_, k) => k % Math.ceil(same.length / COMBINED_FRAMES) === 0 && same[k] !== frame);
    const frameIdxs = [frame.frameIdx, ...spread.map((other) => other.frameIdx)];
    const view = frame.isResting
      ? await gatherRestView(model.id, frameIdxs, frames, readMask)
      : { ...ownMask(await readMask(frame.frameIdx), model.id), rgb: await frames.read(frame.frameIdx) };
    if (maskMoments(view.mask) !== null) looks.push({ frame, view });
  }
  return looks;
}

const isSamePose = (a: PosedFrame, b: PosedFrame): boolean =>
  a.isResting && a.cameraFromObject.every((v, k) => Math.abs(v - b.cameraFromObject[k]) < 1e-9);

/** Foreign ids count as covering: what is behind them is unknown. */
function ownMask(idMap: ByteImage, id: number): { idMap: ByteImage; mask: ByteImage } {
  const known = idMap.data.map((value) => (value === id || value === 0 ? value : HAND_ID));
  return { idMap: createBytes(idMap.widthPx, idMap.heightPx, known), mask: maskOf(idMap, id) };
}

function refineObject(
  model: ObjectModel,
  fitted: FittedObject,
  { looks, family }: Seen,
  { perception }: ObjectInputs,
  options: ObjectOptions,
  renderer: SplatRenderer,
  ctx: StageContext,
): FinishedObject {
  const { camera } = perception;
  const { cameraFromWorld, scaleLogSd } = perception.table;
  const { fit, outline, placed } = family;
  const spread = extentSpread(outline, placed, cameraFromWorld);
  const further = looks.slice(1).map(({ frame, view }, k): FurtherView => {
    const { cameraFromMesh } = placed[k + 1];
    return {
      rgb: view.rgb,
      mask: view.mask,
      camera,
      cameraFromMesh,
      trust: weightOf(frame) / weightOf(looks[0].frame),
    };
  });
  const quiet = { random: ctx.random, warn: () => {} };
  const given = { camera, cameraFromWorld, scaleLogSd, options, renderer };
  const finished = finishObject({ ...fitted, fit, spread }, further, given, quiet);
  const meshFromObject = objectFrame(fit.mesh);
  const views = looks.flatMap(({ frame, view }, k): RefineView[] => {
    const pose = k === 0 ? finished.model.cameraFromObject : compose(further[k - 1].cameraFromMesh, meshFromObject);
    const box = maskMoments(view.mask)?.box;
    if (!box || !finished.agreeing[k]) return [];
    const longer = Math.max(box.x1 - box.x0, box.y1 - box.y0) * (1 + 2 * WINDOW_MARGIN);
    const crop = cropAround(camera, box, WINDOW_MARGIN, Math.min(LARGEST_WINDOW_PX, longer));
    return [
      {
        camera: crop.camera,
        cameraFromObject: pose,
        rgb: sampleRgb(view.rgb, crop),
        mask: withoutOutline(sampleMask(view.idMap, model.id, crop, 2), crop.camera),
        weight: weightOf(frame),
        isPinned: k === 0,
      },
    ];
  });
  // One rest was painted and sharpened already, and the faults of its mask are not to become the object's: a block then turned wrong.
  if (views.length < 2) return finished;
  const sizeM = Math.max(...finished.model.sizeM);
  return { ...finished, gaussians: refineGaussians(finished.gaussians, views, sizeM, options.refineSteps, renderer) };
}

/**
 * Discs reach over the true outline by some pixels' share, all alike, and who follows the drawing reckons with it: what lies there says
 * nothing about any one of them.
 */
function withoutOutline({ inside, care }: MaskSample, { widthPx, heightPx }: Intrinsics): MaskSample {
  const nearOutside = distanceTo(
    maskWhere(inside, (v) => v > 0),
    widthPx,
    heightPx,
  );
  const isClear = (i: number): boolean => inside[i] >= INNER || nearOutside[i] > OUTLINE_PX;
  return { inside, care: care.map((v, i) => (isClear(i) ? v : 0)) };
}
