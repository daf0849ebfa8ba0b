/**
 * The `perceive` artifact: what was seen, apart from each other over time, and where the table is.
 *
 *   perceive/perception.json     this type
 *   perceive/masks/000000.png    per frame an 8-bit id map: 0 background, 1..254 object ids, 255 hand / person
 *   perceive/tracks.json + .npy  point tracks on the objects
 *   perceive/plate.png           the scene as it is behind everything that moved, at frame size
 *
 * Pixels are those of the decoded frames, after stabilisation to frame 0 when the camera moved (see `frameFromReference`).
 */
import { z } from 'zod';
import { IntrinsicsSchema } from '../math/camera.js';

export const Mat4Schema = z.array(z.number()).length(16);
export const HAND_ID = 255;

/** source: moved by the hand. target: what the source ends at / acts on. passive: seen, but without a part in the task. */
export const ObjectRoleSchema = z.enum(['source', 'target', 'passive']);
export type ObjectRole = z.infer<typeof ObjectRoleSchema>;

export const PerceivedObjectSchema = z.object({
  id: z.int().min(1).max(254),
  /** Class word if one is known, else a description by colour and size ("red object"). */
  name: z.string(),
  role: ObjectRoleSchema,
  confidence: z.number().min(0).max(1),
  /** [T] how far it can be trusted in each frame, 0 (hidden or guessed) to 1. Absent in artifacts of other makers. */
  frameConfidence: z.array(z.number().min(0).max(1)).optional(),
  /** Why it was taken for an object, in words for the report. */
  evidence: z.string(),
  /** First and last frame in which its image position changes; null if it never moves. */
  motion: z.object({ firstFrame: z.int(), lastFrame: z.int() }).nullable(),
  /** Frame in which the object is seen best (at rest, not occluded): shape and frame-0 pose start there. */
  referenceFrame: z.int(),
});
export type PerceivedObject = z.infer<typeof PerceivedObjectSchema>;

export const PROVIDER_NAMES = ['classical', 'onnx', 'files'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

export const ProvidersSchema = z.object({
  segment: z.enum(PROVIDER_NAMES),
  track: z.enum(PROVIDER_NAMES),
  depth: z.enum(PROVIDER_NAMES),
  camera: z.enum(PROVIDER_NAMES),
});
export type ProvidersUsed = z.infer<typeof ProvidersSchema>;

export const PerceptionSchema = z.object({
  kind: z.literal('v2r/perception'),
  version: z.literal(1),
  numFrames: z.int(),
  fps: z.number(),
  /** Who did which step: classical, onnx or files. Absent in artifacts of other makers. */
  providers: ProvidersSchema.optional(),
  camera: IntrinsicsSchema.extend({
    source: z.enum(['metadata', 'option', 'file', 'estimated', 'assumption']),
    /** Standard deviation of ln(focal length). */
    focalLogSd: z.number(),
  }),
  table: z.object({
    /** World: origin on the table below the image centre, z up, x to the image's right, y away from the camera. Metres. */
    cameraFromWorld: Mat4Schema,
    normalSource: z.string(),
    normalSdDeg: z.number(),
    scaleSource: z.string(),
    /** Standard deviation of ln(scale): 0.2 means every length is known to about 20 %. */
    scaleLogSd: z.number(),
  }),
  cameraMotion: z.object({ kind: z.enum(['static', 'handheld']), maxShiftPx: z.number() }),
  /** Row-major 3x3 per frame, pixels of frame t from pixels of frame 0; null when the camera is static. */
  frameFromReference: z.array(z.array(z.number()).length(9)).nullable(),
  hand: z.object({ seen: z.boolean(), confidence: z.number(), firstFrame: z.int(), lastFrame: z.int() }),
  objects: z.array(PerceivedObjectSchema),
  /** What was looked for and what was seen, in sentences: the finding when nothing is manipulated, else a summary. */
  finding: z.string(),
  /** True when an object was manipulated by a hand: only then later stages run. */
  manipulated: z.boolean(),
});
export type Perception = z.infer<typeof PerceptionSchema>;

/** Point tracks. `xyPx` [T, N, 2] f32, NaN where not seen; `objectIds` [N]. Pixel centres at +0.5. */
export interface Tracks {
  readonly numFrames: number;
  readonly numTracks: number;
  readonly xyPx: Float32Array;
  readonly objectIds: number[];
}
