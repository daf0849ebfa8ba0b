import path from 'node:path';
import { readJson } from '../../base/files.js';
import { type PerceiveOptions, perceiveOptions } from '../../perceive/options.js';
import { perceive } from '../../perceive/perceive.js';
import { fingerprintOf } from '../../perceive/providers/fingerprint.js';
import { writeMask, writePerception } from '../../perceive/store.js';
import { openFrames } from '../../video/open-frames.js';
import { VideoInfoSchema } from '../../video/video-info.js';
import type { Stage } from '../stage.js';

export const perceiveStage: Stage = {
  name: 'perceive',
  version: 17,
  inputs: ['video'],
  options: perceiveOptions,
  fingerprint: (options) => fingerprintOf(options as PerceiveOptions),
  run: async (io, options, ctx) => {
    const folder = io.input('video');
    const { source } = await readJson(path.join(folder, 'video.json'), VideoInfoSchema);
    const frames = await openFrames(folder);
    const result = await perceive(frames, source, options as PerceiveOptions, ctx, (frame, idMap) =>
      writeMask(io.output, frame, idMap),
    );
    await writePerception(io.output, result);
    const { manipulated, finding } = result.perception;
    return manipulated ? undefined : { finding };
  },
};
