/** Objects from a clip: shapes from their rests, a first look at where they go, then refined by what that shows of their other sides. */
import type { StageContext } from '../base/context.js';
import { type BuiltObjects, buildObjects, type ObjectInputs } from '../objects/build-objects.js';
import type { ObjectOptions } from '../objects/options.js';
import { refineObjects } from '../objects/refine-objects.js';
import type { Tracks } from '../perceive/perception.js';
import { firstLook } from './first-look.js';

export interface ReconstructInputs extends ObjectInputs {
  readonly tracks: Tracks | null;
}

export async function reconstructObjects(
  inputs: ReconstructInputs,
  options: ObjectOptions,
  ctx: StageContext,
): Promise<BuiltObjects> {
  const built = await buildObjects(inputs, options, ctx);
  if (!options.refineShapes || built.objects.objects.length === 0) return built;
  const posed = await firstLook({ ...inputs, ...built }, ctx);
  return refineObjects(built, inputs, posed, options, ctx);
}
