import { readPlate } from '../../perceive/store.js';
import { readPoses } from '../../pose/poses-io.js';
import { buildScene } from '../../scene/build-scene.js';
import { type SceneOptions, sceneOptions } from '../../scene/options.js';
import { writeScene } from '../../scene/scene-io.js';
import { readSkill } from '../../skill/skill-io.js';
import type { Stage } from '../stage.js';
import { readSeen, readShapes } from './read-inputs.js';

export const sceneStage: Stage = {
  name: 'scene',
  version: 1,
  inputs: ['video', 'perceive', 'objects', 'poses', 'skill'],
  options: sceneOptions,
  run: async (io, options, ctx) => {
    const { rawFrames, perception, readMask } = await readSeen(io);
    const { objects, meshes } = await readShapes(io);
    const plate = await readPlate(io.input('perceive'));
    const poses = await readPoses(io.input('poses'));
    const skill = await readSkill(io.input('skill'));
    const built = await buildScene(
      { frames: rawFrames, perception, readMask, plate, objects, meshes, poses, skill },
      options as SceneOptions,
      ctx,
    );
    await writeScene(io.output, built);
    return undefined;
  },
};
