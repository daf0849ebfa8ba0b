/** A good episode passes; each way of tampering with what was written is found and called by its name. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { actionAt, stateAt } from '../../src/episode/episode.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { recordOf } from '../../src/episode/episode-record.js';
import { planEpisode } from '../../src/episode/plan.js';
import { EpisodeRecheck } from '../../src/episode/recheck.js';
import { lookAt, placeInputs } from './synthetic.js';

const inputs = placeInputs();
const plan = planEpisode(inputs, resolveOptions(episodeOptions, {}) as EpisodeOptions, 1);
const ids = inputs.objects.map(({ id }) => id);
const recheck = new EpisodeRecheck(inputs, plan.fps, ids);
const held = plan.phases.find(({ heldId }) => heldId !== null)!;
const still = plan.phases.find(({ name }) => name === 'transit')!;

interface Written {
  record: ReturnType<typeof recordOf>;
  state: number[][];
  action: number[][];
  poses: Float64Array;
}

function written(): Written {
  const frames = Array.from({ length: plan.numFrames }, (_, t) => t);
  const poses = new Float64Array(plan.numFrames * ids.length * 16);
  plan.objectPoses.forEach(({ worldFromObject }, k) => {
    for (const t of frames) poses.set(worldFromObject.subarray(t * 16, t * 16 + 16), (t * ids.length + k) * 16);
  });
  return {
    record: recordOf(plan, 0),
    state: frames.map((t) => [...stateAt(plan, t)]),
    action: frames.map((t) => [...actionAt(plan, t)]),
    poses,
  };
}

const poseAtEnd = (): Float64Array => plan.objectPoses[0].worldFromObject.subarray(-16);

/** Codes found, once each. */
function codes(change: (w: Written) => void): string[] {
  const w = written();
  change(w);
  return [...new Set(recheck.problems(w.record, w.state, w.action, w.poses).map(({ code }) => code))];
}

/** Changes one column of the states. */
function edit({ state }: Written, column: number, value: (old: number, frame: number) => number): void {
  for (const [t, row] of state.entries()) row[column] = value(row[column], t);
}

describe('recomputed kinematics', () => {
  it('of a planned episode are without fault', () => {
    expect(plan.accepted).toBe(true);
    expect(codes(() => {})).toEqual([]);
  });

  it.each<[string, (w: Written) => void]>([
    ['kinematics-joint-limit', (w) => edit(w, 6, () => 3.2)],
    ['kinematics-joint-velocity', (w) => edit(w, 0, (q, t) => q + (t > 9 ? 0.4 : 0))],
    ['kinematics-joint-acceleration', (w) => w.state[20].fill(w.state[20][1] + 0.05, 1, 2)],
    ['kinematics-joint-velocity', (w) => w.state[20].fill(Number.NaN, 1, 2)],
    ['kinematics-action', (w) => w.action[30].fill(w.action[30][2] + 0.001, 2, 3)],
    ['kinematics-gripper-width', (w) => edit(w, 7, () => 0.09)],
    ['kinematics-gripper-speed', (w) => edit(w, 7, (_, t) => (t % 2 === 0 ? 0.03 : 0.06))],
    // A millimetre in the joint is more than two at the hand.
    ['kinematics-held', (w) => edit(w, 0, (q) => q + 0.006)],
    [
      'kinematics-held',
      (w) => {
        w.poses[held.fromFrame * ids.length * 16 + 3] += 0.003;
      },
    ],
    ['kinematics-contact', (w) => edit(w, 7, (width, t) => (t >= held.fromFrame && t < held.toFrame ? 0.079 : width))],
    [
      'kinematics-rest',
      (w) => {
        w.poses[(still.fromFrame + 3) * ids.length * 16 + 3] += 0.01;
      },
    ],
    [
      'kinematics-length',
      (w) => {
        w.state.pop();
      },
    ],
    [
      'kinematics-check',
      (w) => {
        w.record = { ...w.record, checks: w.record.checks.map((check) => ({ ...check, ok: false })) };
      },
    ],
  ])('tell %s', (code, change) => {
    expect(codes(change)).toContain(code);
  });

  it('find what is left in the wrong place', () => {
    const shift = (axis: 3 | 7 | 11, by: number, of: number) => (w: Written) => {
      for (let t = 0; t < plan.numFrames; t++) w.poses[(t * ids.length + of) * 16 + axis] += by;
    };
    // The target 3 mm from where it was when the box came to it.
    expect(codes(shift(3, 0.003, 1))).toEqual(['kinematics-placement']);
    expect(codes(shift(3, 0.001, 1))).toEqual([]);
    expect(
      codes((w) => {
        w.record = { ...w.record, grasps: [] };
      }),
    ).toContain('kinematics-placement');
  });

  it('find a camera that does not see the task', () => {
    const seenFrom = (cameraFromWorld: number[]): string[] => {
      const moved = { ...inputs, scene: { ...inputs.scene, cameraFromWorld } };
      const w = written();
      const found = new EpisodeRecheck(moved, plan.fps, ids).problems(w.record, w.state, w.action, w.poses);
      return [...new Set(found.map(({ code }) => code))];
    };
    expect(seenFrom(lookAt([0, -0.75, 0.6], [2, 0.05, 0.05]))).toEqual(['kinematics-picture', 'kinematics-sight']);
    // From above the hand: it stands before what it holds.
    const end = poseAtEnd();
    expect(seenFrom(lookAt([end[3] + 0.01, end[7], 0.9], [end[3], end[7], 0]))).toContain('kinematics-sight');
  });

  it('find the arm in the table and in what stands around', () => {
    const lowered = { ...inputs, scene: { ...inputs.scene, worldFromBase: inputs.scene.worldFromBase.with(11, -0.1) } };
    const w = written();
    const found = new EpisodeRecheck(lowered, plan.fps, ids).problems(w.record, w.state, w.action, w.poses);
    expect(found.map(({ code }) => code)).toContain('kinematics-table');
    expect(
      codes((v) => {
        // The block is put where the hand passes.
        for (let t = 0; t < plan.numFrames; t++) v.poses[(t * ids.length + 1) * 16 + 11] += 0.35;
        v.record = { ...v.record, phases: v.record.phases.map((phase) => ({ ...phase, contactIds: [] })) };
      }).some((code) => code === 'kinematics-clearance'),
    ).toBe(true);
  });
});
