import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { actionAt, type EpisodeInputs, type EpisodePlan, stateAt } from '../../src/episode/episode.js';
import { episodeOptions } from '../../src/episode/episode-options.js';
import { planEpisode } from '../../src/episode/plan.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  inverse,
  type Mat4,
  rotationAngleBetween,
  translationOf,
} from '../../src/math/se3.js';
import { distance } from '../../src/math/vec3.js';
import type { PhysicsVerdict } from '../../src/physics/verdict.js';
import { armFrames } from '../../src/robot/kinematics.js';
import { bowlMesh, boxMesh, loweringMotion, placeInputs, syntheticObject, syntheticSkill } from './synthetic.js';

const options = resolveOptions(episodeOptions, {});

function poseOf(plan: EpisodePlan, id: number, frame: number): Mat4 {
  const track = plan.objectPoses.find((object) => object.id === id)!;
  return [...track.worldFromObject.subarray(frame * 16, frame * 16 + 16)];
}

describe('planEpisode', () => {
  const inputs = placeInputs();
  const plans = [1, 2, 3, 4].map((seed) => planEpisode(inputs, options, seed));

  it('puts the source where the demonstrated relative motion ends, whatever the arrangement', () => {
    const wanted = fromYaw(0.3, [0.01, -0.01, 0.06]);
    for (const plan of plans) {
      expect(plan.detail).toBe('all checks passed');
      const last = plan.numFrames - 1;
      const targetFromSource = compose(inverse(poseOf(plan, 2, last)), poseOf(plan, 1, last));
      expect(distance(translationOf(targetFromSource), translationOf(wanted))).toBeLessThan(0.002);
      expect(rotationAngleBetween(targetFromSource, wanted)).toBeLessThan((2 * Math.PI) / 180);
      // The target stays where it was put.
      expect(poseOf(plan, 2, last)).toEqual(poseOf(plan, 2, 0));
    }
    const places = plans.map((plan) => translationOf(poseOf(plan, 2, 0)).join());
    expect(new Set(places).size).toBe(plans.length);
  });

  it('carries the source rigidly in the hand between close and open', () => {
    const [plan] = plans;
    const { robot, scene } = inputs;
    const held = plan.phases.filter((phase) => phase.heldId === 1);
    expect(held.length).toBeGreaterThan(0);
    for (const phase of held) {
      for (let t = phase.fromFrame; t < phase.toFrame; t++) {
        const tool = armFrames(robot, plan.jointPositions.subarray(t * 7, t * 7 + 7)).tool;
        const worldFromTool = compose(scene.worldFromBase, tool);
        const objectFromTool = compose(inverse(poseOf(plan, 1, t)), worldFromTool);
        expect(distance(translationOf(objectFromTool), translationOf(plan.grasps[0].objectFromTool))).toBeLessThan(
          1e-9,
        );
        expect(plan.gripperWidth[t]).toBeCloseTo(plan.grasps[0].widthM, 6);
      }
    }
  });

  it('starts and ends at home with an open hand, at rest, and acts with the next state', () => {
    for (const plan of plans) {
      for (const frame of [0, plan.numFrames - 1]) {
        const state = stateAt(plan, frame);
        for (const [i, value] of inputs.robot.home.entries()) expect(state[i]).toBeCloseTo(value, 3);
        expect(state[7]).toBeCloseTo(0.08, 3);
      }
      expect(actionAt(plan, 5)).toEqual(stateAt(plan, 6));
      expect(actionAt(plan, plan.numFrames - 1)).toEqual(stateAt(plan, plan.numFrames - 1));
    }
  });

  it('gives the same bytes for the same seed and another episode for another', () => {
    const again = planEpisode(inputs, options, 1);
    expect(again).toEqual(plans[0]);
    expect(plans[1].jointPositions).not.toEqual(plans[0].jointPositions);
  });

  it('keeps every limit in the frames as they are written', () => {
    for (const plan of plans) {
      for (const check of plan.checks) expect(check, check.name).toMatchObject({ ok: true });
      for (let t = 1; t < plan.numFrames; t++) {
        inputs.robot.joints.forEach((joint, i) => {
          const q = plan.jointPositions[t * 7 + i];
          expect(q).toBeGreaterThanOrEqual(joint.lowerRad);
          expect(q).toBeLessThanOrEqual(joint.upperRad);
          const speed = Math.abs(q - plan.jointPositions[(t - 1) * 7 + i]) * plan.fps;
          expect(speed).toBeLessThanOrEqual(joint.maxVelocity);
        });
      }
    }
  });
});

describe('physics', () => {
  const judged = (ok: boolean): PhysicsVerdict => ({
    ok,
    reason: ok ? null : 'slipped',
    detail: 'told so',
    objects: [],
  });

  it('that refuses one arrangement makes the planner try the next', () => {
    let asked = 0;
    const plan = planEpisode(placeInputs(), options, 1, () => judged(++asked > 1));
    expect(plan).toMatchObject({ accepted: true, reason: null, physics: { ok: true } });
    expect(plan.draws.attempt).toBe(1);
  });

  it('that refuses all of them is the reason', () => {
    const plan = planEpisode(placeInputs(), { ...options, attempts: 2 }, 1, () => judged(false));
    expect(plan).toMatchObject({ accepted: false, reason: 'physics-slipped', detail: 'told so' });
  });
});

describe('what cannot be planned is rejected with its reason', () => {
  const rejected = (inputs: EpisodeInputs): EpisodePlan => {
    const plan = planEpisode(inputs, { ...options, attempts: 2 }, 1);
    expect(plan.accepted).toBe(false);
    expect(plan.numFrames).toBe(0);
    return plan;
  };

  it('no room: objects would overlap', () => {
    const inputs = placeInputs();
    const tiny: [number, number][] = [
      [-0.02, -0.02],
      [0.02, -0.02],
      [0.02, 0.02],
      [-0.02, 0.02],
    ];
    expect(rejected({ ...inputs, scene: { ...inputs.scene, workspace: tiny } }).reason).toBe('no-arrangement');
  });

  it('out of reach: the robot stands too far away', () => {
    const inputs = placeInputs();
    const worldFromBase = inputs.scene.worldFromBase.with(7, 1.8);
    const plan = rejected({ ...inputs, scene: { ...inputs.scene, worldFromBase } });
    expect(plan.reason).toBe('unreachable');
    expect(plan.detail).toMatch(/unreachable approach/);
  });

  it('too wide: nothing to hold', () => {
    const inputs = placeInputs();
    const objects = [syntheticObject(1, 'source', boxMesh(0.12, 0.12, 0.12)), inputs.objects[1]];
    const plan = rejected({ ...inputs, objects });
    expect(plan.reason).toBe('no-grasp');
    expect(plan.detail).toContain('12.0 x 12.0 x 12.0 cm');
  });

  it('no motion in the skill', () => {
    const inputs = placeInputs();
    const skill = { ...inputs.skill, relativeMotions: [] };
    expect(rejected({ ...inputs, skill }).reason).toBe('no-motion');
  });
});

describe('other tasks', () => {
  it('pours over a bowl and puts the cup back upright', () => {
    const inputs = placeInputs();
    const cup = { ...syntheticObject(1, 'source', boxMesh(0.05, 0.05, 0.1)) };
    const bowl = { ...syntheticObject(2, 'target', bowlMesh(0.07, 0.05, 0.006)), symmetry: 'z' as const };
    const tilt = (t: number): Mat4 =>
      compose(fromTranslation([0.075, 0, 0.16]), fromAxisAngle([0, 1, 0], -1.6 * Math.sin(Math.PI * t)));
    const pour = Array.from({ length: 61 }, (_, k) => tilt(k / 60));
    const back = Array.from({ length: 31 }, (_, k) => fromTranslation([0.1 + 0.1 * (k / 30), 0, 0.2 - 0.005 * k]));
    const skill = syntheticSkill(1, 2, pour);
    const [grasp, task, release] = skill.segments;
    const plan = planEpisode(
      {
        ...inputs,
        objects: [cup, bowl],
        skill: {
          ...skill,
          segments: [
            grasp,
            task,
            { ...task, targetId: null, fromFrame: 95, toFrame: 125 },
            { ...release, fromFrame: 125, toFrame: 127 },
          ],
          relativeMotions: [
            ...skill.relativeMotions,
            { sourceId: 1, targetId: null, fromFrame: 95, targetFromSource: back },
          ],
        },
      },
      options,
      1,
    );
    expect(plan.detail).toBe('all checks passed');
    const tilts = Array.from({ length: plan.numFrames }, (_, t) => Math.acos(Math.min(1, poseOf(plan, 1, t)[10])));
    expect(Math.max(...tilts)).toBeCloseTo(1.6, 1);
    expect(tilts.at(-1)).toBeLessThan(0.01);
    expect(poseOf(plan, 1, plan.numFrames - 1)[11]).toBeCloseTo(0.05, 3);
  });

  it('takes a bowl that is wider than the gripper by its rim and puts it down on the table', () => {
    const inputs = placeInputs();
    const bowl = syntheticObject(1, 'source', bowlMesh(0.07, 0.06, 0.006));
    const path = Array.from({ length: 31 }, (_, k) =>
      fromYaw(0, [0.2 * (k / 30), 0.05 * (k / 30), 0.03 + 0.1 * Math.sin((Math.PI * k) / 30)]),
    );
    const plan = planEpisode({ ...inputs, objects: [bowl], skill: syntheticSkill(1, null, path) }, options, 3);
    expect(plan.detail).toBe('all checks passed');
    expect(plan.grasps[0].widthM).toBeLessThan(0.02);
    const end = poseOf(plan, 1, plan.numFrames - 1);
    expect(end[11]).toBeCloseTo(0.03, 3);
    expect(distance(translationOf(end), translationOf(poseOf(plan, 1, 0)))).toBeGreaterThan(0.02);
  });

  it('keeps holding what the demonstration does not let go', () => {
    const inputs = placeInputs();
    const skill = syntheticSkill(1, 2, loweringMotion(fromYaw(0.3, [0.01, -0.01, 0.08])));
    const held = { ...skill, segments: skill.segments.filter((segment) => segment.kind !== 'release') };
    const plan = planEpisode({ ...inputs, skill: held }, options, 2);
    expect(plan.detail).toBe('all checks passed');
    expect(plan.phases.at(-1)).toMatchObject({ name: 'task', heldId: 1 });
  });
});
