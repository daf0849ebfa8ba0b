/** Sizes and places that the host and the kernels must agree on; kernels/layout.ts tells what lies where. */
export const PLANES_PER_SET = 13;
/** A closed set has its outward normals in three more planes. */
export const NORMAL_PLANES = 3;
export const RECORD_BYTES = 64;
/** Scratch per visible Gaussian: sort key, order, (key, index) pair, tile box. */
export const KEY_BYTES = 4;
export const ORDER_BYTES = 4;
export const PAIR_BYTES = 8;
export const BOX_BYTES = 8;
/** Projection writes four at a time, so lists have room for this many more. */
export const SLACK = 4;
/** rows of [scale * R | t] as f32. */
export const POSE_FLOATS = 12;
/** Sums of one tile that a gradient needs. */
export const TILE_BYTES = 12288;
/** f32 of a record: exponent polynomial, label | instance << 8 (as u32), index in its set (as u32). */
export const RECORD_A = 1;
export const RECORD_B = 2;
export const RECORD_C = 8;
export const RECORD_OWNER = 13;
export const RECORD_GAUSSIAN = 14;
/** The exponent's A and C times this are the inverse 2D covariance (B: half of it); see EXP_G in kernels/layout.ts. */
export const CONIC_FACTOR = (-2 * Math.LN2) / 0.029338309079992235;
/** f32 per record of the screen gradients. */
export const GRADIENT_FLOATS = 16;
