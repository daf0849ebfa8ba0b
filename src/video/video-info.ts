/**
 * The `video` artifact: the used part of the source video as equal, upright frames at a constant rate.
 *
 *   video/video.json           this type
 *   video/frames/000000.jpg    frame k was shown at startSec + k / fps of the source
 */
import { z } from 'zod';

export const VideoInfoSchema = z.object({
  kind: z.literal('v2r/video'),
  version: z.literal(1),
  source: z.object({
    /** Base name of the file. */
    name: z.string(),
    sha256: z.string(),
    container: z.string(),
    codec: z.string(),
    /** As shown: rotation and pixel aspect ratio applied. */
    widthPx: z.int().positive(),
    heightPx: z.int().positive(),
    /** Clockwise turn from stored to shown picture; already applied to the frames. */
    rotationDeg: z.number(),
    fps: z.number().positive(),
    durationSec: z.number().positive(),
    isVariableRate: z.boolean(),
    transfer: z.enum(['sdr', 'pq', 'hlg']),
    /** Focal length as on 35 mm film (diagonal 43.27 mm), from metadata; null when the file does not say. */
    focal35mm: z.number().positive().nullable(),
    cameraMake: z.string().nullable(),
    cameraModel: z.string().nullable(),
  }),
  /** Constant rate of the frames. */
  fps: z.number().positive(),
  numFrames: z.int().positive(),
  widthPx: z.int().positive(),
  heightPx: z.int().positive(),
  /** Where frame 0 lies in the source. */
  startSec: z.number().min(0),
  warnings: z.array(z.string()),
});
export type VideoInfo = z.infer<typeof VideoInfoSchema>;
