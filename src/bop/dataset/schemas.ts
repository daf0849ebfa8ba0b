/** The JSON files of a BOP data set as they are on disk: millimetres, row-major matrices, ids as decimal keys. */
import { z } from 'zod';

const finite = z.number();
const matrix3 = z.array(finite).length(9);
const vector3 = z.array(finite).length(3);
/** Keys are integers written without padding. */
const byId = <S extends z.ZodType>(value: S) => z.record(z.string().regex(/^\d+$/), value);

export const SceneCameraSchema = byId(
  z.object({
    cam_K: matrix3,
    depth_scale: finite.nonnegative().optional(),
    cam_R_w2c: matrix3.optional(),
    cam_t_w2c: vector3.optional(),
  }),
);

export const SceneGtSchema = byId(z.array(z.object({ obj_id: z.int(), cam_R_m2c: matrix3, cam_t_m2c: vector3 })));

export const SceneGtInfoSchema = byId(z.array(z.object({ visib_fract: finite })));

const extent = finite.nonnegative();
export const ModelsInfoSchema = byId(
  z.object({
    diameter: finite.positive(),
    size_x: extent,
    size_y: extent,
    size_z: extent,
    /** Not part of the layout; ours have it. */
    name: z.string().optional(),
    symmetries_discrete: z.array(z.array(finite).length(16)).optional(),
    symmetries_continuous: z.array(z.object({ axis: vector3, offset: vector3 })).optional(),
  }),
);

export const TargetsSchema = z.array(
  z.object({
    scene_id: z.int().nonnegative(),
    im_id: z.int().nonnegative(),
    obj_id: z.int(),
    inst_count: z.int().positive(),
  }),
);
