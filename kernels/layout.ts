/**
 * Memory layout shared by the kernels. All sizes in bytes. src/splat/wasm/layout.ts repeats what the host needs.
 *
 * Prepared set: 13 planes of f32, each `stride` Gaussians long (a multiple of 4, padded with opacity 0):
 *   x y z, covariance xx xy xz yy yz zz (metres, set frame), log2 opacity, r g b; then outward normals x y z of closed sets; then
 *   spherical harmonics [(degree + 1)^2][r g b] of sets with view-dependent colour.
 *
 * Record, one per visible Gaussian, 64 bytes, what the blend loop reads first:
 *   0 cx, 4 A, 8 B, 12 z      mean in px and metres; exponent s = A dx^2 + B dx dy + C dy^2 + LO, alpha = (s^2 + EXP_K)^16
 *   16 r, 20 g, 24 b, 28 cy   colour 0..1
 *   32 C, 36 LO
 *   40 m, 44 k2, 48 k3        the ellipse's row at dy: x = cx + 4 (m dy -+ sqrt(k2 - k3 dy^2))
 *   52 owner                  label | instance << 8
 *   56 gaussian               index in its set
 *   60 rows                   first row | (last row << 16), both inside the image; flag SMALL
 * A small Gaussian's box is as good as its ellipse: then 40 holds its first column | (last column << 16) instead of m.
 */
export const RECORD_BYTES: usize = 64;
export const REC_Z: usize = 12;
export const REC_COLOUR: usize = 16;
export const REC_CY: usize = 28;
export const REC_C: usize = 32;
export const REC_LO: usize = 36;
export const REC_SLOPE: usize = 40;
export const REC_K2: usize = 44;
export const REC_K3: usize = 48;
export const REC_OWNER: usize = 52;
export const REC_GAUSSIAN: usize = 56;
export const REC_ROWS: usize = 60;
export const SMALL: u32 = 0x8000;
export const ROW_MASK: u32 = 0x7fff;

/** A tile is 32 x 16 px: 8 x 8 blocks of 4 x 2 px, so that the blocks an ellipse touches fit one 64-bit mask. */
export const TILE_W: i32 = 32;
export const TILE_H: i32 = 16;

/** Blocks keep [T R G B Z I] x two rows of four pixels: T transmittance, Z sum of w z, I address of the median's record. */
export const BLOCK_BYTES: usize = 192;
export const NUM_BLOCKS: i32 = 64;

/**
 * Entries of a tile that are drawn together: two 64-bit words (`WORD` each). They lie in slots 0..63 and 65..128; slots 64 and
 * 129 hold a Gaussian without alpha, which is what ctz of an empty word leads to. The backward pass takes one word only, as
 * its sums would not fit the first-level cache.
 */
export const CHUNK: i32 = 128;
export const WORD: i32 = 64;
export const WORD_SLOTS: usize = 65;
/**
 * Per entry of a chunk, three rows of 8 f32 (8 bands): the parts of the exponent that only depend on y. Four bands from the
 * first one on are written at once; what spills over lies in bands that are never looked at or is written again afterwards.
 */
export const BAND_BYTES: usize = 96;
export const BAND_ROW: usize = 32;

/**
 * exp2 on [-8, 0] without exponent bits: 2^p = q(p)^16 with a quadratic q, written as (G p + H)^2 + K so that G and H go into
 * the ellipse's constants and one multiply and one add remain. Fitted for the smallest largest absolute error of alpha, 2e-4
 * (Lawson's algorithm); the usual magic-number exp2 with a polynomial of degree 2 needs three more operations for 1.7e-3.
 */
export const EXP_G: f32 = 0.029338309079992235;
export const EXP_H: f32 = 0.7367430687928755;
export const EXP_K: f32 = 0.4571974456154445;
/** log2(1 / 255): alpha below is cut; and where the cut lies after the change of variable. */
export const LOG2_CUT: f32 = -7.994353436858858;
export const EXP_CUT: f32 = EXP_G * LOG2_CUT + EXP_H;

/** Compile-time switches: `isInteger<Switch>()` is decided per instance of a generic function; the dead branch vanishes. */
export type On = i32;
export type Off = f32;

/** Variance added to both axes, px^2. */
export const LOW_PASS: f32 = 0.3;
export const ALPHA_MAX: f32 = 0.99;
export const T_STOP: f32 = 1e-4;
/**
 * Solid pictures (bytes of closed bodies): transmittances up to SOLID count as 0, from there to SOFT they rise linearly to meet the
 * true ones; pixels take nothing more below SOLID_STOP. src/splat/constants.ts tells why.
 */
export const SOLID: f32 = 0.06;
export const SOFT: f32 = 0.2;
export const SOLID_STOP: f32 = 0.02;
/** Transmittance at which coverage passes one half. */
export const T_HALF: f32 = 0.5;

/** Adding 1.5 * 2^23 rounds an f32 to an integer, which then stands in the low bits. */
export const MAGIC: f32 = 12582912;
export const MAGIC_BITS: i32 = 0x4b400000;
