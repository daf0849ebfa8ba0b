/**
 * The `objects` artifact: every task object as 3D Gaussians with a metric size and a simple mesh.
 *
 *   objects/objects.json        this type
 *   objects/object-<id>.ply     Gaussians in the object frame (metres)
 *   objects/object-<id>.obj     closed triangle mesh in the object frame, for grasps and collision
 *
 * Object frame: origin at the centre of the bounding box, z up as the object stands at its reference frame. Metres.
 */
import { z } from 'zod';
import { Mat4Schema, ObjectRoleSchema } from '../perceive/perception.js';

export const ShapeFamilySchema = z.enum(['box', 'revolution', 'rod', 'stack', 'prism', 'inflated', 'free', 'given']);

export const ObjectModelSchema = z.object({
  id: z.int().min(1).max(254),
  name: z.string(),
  role: ObjectRoleSchema,
  family: ShapeFamilySchema,
  /** Extents along x, y, z of the object frame, metres. */
  sizeM: z.tuple([z.number(), z.number(), z.number()]),
  /** Standard deviations of `sizeM`: of the film's scale, and of what the outlines leave open. Absent in artifacts of other makers. */
  sizeSdM: z.tuple([z.number(), z.number(), z.number()]).optional(),
  /** Open at the top (bowl, cup): other things can be put in. `innerRadiusM` etc. follow from the mesh. */
  hollow: z.boolean(),
  /** 'z': turning about z changes nothing but the texture. */
  symmetry: z.enum(['none', 'z']),
  gaussians: z.string(),
  mesh: z.string(),
  referenceFrame: z.int(),
  /** Pose at the reference frame as the shape fit found it (cameraFromObject); the poses stage starts from it. */
  cameraFromObject: Mat4Schema,
  /** Silhouette agreement of the fit, 0..1, and the resulting trust. */
  fitIou: z.number(),
  confidence: z.number(),
});
export type ObjectModel = z.infer<typeof ObjectModelSchema>;

export const ObjectsSchema = z.object({
  kind: z.literal('v2r/objects'),
  version: z.literal(1),
  objects: z.array(ObjectModelSchema),
});
export type Objects = z.infer<typeof ObjectsSchema>;

/** Triangle mesh: `vertices` [V, 3] metres, `triangles` [F, 3] indices, counter-clockwise seen from outside. */
export interface TriangleMesh {
  readonly vertices: Float64Array;
  readonly triangles: Uint32Array;
}
