/** A sweep: what is pushed follows the brush, and starts where the demonstration needs it. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { arrange, followersOf, standingPoses } from '../../src/episode/arrange.js';
import { posesAt } from '../../src/episode/checks.js';
import type { EpisodeInputs } from '../../src/episode/episode.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { manipulationsOf } from '../../src/episode/motion.js';
import { planEpisode } from '../../src/episode/plan.js';
import { compose, fromTranslation, inverse, type Mat4, translationOf } from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { createFranka } from '../../src/robot/franka.js';
import { boxMesh, syntheticObject, syntheticScene, syntheticSkill } from './synthetic.js';

const options = resolveOptions(episodeOptions, {}) as EpisodeOptions;
/** Seen from the mat: a stick of 12 cm comes near along x, then pushes a block of 3 cm towards the mat. */
const STICK_Z = 0.06 - 0.005;
const BLOCK_Z = 0.015 - 0.005;
const steps = Array.from({ length: 46 }, (_, k) => 0.215 - 0.003 * k);
const stick: Mat4[] = steps.map((x) => fromTranslation([x, 0, STICK_Z]));
const block: Mat4[] = steps.map((x) => fromTranslation([Math.min(0.14, x - 0.03), 0, BLOCK_Z]));
/** A tray carries a cube on one end. */
const SOURCE_FROM_CUBE: Vec3 = [0, 0.06, 0.0225];

function sweepInputs(driven: Mat4[], drivenTarget = 2): EpisodeInputs {
  const skill = syntheticSkill(1, 2, stick);
  return {
    robot: createFranka(),
    scene: syntheticScene(),
    skill: {
      ...skill,
      relativeMotions: [
        ...skill.relativeMotions,
        { sourceId: 3, targetId: drivenTarget, fromFrame: 30, targetFromSource: driven, drivenBy: 1 },
      ],
    },
    objects: [
      syntheticObject(1, 'source', boxMesh(0.03, 0.03, 0.12)),
      syntheticObject(2, 'target', boxMesh(0.09, 0.09, 0.01)),
      syntheticObject(3, 'passive', boxMesh(0.03, 0.03, 0.03)),
    ],
  };
}

describe('pushed objects', () => {
  it('are set up where the demonstration begins, whatever the arrangement', () => {
    const inputs = sweepInputs(block);
    const followers = followersOf(manipulationsOf(inputs.skill));
    expect(followers.map(({ id, anchorId }) => [id, anchorId])).toEqual([[3, 2]]);
    for (let seed = 0; seed < 5; seed++) {
      const placed = arrange(inputs.objects, inputs.scene, 1, new Random(seed), followers)!;
      const standing = standingPoses(inputs.objects, placed, followers);
      const targetFromBlock = compose(inverse(standing.get(2)!), standing.get(3)!);
      expect(translationOf(targetFromBlock)[0]).toBeCloseTo(0.14, 6);
      expect(translationOf(targetFromBlock)[1]).toBeCloseTo(0, 6);
    }
  });

  it('keep their place among the poses, which are written in the order of the objects', () => {
    const inputs = sweepInputs(block);
    const objects = [...inputs.objects].sort((a, b) => Number(b.role === 'passive') - Number(a.role === 'passive'));
    const plan = planEpisode({ ...inputs, objects }, options, 3);
    expect(plan.objectPoses.map(({ id }) => id)).toEqual([3, 1, 2]);
  });

  it('follow their pusher at the demonstrated distance and stay where they were left', () => {
    const plan = planEpisode(sweepInputs(block), options, 3);
    expect(plan.detail).toBe('all checks passed');
    const task = plan.phases.find(({ name }) => name === 'task')!;
    const at = (frame: number) => posesAt(plan, frame);
    const gapAt = (frame: number): number => {
      const poses = at(frame);
      const [a, b] = [translationOf(poses.get(1)!), translationOf(poses.get(3)!)];
      return Math.hypot(a[0] - b[0], a[1] - b[1]);
    };
    const half = Math.round((task.fromFrame + task.toFrame) / 2);
    for (let frame = half; frame < task.toFrame; frame++) expect(Math.abs(gapAt(frame) - 0.03)).toBeLessThan(0.002);
    const moved = distance(translationOf(at(0).get(3)!), translationOf(at(plan.numFrames - 1).get(3)!));
    expect(moved).toBeCloseTo(0.09, 3);
    expect(at(task.fromFrame - 1).get(3)).toEqual(at(0).get(3));
    expect(at(plan.numFrames - 1).get(3)).toEqual(at(task.toFrame).get(3));
  });

  it('that keep their place on the source are carried from the start to the end', () => {
    const tray = Array.from({ length: 31 }, (_, k) => fromTranslation([0.01, 0, 0.02 + 0.003 * (30 - k)]));
    const cube = tray.map((pose) => compose(pose, fromTranslation(SOURCE_FROM_CUBE)));
    const swept = sweepInputs(cube);
    const plan = planEpisode(
      {
        ...swept,
        skill: {
          ...swept.skill,
          relativeMotions: [
            { ...swept.skill.relativeMotions[0], targetFromSource: tray },
            swept.skill.relativeMotions[1],
          ],
        },
        objects: [
          syntheticObject(1, 'source', boxMesh(0.04, 0.16, 0.02)),
          swept.objects[1],
          syntheticObject(3, 'passive', boxMesh(0.025, 0.025, 0.025)),
        ],
      },
      options,
      5,
    );
    expect(plan.detail).toBe('all checks passed');
    for (let frame = 0; frame < plan.numFrames; frame += 7) {
      const poses = posesAt(plan, frame);
      const place = translationOf(compose(inverse(poses.get(1)!), poses.get(3)!));
      expect(distance(place, SOURCE_FROM_CUBE)).toBeLessThan(1e-6);
    }
  });
});
