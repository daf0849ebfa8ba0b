import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { findShapeFile, type GivenShape, readGivenShape } from '../../objects/given-shape.js';
import { writeObjects } from '../../objects/objects-io.js';
import { type ObjectOptions, objectOptions } from '../../objects/options.js';
import { shapeWishFor, unmetWishes } from '../../objects/shape-wish.js';
import { readTracks } from '../../perceive/store.js';
import { reconstructObjects } from '../../pose/reconstruct.js';
import type { Stage } from '../stage.js';
import { readSeen } from './read-inputs.js';

/** The user's own shapes by object id; objects without a file get a family as usual, with a warning. */
async function givenShapes(
  objects: readonly { readonly id: number; readonly name: string }[],
  { shape, shapeFiles }: ObjectOptions,
  ctx: Pick<StageContext, 'warn'>,
): Promise<Map<number, GivenShape>> {
  const given = new Map<number, GivenShape>();
  const wanted = objects.filter((object) => shapeWishFor(shape, object) === 'files');
  if (wanted.length === 0) return given;
  if (shapeFiles === '') throw new UserError('--shape files needs --shape-files FOLDER', 'name the folder', 2);
  for (const { id, name } of wanted) {
    const file = findShapeFile(shapeFiles, id, name);
    if (file !== null) given.set(id, await readGivenShape(file));
    else ctx.warn('no-shape-file', `no file for object ${id} (${name}) in ${shapeFiles}: its shape is fitted`);
  }
  return given;
}

export const objectsStage: Stage = {
  name: 'objects',
  version: 10,
  inputs: ['video', 'perceive'],
  options: objectOptions,
  run: async (io, options, ctx) => {
    const { frames, perception, readMask } = await readSeen(io);
    const { shape } = options as ObjectOptions;
    for (const call of unmetWishes(shape, perception.objects)) {
      const names = perception.objects.map(({ id, name }) => `${id} (${name})`).join(', ');
      ctx.warn('no-such-object', `--shape: no object "${call}"; there are: ${names}`);
    }
    const given = await givenShapes(perception.objects, options as ObjectOptions, ctx);
    const tracks = await readTracks(io.input('perceive'));
    const inputs = { frames, perception, readMask, given, tracks };
    const built = await reconstructObjects(inputs, options as ObjectOptions, ctx);
    await writeObjects(io.output, built);
    if (built.objects.objects.some((object) => object.role === 'source')) return undefined;
    return { finding: 'A moved object was seen, but no shape could be given to it: see the masks in perceive/.' };
  },
};
