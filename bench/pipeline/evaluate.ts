/** Scores what a run found against a fixture's truth, stage by stage. */

import { globalScale, type PosePair, type Symmetry } from '../../src/bop/score/align.js';
import { axisOf } from '../../src/math/se3.js';
import { dot, type Vec3 } from '../../src/math/vec3.js';
import { type EventScores, rolesRight, scoreEvents } from './events.js';
import type { FoundScene } from './found.js';
import { type AlignedTruth, alignTruth } from './frames.js';
import { matchObjects, scoreMasks } from './masks.js';
import { type PoseScores, type RelScores, scorePoses, scoreRelative } from './pose-errors.js';
import { compareShapes } from './shape.js';
import { DEG, meanOf } from './stats.js';
import { scoreTracks, type TrackScores } from './tracks.js';
import type { TrueScene } from './truth.js';

export interface ObjectScores {
  trueId: number;
  word: string;
  role: string;
  foundId: number | null;
  maskIou: number | null;
  /** Found over true size. */
  scaleRatio: number | null;
  shapeErrorPct: number | null;
  pose: Omit<PoseScores, 'foundFromTrue'> | null;
  /** With the global scale factored out. */
  poseScaled: Omit<PoseScores, 'foundFromTrue'> | null;
}

export interface FixtureScores {
  maskIouSource: number | null;
  maskIouTarget: number | null;
  maskIouHand: number | null;
  trackWithin4Px: number | null;
  focalErrorPct: number;
  tableNormalErrorDeg: number;
  scaleErrorPct: number | null;
  shapeErrorPct: number | null;
  poseErrorCm: number | null;
  poseErrorDeg: number | null;
  poseErrorScaledCm: number | null;
  relErrorCm: number | null;
  relErrorDeg: number | null;
  relErrorScaledCm: number | null;
  relEndErrorCm: number | null;
  eventErrorFrames: number | null;
  eventsFound: string;
  rolesRight: boolean;
  /** Factor on all found positions that fits the true ones best. */
  globalScale: number;
  tracks: TrackScores;
  objects: ObjectScores[];
  rel: RelScores | null;
  events: EventScores['each'];
}

/** What the symmetry of the truth file says, with a typed axis. */
export function symmetryOf(entry: TrueScene['truth']['objects'][number]['symmetry']): Symmetry {
  if (entry.kind === 'none') return { kind: 'none' };
  const axis: Vec3 = [entry.axis[0], entry.axis[1], entry.axis[2]];
  return entry.kind === 'axial' ? { kind: 'axial', axis } : { kind: 'cyclic', axis, count: entry.count };
}

export async function evaluate(scene: TrueScene, found: FoundScene): Promise<FixtureScores> {
  const { truth } = scene;
  const { trajectory } = found;
  const aligned = alignTruth(scene, found);
  const trueIds = truth.objects.map(({ id }) => id);
  const matches = await matchObjects(found, aligned, trueIds);
  const masks = await scoreMasks(found, aligned, trueIds, matches);
  const tracks = await scoreTracks(found, aligned, scene.meshes, matches);
  const scale = globalScale(posePairs(found, aligned, matches));
  const scored = truth.objects.map((object) => scoreObject(object, scene, found, aligned, matches, scale));
  const objects = scored.map(({ scores }) => ({ ...scores, maskIou: masks.objects.get(scores.trueId) ?? null }));
  const parts = ['source', 'target'] as const;
  const task = objects.filter(({ role }) => role === 'source' || role === 'target');
  const ofRole = (role: string): number | null => meanOf(objects.filter((o) => o.role === role).map((o) => o.maskIou));
  const events = scoreEvents(
    truth.events,
    truth.events.map(({ frame }) => nearestIndex(aligned.truthFrame, frame)),
    trajectory.events,
    matches,
  );
  const rel = relation(truth, found, aligned, scored, 1);
  const relScaled = relation(truth, found, aligned, scored, scale);
  return {
    maskIouSource: ofRole(parts[0]),
    maskIouTarget: ofRole(parts[1]),
    maskIouHand: masks.hand,
    trackWithin4Px: tracks.within?.[2] ?? null,
    focalErrorPct: 100 * Math.abs(trajectory.camera.fx / aligned.camera.fx - 1),
    tableNormalErrorDeg:
      DEG * tableTilt(trajectory.cameraFromWorld, truth.frames[aligned.truthFrame[0]].cameraFromWorld),
    scaleErrorPct: meanOf(task.map((o) => o.scaleRatio && 100 * Math.abs(o.scaleRatio - 1))),
    shapeErrorPct: meanOf(task.map((o) => o.shapeErrorPct)),
    poseErrorCm: meanOf(task.map((o) => o.pose?.errorCm)),
    poseErrorDeg: meanOf(task.map((o) => o.pose?.errorDeg)),
    poseErrorScaledCm: meanOf(task.map((o) => o.poseScaled?.errorCm)),
    relErrorCm: rel?.errorCm ?? null,
    relErrorDeg: rel?.errorDeg ?? null,
    relErrorScaledCm: relScaled?.errorCm ?? null,
    relEndErrorCm: rel?.endCm ?? null,
    eventErrorFrames: events.errorFrames,
    eventsFound: `${events.found}/${events.expected}`,
    rolesRight: rolesRight(truth.objects, trajectory.objects, matches),
    globalScale: scale,
    tracks,
    objects,
    rel,
    events: events.each,
  };
}

const tableTilt = (a: number[], b: number[]): number => Math.acos(Math.min(1, dot(axisOf(a, 2), axisOf(b, 2))));

const nearestIndex = (values: readonly number[], wanted: number): number =>
  values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);

function posePairs(found: FoundScene, aligned: AlignedTruth, matches: ReadonlyMap<number, number>): PosePair[] {
  return found.trajectory.objects.flatMap(({ id, cameraFromObject }) => {
    const trueId = matches.get(id);
    if (trueId === undefined) return [];
    const visible = aligned.visible.get(trueId)!;
    const poses = aligned.poses.get(trueId)!;
    return cameraFromObject.flatMap((pose, frame) =>
      pose && visible[frame] > 0 ? [{ frame, found: pose, truth: poses[frame] }] : [],
    );
  });
}

interface Scored {
  scores: ObjectScores;
  raw: PoseScores | null;
  scaled: PoseScores | null;
}

function scoreObject(
  object: TrueScene['truth']['objects'][number],
  scene: TrueScene,
  found: FoundScene,
  aligned: AlignedTruth,
  matches: ReadonlyMap<number, number>,
  scale: number,
): Scored {
  const foundId = [...matches].find(([, trueId]) => trueId === object.id)?.[0] ?? null;
  const entry = found.trajectory.objects.find(({ id }) => id === foundId);
  const mesh = foundId === null ? undefined : found.meshes.get(foundId);
  const hasPoses = entry?.cameraFromObject.some((pose) => pose !== null) ?? false;
  const score = (factor: number): PoseScores | null =>
    entry && hasPoses
      ? scorePoses(
          entry.cameraFromObject,
          aligned.poses.get(object.id)!,
          aligned.visible.get(object.id)!,
          symmetryOf(object.symmetry),
          factor,
        )
      : null;
  const raw = score(1);
  const scaled = score(scale);
  const shape = raw && mesh ? compareShapes(mesh, scene.meshes.get(object.id)!, raw.foundFromTrue) : null;
  return {
    scores: {
      trueId: object.id,
      word: object.word,
      role: object.role,
      foundId,
      maskIou: null,
      scaleRatio: shape?.scaleRatio ?? null,
      shapeErrorPct: shape ? 100 * shape.chamferShare : null,
      pose: withoutOffset(raw),
      poseScaled: withoutOffset(scaled),
    },
    raw,
    scaled,
  };
}

function withoutOffset(scores: PoseScores | null): Omit<PoseScores, 'foundFromTrue'> | null {
  if (!scores) return null;
  const { foundFromTrue: _, ...rest } = scores;
  return rest;
}

/** Whose relative motion is scored: the first pair of roles of which the skill recorded one. In a sweep that is the swept thing. */
const PAIRS = [
  ['source', 'target'],
  ['moved', 'target'],
  ['source', 'moved'],
] as const;

/** Of the motion the skill recorded for a pair; the longest one if there are several. */
function relation(
  truth: TrueScene['truth'],
  found: FoundScene,
  aligned: AlignedTruth,
  scored: readonly Scored[],
  factor: number,
): RelScores | null {
  const sideOf = (role: string) => {
    const object = truth.objects.find((candidate) => candidate.role === role);
    const match = scored.find(({ scores }) => scores.trueId === object?.id);
    const poses = factor === 1 ? match?.raw : match?.scaled;
    if (!object || !match || !poses) return null;
    return {
      foundId: match.scores.foundId,
      truth: aligned.poses.get(object.id)!,
      symmetry: symmetryOf(object.symmetry),
      foundFromTrue: poses.foundFromTrue,
    };
  };
  for (const [mover, other] of PAIRS) {
    const [source, target] = [sideOf(mover), sideOf(other)];
    if (!source || !target) continue;
    const motion = found.relativeMotions
      .filter(({ sourceId, targetId }) => sourceId === source.foundId && targetId === target.foundId)
      .sort((a, b) => b.targetFromSource.length - a.targetFromSource.length)[0];
    if (motion) return scoreRelative(motion.targetFromSource, motion.fromFrame, source, target, factor);
  }
  return null;
}
