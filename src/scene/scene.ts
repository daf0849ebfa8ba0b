/**
 * The `scene` artifact: where episodes take place.
 *
 *   scene/scene.json       this type
 *   scene/background.png   the video's own picture with every task object and the hand taken out, at frame size
 *   scene/depth.npy        [H, W] f32 z-depth of that background, metres (table plane; 0 = far)
 */
import { z } from 'zod';
import { IntrinsicsSchema } from '../math/camera.js';
import { Mat4Schema } from '../perceive/perception.js';

export const SceneSchema = z.object({
  kind: z.literal('v2r/scene'),
  version: z.literal(1),
  /** The video's camera: episodes are seen through it unless augmentation moves it. */
  camera: IntrinsicsSchema,
  cameraFromWorld: Mat4Schema,
  robot: z.string(),
  worldFromBase: Mat4Schema,
  /** Convex polygon in world x, y (metres, counter-clockwise) on which objects may be put: on the table, in view, in reach. */
  workspace: z.array(z.tuple([z.number(), z.number()])),
  /**
   * Discs on the table (world x, y, radius in metres) where the picture shows things that stay: nothing is put there, nor behind them,
   * as they are part of the picture. Absent: none.
   */
  occupied: z.array(z.tuple([z.number(), z.number(), z.number()])).optional(),
  /** Share of sampled object places that the arm reaches with its hand pointing down. */
  reachShare: z.number(),
  /** Standard deviation of the logarithm of all lengths, as perception states it; absent: lengths are known. */
  scaleLogSd: z.number().min(0).optional(),
  finding: z.string(),
});
export type Scene = z.infer<typeof SceneSchema>;
