/**
 * The skill stage: from the paths of all objects to who did what to whom and when. Object motion alone is used; when it begins and ends is
 * told by the picture where it shows it.
 */
import type { StageContext } from '../base/context.js';
import { inverse, translationOf } from '../math/se3.js';
import type { ObjectModel, TriangleMesh } from '../objects/object-model.js';
import type { ObjectRole, Perception } from '../perceive/perception.js';
import type { Poses } from '../pose/poses.js';
import { type Actor, createActor, isSupported } from './actor.js';
import { anchorRests } from './anchor.js';
import { type Drive, driveKind, findDrives, sweepTask } from './driven.js';
import { followPusher } from './hidden-push.js';
import { describeJourney, type Journey, journeyConfidence, type Task } from './journey.js';
import { findCarries } from './motion.js';
import type { SkillOptions } from './options.js';
import { relativeMotions } from './relative-motion.js';
import type { RestShift } from './rest-shift.js';
import { distinctNames, instructionOf } from './sentence.js';
import { ShapeField } from './shape-field.js';
import type { RelativeMotion, Skill, SkillEvent, SkillSegment, TaskWord } from './skill.js';
import { findTasks } from './tasks.js';
import { buildTrajectory, type Trajectory } from './trajectory.js';

export interface SkillInputs {
  readonly perception: Perception;
  readonly objects: readonly ObjectModel[];
  /** Mesh of every object by id, object frame, metres. */
  readonly meshes: ReadonlyMap<number, TriangleMesh>;
  readonly poses: Poses;
  /** What the picture says about the ends of rests, by object. */
  readonly restShifts?: ReadonlyMap<number, readonly RestShift[]>;
}

/** Turning in place by this much counts as motion even without travel, radians. */
const MIN_TURN_RAD = 0.6;
/** Length of the release segment: the time in which fingers open, seconds. */
const RELEASE_SEC = 0.3;

export function parseSkill(inputs: SkillInputs, options: SkillOptions, ctx: StageContext): Skill {
  const { perception, poses } = inputs;
  if (!perception.manipulated) return emptySkill(poses.fps, perception.finding);
  const actors = withHiddenPushes(anchored(makeActors(inputs, ctx), poses, ctx), poses.fps, options);
  const journeys = trusted(findJourneys(actors, poses.fps, options), options.minConfidence, ctx);
  if (journeys.length === 0) {
    const names = actors.map((a) => a.name).join(', ') || 'no object';
    const way = Math.round(options.minTravel * 1000);
    return emptySkill(
      poses.fps,
      `Nothing is moved: of ${names}, none travels more than ${way} mm or stands out of its pose noise.`,
    );
  }
  const drives = findDrives(journeys, options);
  const steps = journeys
    .filter((journey) => !drives.some((d) => d.driven === journey))
    .flatMap((journey) => tasksOf(journey, actors, drives, poses.fps, options).map((task) => ({ journey, task })));
  return assemble(steps, journeys, drives, actors, poses, options, ctx);
}

function makeActors(inputs: SkillInputs, ctx: StageContext): Actor[] {
  const { perception, objects, meshes, poses, restShifts } = inputs;
  const usable: { model: ObjectModel; track: Trajectory; mesh: TriangleMesh; xM: number }[] = [];
  for (const model of objects) {
    const built = buildTrajectory(model, poses);
    const shifts = restShifts?.get(model.id);
    const track = built && shifts ? { ...built, restShifts: shifts } : built;
    const mesh = meshes.get(model.id);
    if (track && mesh) usable.push({ model, track, mesh, xM: track.worldFromObject[0][3] });
    else ctx.warn('object-without-pose', `${model.name} (object ${model.id}) was tracked in no frame and is left out`);
  }
  const names = distinctNames(usable);
  return usable.map(({ model, track, mesh }, i) => {
    ctx.progress(i, usable.length, `shape of ${model.name}`);
    const field = new ShapeField(mesh, ctx.random(`surface-${model.id}`));
    const isSeenToMove = perception.objects.some(({ id, motion }) => id === model.id && motion !== null);
    return createActor(model, names.get(model.id)!, track, field, isSeenToMove);
  });
}

/** Objects whose rests in the air are brought down to what must hold them; those that need no help hold the others. */
function anchored(actors: readonly Actor[], poses: Poses, ctx: StageContext): Actor[] {
  const cameraInWorld = translationOf(inverse(poses.cameraFromWorld));
  return actors.map((actor) => {
    const result = anchorRests(actor, actors, cameraInWorld, poses.fps);
    for (const note of result.notes) ctx.warn('rest-in-the-air', note);
    return result.actor;
  });
}

/** Things that hide behind what pushes them are led by it, where it then proves to be pushing them. */
function withHiddenPushes(actors: readonly Actor[], fps: number, options: SkillOptions): readonly Actor[] {
  const journeys = findJourneys(actors, fps, options);
  return actors.map((actor) => {
    for (const driven of journeys.filter((j) => j.actor === actor)) {
      for (const driver of journeys.filter((j) => j.actor !== actor)) {
        const led = followPusher(driver, driven);
        if (!led) continue;
        const others = actors.map((a) => (a === actor ? led : a));
        const own = findJourneys(others, fps, options).filter((j) => j.actor === led);
        if (own.some((journey) => driveKind(driver, journey, options) === 'pushed')) return led;
      }
    }
    return actor;
  });
}

/** All journeys of all objects, by time. */
function findJourneys(actors: readonly Actor[], fps: number, options: SkillOptions): Journey[] {
  return actors
    .flatMap((actor) =>
      findCarries(actor.track, {
        fps,
        minTravelM: options.minTravel,
        minTurnRad: MIN_TURN_RAD,
        minRestSec: options.minRest,
        isSupported: (frame) => isSupported(actor, actors, frame),
      }).map((carry) => describeJourney(actor, carry)),
    )
    .sort((a, b) => a.carry.fromFrame - b.carry.fromFrame || a.actor.id - b.actor.id);
}

/** Leaves out motions that are probably tracking errors, unless that would leave none. */
function trusted(journeys: readonly Journey[], minConfidence: number, ctx: StageContext): Journey[] {
  const good = journeys.filter((j) => journeyConfidence(j) >= minConfidence);
  if (good.length === 0) return [...journeys];
  for (const j of journeys) {
    if (good.includes(j)) continue;
    ctx.warn(
      'motion-left-out',
      `a motion of ${j.actor.name} (frames ${j.carry.fromFrame} to ${j.carry.toFrame}, ${Math.round(j.carry.travelM * 100)} cm) is left out: confidence ${journeyConfidence(j).toFixed(2)}, ${Math.round(j.carry.observedShare * 100)} % of it was seen`,
    );
  }
  return good;
}

function tasksOf(
  journey: Journey,
  actors: readonly Actor[],
  drives: readonly Drive[],
  fps: number,
  options: SkillOptions,
): Task[] {
  const own = drives.filter((d) => d.driver === journey);
  const alongIds = own.map((d) => d.driven.actor.id);
  const others = actors.filter((a) => a.id !== journey.actor.id && !alongIds.includes(a.id));
  const pushed = own.filter((d) => d.kind === 'pushed').map((d) => d.driven);
  if (pushed.length === 0) {
    const carried = own.map((d) => d.driven.actor);
    return findTasks(journey, others, fps, options).map((task) => ({ ...task, driven: carried }));
  }
  const sweep = sweepTask(journey, pushed, others, options);
  const ending = findTasks(journey, others, fps, options).at(-1)!;
  if (!ending.endsAtRest || journey.carry.toFrame <= sweep.toFrame) return [sweep];
  return [sweep, { ...ending, fromFrame: Math.max(ending.fromFrame, sweep.toFrame) }];
}

interface Step {
  readonly journey: Journey;
  readonly task: Task;
}

function assemble(
  steps: readonly Step[],
  journeys: readonly Journey[],
  drives: readonly Drive[],
  actors: readonly Actor[],
  poses: Poses,
  options: SkillOptions,
  ctx: StageContext,
): Skill {
  const motions: RelativeMotion[] = [];
  for (const { journey, task } of steps) {
    const report = relativeMotions(journey, task, journeys, poses.fps, options);
    motions.push(...report.motions);
    if (report.note) ctx.warn('contact-correction', report.note);
  }
  const instruction = instructionOf(steps);
  const confidence = Math.min(...steps.map((s) => s.task.confidence));
  return {
    kind: 'v2r/skill',
    version: 1,
    fps: poses.fps,
    task: mainWord(steps),
    instruction,
    segments: segmentsOf(steps, poses),
    events: eventsOf(steps, drives),
    roles: rolesOf(steps, actors),
    relativeMotions: motions,
    confidence,
    finding: `${journeys.length === 1 ? 'One motion' : `${journeys.length} motions`} found: ${instruction}.`,
  };
}

/** A manner (pour, drum, sweep) names the skill; else the commonest word other than "move", the earliest if equal. */
function mainWord(steps: readonly Step[]): TaskWord {
  const words = steps.map((s) => s.task.word);
  const manner = words.find((w) => w === 'pour' || w === 'drum' || w === 'sweep');
  if (manner) return manner;
  const goals = words.filter((w) => w !== 'move');
  const count = (w: TaskWord): number => goals.filter((g) => g === w).length;
  return goals.length === 0 ? 'move' : goals.reduce((best, w) => (count(w) > count(best) ? w : best));
}

function segmentsOf(steps: readonly Step[], poses: Poses): SkillSegment[] {
  const segments: SkillSegment[] = [];
  steps.forEach(({ journey, task }, i) => {
    const { carry, actor } = journey;
    const common = { sourceId: actor.id, targetId: task.target?.id ?? null };
    if (steps[i - 1]?.journey !== journey) segments.push(graspSegment(journey));
    segments.push({
      ...common,
      kind: 'task',
      word: task.word,
      fromFrame: task.fromFrame,
      toFrame: task.toFrame,
      confidence: task.confidence,
      evidence: task.evidence,
    });
    if (steps[i + 1]?.journey !== journey && carry.restAfter) {
      segments.push({
        ...common,
        kind: 'release',
        fromFrame: carry.toFrame,
        toFrame: Math.min(poses.numFrames - 1, carry.toFrame + Math.round(RELEASE_SEC * poses.fps)),
        confidence: journeyConfidence(journey),
        evidence: `${actor.name} rests from frame ${carry.toFrame} on`,
      });
    }
  });
  return segments;
}

function graspSegment(journey: Journey): SkillSegment {
  const { carry, actor } = journey;
  const start = carry.restBefore
    ? `${actor.name} rests until frame ${carry.fromFrame}`
    : `${actor.name} is already moving when the video begins`;
  const lift =
    journey.liftFrame === null
      ? 'and then slides without being lifted'
      : `and is off its support from frame ${journey.liftFrame} (lifted by ${Math.round(journey.liftM * 100)} cm)`;
  return {
    kind: 'grasp',
    sourceId: actor.id,
    targetId: null,
    fromFrame: carry.fromFrame,
    toFrame: journey.liftFrame ?? carry.fromFrame,
    confidence: journeyConfidence(journey),
    evidence: `${start} ${lift}`,
  };
}

function eventsOf(steps: readonly Step[], drives: readonly Drive[]): SkillEvent[] {
  const events: SkillEvent[] = [];
  steps.forEach(({ journey, task }, i) => {
    const { carry, actor } = journey;
    const add = (kind: SkillEvent['kind'], frame: number | null, confidence: number, evidence: string): void => {
      if (frame !== null) events.push({ kind, objectId: actor.id, frame, confidence, evidence });
    };
    const trust = journeyConfidence(journey);
    if (steps[i - 1]?.journey !== journey) {
      add('grasp', carry.fromFrame, trust, 'last frame at rest');
      add('lift', journey.liftFrame, trust, 'its lowest point leaves the height at rest');
    }
    if (task.target) {
      const [, ...again] = task.hitFrames ?? [];
      add('contact', task.contactFrame, task.confidence, `first within reach of ${task.target.name}`);
      for (const frame of again) add('contact', frame, task.confidence, `touches ${task.target.name} again`);
    }
    if (steps[i + 1]?.journey !== journey && carry.restAfter) {
      add('down', journey.downFrame, trust, 'its lowest point is back at the height at which it rests');
      add('release', carry.toFrame, trust, 'first frame at rest');
    }
  });
  for (const { driver, driven, kind } of drives) {
    if (kind !== 'pushed') continue;
    const common = { objectId: driven.actor.id, confidence: journeyConfidence(driven) };
    const by = `pushed by ${driver.actor.name}`;
    events.push({ ...common, kind: 'grasp', frame: driven.carry.fromFrame, evidence: `${by}: last frame at rest` });
    if (!driven.carry.restAfter) continue;
    events.push({ ...common, kind: 'release', frame: driven.carry.toFrame, evidence: `${by}: first frame at rest` });
  }
  return events.sort((a, b) => a.frame - b.frame);
}

function rolesOf(steps: readonly Step[], actors: readonly Actor[]): { id: number; role: ObjectRole }[] {
  const sources = new Set(steps.map((s) => s.journey.actor.id));
  const targets = new Set(steps.map((s) => s.task.target?.id));
  return actors.map(({ id }) => ({ id, role: sources.has(id) ? 'source' : targets.has(id) ? 'target' : 'passive' }));
}

function emptySkill(fps: number, finding: string): Skill {
  return {
    kind: 'v2r/skill',
    version: 1,
    fps,
    task: 'move',
    instruction: '',
    segments: [],
    events: [],
    roles: [],
    relativeMotions: [],
    confidence: 0,
    finding,
  };
}
