import { buildObjects } from '../../objects/build-objects.js';
import { writeObjects } from '../../objects/objects-io.js';
import { type ObjectOptions, objectOptions } from '../../objects/options.js';
import type { Stage } from '../stage.js';
import { readSeen } from './read-inputs.js';

export const objectsStage: Stage = {
  name: 'objects',
  version: 2,
  inputs: ['video', 'perceive'],
  options: objectOptions,
  run: async (io, options, ctx) => {
    const { frames, perception, readMask } = await readSeen(io);
    const built = await buildObjects({ frames, perception, readMask }, options as ObjectOptions, ctx);
    await writeObjects(io.output, built);
    if (built.objects.objects.some((object) => object.role === 'source')) return undefined;
    return { finding: 'A moved object was seen, but no shape could be given to it: see the masks in perceive/.' };
  },
};
