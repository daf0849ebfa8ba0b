/** The `poses` artifact (`poses/poses.json`): the rigid pose of every object in every frame. */
import { z } from 'zod';
import { Mat4Schema } from '../perceive/perception.js';

export const PoseFrameSchema = z.object({
  /** null where the object could not be tracked. */
  cameraFromObject: Mat4Schema.nullable(),
  /** resting: does not move on the table; moving: carried or pushed; guessed: interpolated through an occlusion or a loss. */
  state: z.enum(['resting', 'moving', 'guessed', 'lost']),
  /** Share of the object's silhouette that is not covered by the hand or another object. */
  visibleFraction: z.number(),
  /** Final render-and-compare loss (dimensionless, see docs). */
  loss: z.number(),
  /** Standard deviations of position (metres) and rotation (radians), a rough estimate. */
  sdM: z.number(),
  sdRad: z.number(),
});
export type PoseFrame = z.infer<typeof PoseFrameSchema>;

export const PosesSchema = z.object({
  kind: z.literal('v2r/poses'),
  version: z.literal(1),
  fps: z.number(),
  numFrames: z.int(),
  cameraFromWorld: Mat4Schema,
  objects: z.array(z.object({ id: z.int(), frames: z.array(PoseFrameSchema) })),
});
export type Poses = z.infer<typeof PosesSchema>;
