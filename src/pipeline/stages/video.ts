import { decodeVideo, type VideoOptions, videoOptions } from '../../video/decode.js';
import type { Stage } from '../stage.js';

export const videoStage: Stage = {
  name: 'video',
  version: 1,
  inputs: [],
  options: videoOptions,
  run: async (io, options, ctx) => {
    await decodeVideo(io.videoFile, io.output, options as VideoOptions, ctx);
    return undefined;
  },
};
