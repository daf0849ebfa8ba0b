import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { planEpisode } from '../../src/episode/plan.js';
import { Sight } from '../../src/episode/sight.js';
import { fromTranslation, identity } from '../../src/math/se3.js';
import { placeArm } from '../../src/robot/placed-arm.js';
import { boxMesh, camera, lookAt, placeInputs, syntheticObject } from './synthetic.js';

/** One ball of 5 cm radius at the height of half a metre in place of an arm. */
const ball = (x: number, y: number) => ({ capsules: Float64Array.of(x, y, 0.5, x, y, 0.5, 0.05), frames: [3] });

describe('Sight', () => {
  // Straight above a flat box 1 m below, so that all of what faces the camera is its top.
  const above = new Sight({ camera, cameraFromWorld: [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 1, 0, 0, 0, 1] });
  const plate = syntheticObject(1, 'target', boxMesh(0.2, 0.2, 0.002));

  it('sees an object that nothing hides, and nothing of it behind something larger', () => {
    expect(above.visibleShare(ball(0.4, 0.4), plate, identity())).toBe(1);
    // Half way up, a ball of 5 cm hides a disc of 10 cm: the plate's middle and half of its area.
    const half = above.visibleShare(ball(0.05, 0), plate, identity());
    expect(half).toBeGreaterThan(0.05);
    expect(half).toBeLessThan(0.6);
    const wall = { capsules: Float64Array.of(-0.3, 0, 0.5, 0.3, 0, 0.5, 0.2), frames: [3] };
    expect(above.visibleShare(wall, plate, identity())).toBe(0);
  });

  it('does not see what is out of the picture', () => {
    expect(above.visibleShare(ball(5, 5), plate, fromTranslation([3, 0, 0]))).toBe(0);
  });

  it('measures how much of the picture is covered', () => {
    // 600 px focal length: 5 cm at half a metre is 60 px, a disc of 3.7 % of 640 x 480.
    expect(above.coveredShare(ball(0.02, 0.01))).toBeCloseTo(0.037, 1);
    expect(above.coveredShare(ball(3, 0))).toBe(0);
  });

  it('takes means over frames of the object that is seen least, and counts hidden frames', () => {
    const wall = { capsules: Float64Array.of(-0.3, 0, 0.5, 0.3, 0, 0.5, 0.2), frames: [3] };
    const objects = [{ object: plate, pose: identity() }];
    const view = above.viewOf([
      { arm: ball(1, 1), objects },
      { arm: wall, objects },
    ]);
    expect(view.visibleShare).toBe(0.5);
    expect(view.hiddenFramesShare).toBe(0.5);
    expect(view.coveredShare).toBeGreaterThan(0.3);
  });
});

describe('a task that the arm hides', () => {
  it('is rejected by that name', () => {
    const inputs = placeInputs();
    // The camera stands behind the robot's shoulder and looks at the task through the arm.
    const cameraFromWorld = lookAt([0, 0.95, 0.5], [0, 0, 0.1]);
    const scene = { ...inputs.scene, cameraFromWorld };
    const options = { ...resolveOptions(episodeOptions, {}), attempts: 2 } as EpisodeOptions;
    const plan = planEpisode({ ...inputs, scene }, options, 1);
    expect(plan.accepted).toBe(false);
    expect(plan.reason).toBe('hidden');
    const sight = new Sight(scene);
    expect(sight.coveredShare(placeArm(inputs.robot, inputs.robot.home, 0.04, scene.worldFromBase))).toBeGreaterThan(
      0.1,
    );
  });
});
