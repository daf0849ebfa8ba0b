/** An episode's motion measured anew from what was written of it, apart from the planner's own figures. */

import { Random } from '../base/random.js';
import { compose, inverse, type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { clearanceToPoints, clearanceToTable, selfClearance } from '../robot/collision.js';
import { toolAt } from '../robot/kinematics.js';
import { type PlacedArm, placeArm } from '../robot/placed-arm.js';
import { ShapeField } from '../skill/shape-field.js';
import { CONTACT_OVERLAP_M, TABLE_TOLERANCE_M } from './checks.js';
import type { EpisodeInputs, EpisodeObject, Phase } from './episode.js';
import type { EpisodeRecord } from './episode-record.js';
import { movedPoints, shapeOf } from './object-shape.js';
import { MAX_PAD_GAP_M, padGap } from './pad-gap.js';
import { type Problem, placementProblems, sightProblems } from './recheck-outcome.js';

/** Single precision and finite differences: this much over a limit is rounding. */
const ROUNDING = 1.001;
const POSITION_ROUNDING_RAD = 1e-5;
/** The action of a frame is the next state, to single precision. */
const SAME_VALUE = 1e-6;
const HELD_M = 0.002;
const HELD_DEG = 2;
/** What nobody moves stays, metres. */
const STILL_M = 1e-4;
/** Least clearance to what is not touched, metres: what the planner's check asks for at least. */
const CLEARANCE_M = 0;

const worst = (code: string, value: number, limit: number, text: (value: number) => string): Problem[] =>
  value > limit || Number.isNaN(value) ? [{ code: `kinematics-${code}`, message: text(value) }] : [];

export class EpisodeRecheck {
  private readonly fields = new Map<number, ShapeField>();

  constructor(
    private readonly inputs: EpisodeInputs,
    private readonly fps: number,
    private readonly objectIds: readonly number[],
  ) {}

  /** `state`, `action`: [T][n + 1]; `poses`: [T, K, 16] worldFromObject in the order of `objectIds`. */
  problems(
    record: EpisodeRecord,
    state: readonly number[][],
    action: readonly number[][],
    poses: Float64Array,
  ): Problem[] {
    const width = this.inputs.robot.joints.length + 1;
    const numFrames = state.length;
    if (numFrames !== record.numFrames || poses.length !== numFrames * this.objectIds.length * 16) {
      return [
        {
          code: 'kinematics-length',
          message: `${numFrames} rows, ${record.numFrames} in the record, ${poses.length / 16 / this.objectIds.length} of object poses`,
        },
      ];
    }
    if (state.some((row) => row.length !== width) || action.some((row) => row.length !== width)) {
      return [{ code: 'kinematics-width', message: `rows must hold ${width} numbers: joints and gripper` }];
    }
    const poseAt = (frame: number, id: number): Mat4 => {
      const at = (frame * this.objectIds.length + this.objectIds.indexOf(id)) * 16;
      return [...poses.subarray(at, at + 16)];
    };
    return [
      ...record.checks
        .filter(({ ok }) => !ok)
        .map(({ name }) => ({ code: 'kinematics-check', message: `its own check ${name} failed` })),
      ...this.jointProblems(state),
      ...actionProblems(state, action),
      ...this.gripperProblems(state),
      ...this.heldProblems(record, state, poseAt),
      ...this.restProblems(record, numFrames, poseAt),
      ...this.clearanceProblems(record, state, poseAt),
      ...placementProblems(this.inputs, record, poseAt),
      ...sightProblems(this.inputs, record, (frame) => this.armAt(state[frame]), poseAt),
    ];
  }

  private jointProblems(state: readonly number[][]): Problem[] {
    const { joints } = this.inputs.robot;
    const { fps } = this;
    return joints.flatMap((joint, i) => {
      const q = state.map((row) => row[i]);
      const at = (t: number): number => q[Math.min(q.length - 1, Math.max(0, t))];
      const over = q.map((value) => Math.max(joint.lowerRad - value, value - joint.upperRad));
      const speed = q.map((_, t) => Math.abs(at(t + 1) - at(t)) * fps);
      const acceleration = q.map((_, t) =>
        t === 0 || t >= q.length - 1 ? 0 : Math.abs(at(t + 1) - 2 * at(t) + at(t - 1)) * fps ** 2,
      );
      const figure = (values: number[]): [number, number] => {
        const frame = values.reduce((best, value, t) => (value > values[best] || Number.isNaN(value) ? t : best), 0);
        return [values[frame], frame];
      };
      const [beyond, limitFrame] = figure(over);
      const [fastest, speedFrame] = figure(speed);
      const [hardest, accelerationFrame] = figure(acceleration);
      return [
        ...worst(
          'joint-limit',
          beyond,
          POSITION_ROUNDING_RAD,
          (v) => `${joint.name} is ${v.toFixed(4)} rad beyond its limit in frame ${limitFrame}`,
        ),
        ...worst(
          'joint-velocity',
          fastest,
          joint.maxVelocity * ROUNDING,
          (v) =>
            `${joint.name} turns at ${v.toFixed(2)} rad/s after frame ${speedFrame}, at most ${joint.maxVelocity} allowed`,
        ),
        ...worst(
          'joint-acceleration',
          hardest,
          joint.maxAcceleration * ROUNDING,
          (v) =>
            `${joint.name} accelerates by ${v.toFixed(1)} rad/s^2 in frame ${accelerationFrame}, at most ${joint.maxAcceleration} allowed`,
        ),
      ];
    });
  }

  private gripperProblems(state: readonly number[][]): Problem[] {
    const { maxWidthM, widthSpeed } = this.inputs.robot.gripper;
    const widths = state.map((row) => row[row.length - 1]);
    const speeds = widths.slice(1).map((width, t) => Math.abs(width - widths[t]) * this.fps);
    return [
      ...worst(
        'gripper-width',
        Math.max(...widths.map((width) => Math.max(-width, width - maxWidthM))),
        SAME_VALUE,
        (v) => `the gripper is ${(v * 1000).toFixed(1)} mm beyond what it can open or close`,
      ),
      ...worst(
        'gripper-speed',
        Math.max(0, ...speeds),
        widthSpeed * ROUNDING,
        (v) => `the gripper moves at ${v.toFixed(2)} m/s, at most ${widthSpeed} allowed`,
      ),
    ];
  }

  /** What is held goes where forward kinematics puts the hand, and the pads touch it. */
  private heldProblems(
    record: EpisodeRecord,
    state: readonly number[][],
    poseAt: (frame: number, id: number) => Mat4,
  ): Problem[] {
    const problems: Problem[] = [];
    for (const { name, fromFrame, toFrame, heldId } of record.phases) {
      if (heldId === null) continue;
      const grasp = record.grasps.find(({ sourceId }) => sourceId === heldId);
      if (!grasp) {
        problems.push({ code: 'kinematics-held', message: `object ${heldId} is held without a grasp in the record` });
        continue;
      }
      let most: [number, number, number] = [0, 0, fromFrame];
      let gap = 0;
      for (let t = fromFrame; t < toFrame; t++) {
        const wanted = compose(this.toolAt(state[t]), inverse(grasp.objectFromTool));
        const real = poseAt(t, heldId);
        const off = distance(translationOf(wanted), translationOf(real));
        const turned = (rotationAngleBetween(wanted, real) * 180) / Math.PI;
        if (off / HELD_M + turned / HELD_DEG > most[0] / HELD_M + most[1] / HELD_DEG) most = [off, turned, t];
        const objectFromTool = compose(inverse(real), this.toolAt(state[t]));
        const widthM = state[t][state[t].length - 1];
        gap = Math.max(
          gap,
          padGap(this.fieldOf(this.objectOf(heldId)), this.inputs.robot.gripper, objectFromTool, widthM),
        );
      }
      if (most[0] > HELD_M || most[1] > HELD_DEG) {
        problems.push({
          code: 'kinematics-held',
          message: `object ${heldId} is ${(most[0] * 1000).toFixed(1)} mm and ${most[1].toFixed(1)} degrees from the hand that holds it in frame ${most[2]} (${name})`,
        });
      }
      problems.push(
        ...worst(
          'contact',
          gap,
          MAX_PAD_GAP_M,
          (v) => `a pad is ${(v * 1000).toFixed(1)} mm from the surface of object ${heldId} that it holds (${name})`,
        ),
      );
    }
    return problems;
  }

  private toolAt(row: readonly number[]): Mat4 {
    return compose(this.inputs.scene.worldFromBase, toolAt(this.inputs.robot, row));
  }

  private armAt(row: readonly number[]): PlacedArm {
    return placeArm(this.inputs.robot, row, row[row.length - 1], this.inputs.scene.worldFromBase);
  }

  /** An object moves only while something moves it: held, or in a task phase (pushed or carried along). */
  private restProblems(
    record: EpisodeRecord,
    numFrames: number,
    poseAt: (frame: number, id: number) => Mat4,
  ): Problem[] {
    const mayMove = (frame: number): boolean =>
      record.phases.some(({ heldId, fromFrame, toFrame }) => heldId !== null && frame >= fromFrame && frame <= toFrame);
    return this.objectIds.flatMap((id) => {
      for (let t = 1; t < numFrames; t++) {
        const step = distance(translationOf(poseAt(t, id)), translationOf(poseAt(t - 1, id)));
        if (step > STILL_M && !mayMove(t)) {
          return [
            {
              code: 'kinematics-rest',
              message: `object ${id} moves by ${(step * 1000).toFixed(1)} mm in frame ${t} though nothing moves it`,
            },
          ];
        }
      }
      return [];
    });
  }

  private clearanceProblems(
    record: EpisodeRecord,
    state: readonly number[][],
    poseAt: (frame: number, id: number) => Mat4,
  ): Problem[] {
    const { robot } = this.inputs;
    let tableM = 0;
    let selfM = 0;
    const closest = new Map<number, { m: number; frame: number }>();
    const deepest = new Map<number, { m: number; frame: number }>();
    for (const phase of record.phases) {
      for (let t = phase.fromFrame; t < phase.toFrame; t++) {
        const arm = this.armAt(state[t]);
        tableM = Math.min(tableM, clearanceToTable(arm));
        selfM = Math.min(selfM, selfClearance(robot, arm));
        for (const id of this.objectIds) {
          const list = listFor(phase, id, closest, deepest);
          if (!list) continue;
          const m = clearanceToPoints(arm, movedPoints(shapeOf(this.objectOf(id).mesh).points, poseAt(t, id)), 1, 1);
          if (m < (list.get(id)?.m ?? 1)) list.set(id, { m, frame: t });
        }
      }
    }
    const objects = (
      list: ReadonlyMap<number, { m: number; frame: number }>,
      code: string,
      limitM: number,
    ): Problem[] =>
      [...list].flatMap(([id, { m, frame }]) =>
        worst(
          code,
          -m,
          limitM,
          (v) => `the arm reaches ${(v * 1000).toFixed(1)} mm into object ${id} in frame ${frame}`,
        ),
      );
    return [
      ...worst(
        'table',
        -tableM,
        TABLE_TOLERANCE_M * ROUNDING,
        (v) => `the arm reaches ${(v * 1000).toFixed(1)} mm into the table`,
      ),
      ...worst('self', -selfM, 0, (v) => `the arm reaches ${(v * 1000).toFixed(1)} mm into itself`),
      ...objects(closest, 'clearance', CLEARANCE_M),
      ...objects(deepest, 'overlap', CONTACT_OVERLAP_M * ROUNDING),
    ];
  }

  private objectOf(id: number): EpisodeObject {
    const object = this.inputs.objects.find((candidate) => candidate.id === id);
    if (!object) throw new Error(`object ${id} is in the episodes but not among the run's objects`);
    return object;
  }

  private fieldOf(object: EpisodeObject): ShapeField {
    let field = this.fields.get(object.id);
    if (!field) {
      field = new ShapeField(object.mesh, new Random(object.id));
      this.fields.set(object.id, field);
    }
    return field;
  }
}

/** Which kind of nearness counts for an object in a phase; null: none, it is in the hand or being let go. */
function listFor<T>(phase: Phase, id: number, closest: T, deepest: T): T | null {
  if (id === phase.heldId) return null;
  if (!phase.contactIds.includes(id)) return closest;
  return phase.name === 'close' || phase.name === 'open' ? null : deepest;
}

function actionProblems(state: readonly number[][], action: readonly number[][]): Problem[] {
  for (let t = 0; t < state.length; t++) {
    const next = state[Math.min(state.length - 1, t + 1)];
    const off = next.reduce((most, value, i) => Math.max(most, Math.abs(value - action[t][i])), 0);
    if (!(off <= SAME_VALUE)) {
      return [
        {
          code: 'kinematics-action',
          message: `the action of frame ${t} is ${off.toPrecision(3)} from the state it should lead to`,
        },
      ];
    }
  }
  return [];
}
