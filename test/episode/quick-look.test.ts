/** What a few grasps tell of a task before any way is planned. */
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../src/base/options.js';
import { CollisionWorld } from '../../src/episode/collision-world.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { looksPossible } from '../../src/episode/manipulate.js';
import { Sight } from '../../src/episode/sight.js';
import { compose, fromTranslation, fromYaw, type Mat4 } from '../../src/math/se3.js';
import { boxMesh, loweringMotion, placeInputs, setDownTask, syntheticObject } from './synthetic.js';

describe('looksPossible', () => {
  const base = placeInputs();
  const wall = syntheticObject(3, 'passive', boxMesh(0.5, 0.02, 0.6));
  const options = resolveOptions(episodeOptions, {}) as EpisodeOptions;

  /** Set down on the target at `targetAt`, with a wall at `wallAt` if given. */
  function judge(targetAt: Mat4, wallAt: Mat4 | null = null, turnRad = (_frame: number) => 0): boolean {
    const inputs = wallAt ? { ...base, objects: [...base.objects, wall] } : base;
    const { robot, scene, objects } = inputs;
    const standing = new Map<number, Mat4>([
      [1, fromTranslation([-0.15, 0, 0.04])],
      [2, targetAt],
      ...(wallAt ? [[3, wallAt] as const] : []),
    ]);
    const poses = loweringMotion(fromTranslation([0, 0, 0.06])).map((pose, frame) =>
      compose(targetAt, pose, fromYaw(turnRad(frame))),
    );
    return looksPossible({
      inputs,
      options,
      world: new CollisionWorld(robot, scene.worldFromBase, objects),
      sight: new Sight(scene),
      state: { q: robot.home, widthM: robot.gripper.maxWidthM, standing },
      task: setDownTask(standing, poses),
      onlyAsHeld: true,
    });
  }

  it('takes what the arm can do', () => {
    expect(judge(fromTranslation([0.15, 0, 0.02]))).toBe(true);
  });

  it('refuses what is out of reach', () => {
    expect(judge(fromTranslation([0.15, -0.9, 0.02]))).toBe(false);
  });

  it('refuses a turn that is too quick for the joints, however short', () => {
    const target = fromTranslation([0.15, 0, 0.02]);
    const wag = (rad: number) => (frame: number) => (frame === 13 ? rad : 0);
    expect(judge(target, null, wag(0.02))).toBe(true);
    expect(judge(target, null, wag(0.4))).toBe(false);
  });

  it('refuses what the arm would have to reach through a wall for', () => {
    const target = fromTranslation([0.15, -0.05, 0.02]);
    expect(judge(target, fromTranslation([0.15, 0.02, 0.3]))).toBe(false);
  });
});
