import { readPlate } from '../../perceive/store.js';
import { readPoses } from '../../pose/poses-io.js';
import { keepRobot, openRobot, robotFingerprint } from '../../robot/open-robot.js';
import { downwardReach } from '../../robot/reach.js';
import { buildScene } from '../../scene/build-scene.js';
import { type SceneOptions, sceneOptions } from '../../scene/options.js';
import { writeScene } from '../../scene/scene-io.js';
import { readSkill } from '../../skill/skill-io.js';
import type { Stage } from '../stage.js';
import { readSeen, readShapes } from './read-inputs.js';

export const sceneStage: Stage = {
  name: 'scene',
  version: 3,
  inputs: ['video', 'perceive', 'objects', 'poses', 'skill'],
  options: sceneOptions,
  fingerprint: (options) => robotFingerprint((options as SceneOptions).robot),
  run: async (io, options, ctx) => {
    const { rawFrames, perception, readMask } = await readSeen(io);
    const { objects, meshes } = await readShapes(io);
    const plate = await readPlate(io.input('perceive'));
    const poses = await readPoses(io.input('poses'));
    const skill = await readSkill(io.input('skill'));
    const { robot: wanted } = options as SceneOptions;
    const { model: robot } = await openRobot(wanted);
    const built = await buildScene(
      { robot, frames: rawFrames, perception, readMask, plate, objects, meshes, poses, skill },
      options as SceneOptions,
      ctx,
    );
    await writeScene(io.output, built);
    await keepRobot(wanted, io.output);
    if (built.scene.workspace.length > 0) return undefined;
    const reachM = downwardReach(robot)[1].toFixed(2);
    return {
      finding: `${robot.name} cannot work in this scene: it grasps up to ${reachM} m from its base, and there is no place for it from which it would reach the objects. ${built.scene.finding}`,
    };
  },
};
