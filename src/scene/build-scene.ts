/** The scene stage: the empty picture, its depth, the robot's place and the workspace. */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import type { ByteImage, FloatImage, RgbImage } from '../image/image.js';
import { inpaint } from '../image/inpaint.js';
import { dilate } from '../image/morphology.js';
import { identity } from '../math/se3.js';
import type { ObjectModel, TriangleMesh } from '../objects/object-model.js';
import { rasterizeMesh } from '../objects/rasterize.js';
import { stabilisedFrames } from '../perceive/clip.js';
import { HAND_ID, type Perception } from '../perceive/perception.js';
import type { Poses } from '../pose/poses.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Skill } from '../skill/skill.js';
import type { FrameSource } from '../video/frames.js';
import { type BasePlacement, placeBase } from './base-placement.js';
import { occupiedPlaces } from './occupied.js';
import type { SceneOptions } from './options.js';
import type { Scene } from './scene.js';
import { withShadows } from './shadow.js';
import { tableDepth } from './table-depth.js';
import { tableEdges } from './table-edge.js';
import { temporalBackground } from './temporal-background.js';
import { findWorkArea, taskObjectIds, type WorkArea } from './work-area.js';
import { findWorkspace, reachShareIn } from './workspace.js';

export interface SceneInputs {
  readonly robot: RobotModel;
  /** The decoded frames, not stabilised. */
  readonly frames: FrameSource;
  readonly perception: Perception;
  /** Id map of a frame (see `perception.ts`). */
  readMask(frameIdx: number): Promise<ByteImage>;
  /** What perception saw behind everything that moved; stands in where no frame and no patch can be had. */
  readonly plate: RgbImage;
  readonly objects: readonly ObjectModel[];
  readonly poses: Poses;
  readonly skill: Skill;
  readonly meshes: ReadonlyMap<number, TriangleMesh>;
}

export interface BuiltScene {
  readonly scene: Scene;
  readonly background: RgbImage;
  /** z-depth of the background, metres, 0 = far. */
  readonly depth: FloatImage;
}

/** Mask edges at holes are uncertain: holes are widened by this share of the width before they are filled. */
const HOLE_EDGE_SHARE = 0.01;
/** More hole than this and the background is mostly invented. */
const LARGE_HOLE_SHARE = 0.25;
const REACH_SAMPLES = 60;
/** Above this the size of everything, and with it what the robot reaches, is a guess: 15 %. */
const UNSURE_SCALE_LOG_SD = 0.15;
const GOOD_REACH = 0.9;

export async function buildScene(inputs: SceneInputs, options: SceneOptions, ctx: StageContext): Promise<BuiltScene> {
  const { perception, objects, meshes, poses, skill, robot } = inputs;
  const { background, holeShare } = await emptyPicture(inputs, options, ctx);
  throwIfCancelled(ctx);
  const { cameraFromWorld } = perception.table;
  const work = findWorkArea(objects, meshes, poses, skill);
  const depth = tableDepth(perception.camera, cameraFromWorld, options.tableDepth);
  drawPassive(depth, inputs);

  ctx.progress(0, 1, 'robot base');
  const candidates = placeBase(robot, work, perception.camera, cameraFromWorld, {
    distanceM: options.baseDistance,
    azimuthRad: options.baseAzimuth === null ? null : (options.baseAzimuth * Math.PI) / 180,
  });
  const base = candidates[0];
  const worldFromBase = base?.worldFromBase ?? identity();
  const { polygon, notes } = findWorkspace(robot, worldFromBase, work, perception.camera, cameraFromWorld, {
    workRadiusM: options.workRadius,
    tableDepthM: options.tableDepth,
    tableEdges: tableEdges(
      background,
      perception.camera,
      cameraFromWorld,
      work.centre,
      work.radiusM + options.workRadius,
    ),
  });
  const reachShare = base ? reachShareIn(robot, worldFromBase, polygon, REACH_SAMPLES, ctx.random('reach')) : 0;
  const scene: Scene = {
    kind: 'v2r/scene',
    version: 1,
    camera: intrinsicsOf(perception),
    cameraFromWorld,
    robot: robot.name,
    worldFromBase,
    workspace: polygon,
    occupied: occupiedPlaces(background, perception.camera, cameraFromWorld, polygon, work.taskObjects),
    reachShare,
    scaleLogSd: perception.table.scaleLogSd,
    finding: findingOf(base, work, reachShare, holeShare, perception, notes),
  };
  warnAbout(base, scene, holeShare, ctx);
  return { scene, background, depth };
}

function intrinsicsOf({ camera }: Perception): Scene['camera'] {
  const { widthPx, heightPx, fx, fy, cx, cy } = camera;
  return { widthPx, heightPx, fx, fy, cx, cy };
}

/** The video's picture without the hand and without anything that episodes draw themselves. */
async function emptyPicture(
  { frames, perception, readMask, plate, skill }: SceneInputs,
  options: SceneOptions,
  ctx: StageContext,
): Promise<{ background: RgbImage; holeShare: number }> {
  const removed = taskObjectIds(skill);
  for (const object of perception.objects) if (object.motion !== null) removed.add(object.id);
  removed.add(HAND_ID);
  const seen = await temporalBackground(
    stabilisedFrames(frames, perception.frameFromReference),
    readMask,
    (id) => removed.has(id),
    options.backgroundFrames,
    (done, total) => {
      throwIfCancelled(ctx);
      ctx.progress(done, total, 'background');
    },
  );
  const { widthPx, heightPx } = seen.image;
  const edge = Math.max(2, Math.round(HOLE_EDGE_SHARE * widthPx));
  const hole = withShadows(seen.image, dilate(seen.hole, widthPx, heightPx, edge));
  const holeShare = hole.reduce((sum, v) => sum + v, 0) / hole.length;
  if (holeShare === 1) return { background: plate, holeShare };
  ctx.progress(1, 1, 'filling holes');
  return { background: inpaint(seen.image, hole, ctx.random('inpaint')), holeShare };
}

/** Things that stay in the picture also keep their depth, so that the arm goes behind them where it should. */
function drawPassive(depth: FloatImage, { perception, objects, poses, skill, meshes }: SceneInputs): void {
  const task = taskObjectIds(skill);
  const buffer = { widthPx: depth.widthPx, heightPx: depth.heightPx, depthM: depth.data };
  for (const model of objects) {
    const moved = perception.objects.find((o) => o.id === model.id)?.motion ?? null;
    const mesh = meshes.get(model.id);
    if (task.has(model.id) || moved !== null || !mesh) continue;
    const frames = poses.objects.find((o) => o.id === model.id)?.frames ?? [];
    const pose = frames.find((f) => f.cameraFromObject !== null)?.cameraFromObject ?? model.cameraFromObject;
    rasterizeMesh(mesh, pose, perception.camera, buffer, true);
  }
}

function findingOf(
  base: BasePlacement | undefined,
  work: WorkArea,
  reachShare: number,
  holeShare: number,
  perception: Perception,
  notes: readonly string[],
): string {
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const sentences: string[] = [];
  if (base) {
    const { worldFromBase: m } = base;
    const away = Math.hypot(m[3] - work.centre[0], m[7] - work.centre[1]);
    const seen = base.inPictureShare > 0 ? 'partly in the picture' : 'outside of the picture';
    sentences.push(
      `The robot stands ${away.toFixed(2)} m from the middle of the work area, ${seen}, and reaches ${percent(reachShare)} of the sampled hand poses in the workspace.`,
    );
  } else
    sentences.push(
      'No place was found for the robot: everywhere it would stand on an object, at the camera or out of reach.',
    );
  if (holeShare > 0) sentences.push(`${percent(holeShare)} of the background was never seen free and is filled in.`);
  const { scaleLogSd } = perception.table;
  if (scaleLogSd > UNSURE_SCALE_LOG_SD) {
    sentences.push(`Lengths are known to about ${percent(scaleLogSd)} only: what the arm reaches is as uncertain.`);
  }
  return [...sentences, ...notes.map((n) => `${n[0].toUpperCase()}${n.slice(1)}.`)].join(' ');
}

function warnAbout(base: BasePlacement | undefined, scene: Scene, holeShare: number, ctx: StageContext): void {
  if (!base)
    ctx.warn('no-base', 'no place for the robot: everywhere around the objects is taken, or too far for this arm');
  else if (scene.workspace.length === 0) ctx.warn('no-workspace', 'no part of the table is in view and in reach');
  else if (scene.reachShare < GOOD_REACH) {
    const share = Math.round(scene.reachShare * 100);
    ctx.warn('poor-reach', `the arm reaches only ${share} % of the workspace: expect more rejected episodes`);
  }
  if (base && base.blockedShare > 0) {
    const share = Math.round(base.blockedShare * 100);
    ctx.warn('arm-in-sight', `the arm may hide the objects: ${share} % of the lines of sight pass through it`);
  }
  if (holeShare > LARGE_HOLE_SHARE) {
    const share = Math.round(holeShare * 100);
    ctx.warn('background-invented', `${share} % of the background was never seen and is filled in with patches`);
  }
}
