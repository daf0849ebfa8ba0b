/** What is held is carried around a post that no arch leads over. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { CollisionWorld } from '../../src/episode/collision-world.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { sampleLegs } from '../../src/episode/legs.js';
import { planManipulation } from '../../src/episode/manipulate.js';
import { Sight } from '../../src/episode/sight.js';
import { compose, fromTranslation, type Mat4 } from '../../src/math/se3.js';
import { boxMesh, loweringMotion, placeInputs, setDownTask, syntheticObject } from './synthetic.js';

describe('carrying', () => {
  const post = syntheticObject(3, 'passive', boxMesh(0.06, 0.06, 0.7));
  const base = placeInputs();
  const inputs = { ...base, objects: [...base.objects, post] };
  const options = resolveOptions(episodeOptions, {}) as EpisodeOptions;
  const { robot, scene, objects } = inputs;
  const standing = new Map<number, Mat4>([
    [1, fromTranslation([-0.2, 0, 0.04])],
    [2, fromTranslation([0.2, 0, 0.02])],
    [3, fromTranslation([0, -0.02, 0.35])],
  ]);
  const world = new CollisionWorld(robot, scene.worldFromBase, objects);
  const poses = loweringMotion(fromTranslation([0, 0, 0.06])).map((pose) => compose(standing.get(2)!, pose));
  const plan = planManipulation({
    inputs,
    options,
    world,
    sight: new Sight(scene),
    state: { q: robot.home, widthM: robot.gripper.maxWidthM, standing },
    task: setDownTask(standing, poses),
    onlyAsHeld: true,
  });

  it('lifts, then goes around, clear of the post all along', () => {
    if ('reason' in plan) throw new Error(plan.detail);
    expect(plan.legs.map(({ phase }) => phase)).toContain('lift');
    const sampled = sampleLegs(robot, scene.worldFromBase, plan.legs, 20, standing);
    const track = sampled.objectPoses.find(({ id }) => id === 1)!.worldFromObject;
    let nearestM = 1;
    for (let t = 0; t < sampled.numFrames; t++) {
      nearestM = Math.min(nearestM, Math.hypot(track[t * 16 + 3], track[t * 16 + 7] + 0.02));
      const pose = [...track.subarray(t * 16, t * 16 + 16)];
      expect(world.heldClearance(1, pose, standing, new Set([1, 2]), objects)).toBeGreaterThan(0);
    }
    // Half the post and half the box lie between their middles at least.
    expect(nearestM).toBeGreaterThan(0.05);
  });
});
