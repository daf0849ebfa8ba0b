/** An arm that cannot hold every orientation: the Franka with two joints fixed, which leaves a shoulder, an elbow and a wrist in one plane. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { planEpisode } from '../../src/episode/plan.js';
import { compose } from '../../src/math/se3.js';
import { createFranka } from '../../src/robot/franka.js';
import { toleranceFor } from '../../src/robot/robot-model.js';
import { placeInputs } from './synthetic.js';

const FIXED = [2, 4];

function planarArm() {
  const franka = createFranka();
  const kept = franka.joints.flatMap((joint, i) => {
    if (FIXED.includes(i)) return [];
    const before = FIXED.includes(i - 1) ? franka.joints[i - 1].parentFromJoint : null;
    return [before ? { ...joint, parentFromJoint: compose(before, joint.parentFromJoint) } : joint];
  });
  return {
    ...franka,
    name: 'five joints',
    joints: kept,
    home: franka.home.filter((_, i) => !FIXED.includes(i)),
    capsules: [],
    selfPairs: [],
    tolerance: toleranceFor(kept.length),
  };
}

describe('an arm of five joints', () => {
  const inputs = { ...placeInputs(), robot: planarArm() };
  const options = resolveOptions(episodeOptions, {}) as EpisodeOptions;

  it('puts a thing onto a round one exactly: the round one is turned for it', () => {
    const round = inputs.objects.map((object) =>
      object.role === 'target' ? { ...object, symmetry: 'z' as const } : object,
    );
    const plan = planEpisode({ ...inputs, objects: round }, options, 2);
    expect(plan.detail).toBe('all checks passed');
    const rotation = plan.checks.find(({ name }) => name === 'placement-rotation')!;
    expect(rotation.value).toBeLessThan(2);
  });
});
