import { readTracks } from '../../perceive/store.js';
import { type PoseOptions, poseOptions } from '../../pose/options.js';
import { writePoses } from '../../pose/poses-io.js';
import { trackPoses } from '../../pose/track-poses.js';
import type { Stage } from '../stage.js';
import { readSeen, readShapes } from './read-inputs.js';

export const posesStage: Stage = {
  name: 'poses',
  version: 13,
  inputs: ['video', 'perceive', 'objects'],
  options: poseOptions,
  run: async (io, options, ctx) => {
    const { frames, perception, readMask } = await readSeen(io);
    const { objects, gaussians, meshes } = await readShapes(io);
    const tracks = await readTracks(io.input('perceive'));
    const poses = await trackPoses(
      {
        frames,
        perception,
        readMask,
        tracks,
        objects: { kind: 'v2r/objects', version: 1, objects },
        gaussians,
        meshes,
      },
      options as PoseOptions,
      ctx,
    );
    await writePoses(io.output, poses);
    return undefined;
  },
};
