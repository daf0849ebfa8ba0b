/** A hand keeps off what its object keeps off: a bowl that is poured into. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { CollisionWorld } from '../../src/episode/collision-world.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { planManipulation } from '../../src/episode/manipulate.js';
import { manipulationsOf } from '../../src/episode/motion.js';
import { Sight } from '../../src/episode/sight.js';
import { compose, fromTranslation, identity, type Mat4 } from '../../src/math/se3.js';
import { boxMesh, loweringMotion, placeInputs, setDownTask, syntheticObject, syntheticSkill } from './synthetic.js';

/** A flat box held low, brought to `heightM` above the block's top; below it where shapes, seen from one side, overlap. */
function planned(heightM: number, touchesTarget: boolean) {
  const base = placeInputs();
  const flat = syntheticObject(1, 'source', boxMesh(0.04, 0.05, 0.012));
  const inputs = { ...base, objects: [flat, base.objects[1]] };
  const { robot, scene, objects } = inputs;
  const standing = new Map<number, Mat4>([
    [1, fromTranslation([-0.2, 0, 0.006])],
    [2, fromTranslation([0.2, 0, 0.02])],
  ]);
  const end = fromTranslation([0, 0, 0.02 + 0.006 + heightM]);
  const poses = loweringMotion(end).map((pose) => compose(standing.get(2)!, pose));
  const task = setDownTask(standing, poses);
  return planManipulation({
    inputs,
    options: resolveOptions(episodeOptions, {}) as EpisodeOptions,
    world: new CollisionWorld(robot, scene.worldFromBase, objects),
    sight: new Sight(scene),
    state: { q: robot.home, widthM: robot.gripper.maxWidthM, standing },
    task: { ...task, motions: task.motions.map((motion) => ({ ...motion, touchesTarget })), released: false },
    onlyAsHeld: false,
  });
}

describe('what is poured into', () => {
  it('is not touched by the source, as what something is put on is', () => {
    const skill = syntheticSkill(1, 2, loweringMotion(identity()));
    const pouring = {
      ...skill,
      segments: skill.segments.map((s) => (s.kind === 'task' ? { ...s, word: 'pour' as const } : s)),
    };
    expect(manipulationsOf(skill)[0].motions[0].touchesTarget).toBe(true);
    expect(manipulationsOf(pouring)[0].motions[0].touchesTarget).toBe(false);
  });

  it('is kept clear of by the hand too', () => {
    expect(planned(-0.008, true)).toHaveProperty('legs');
    expect(planned(-0.008, false)).toMatchObject({ reason: 'blocked' });
    expect(planned(0.06, false)).toHaveProperty('legs');
  });
});
