/** Numbers of the splatting formula that every backend shares (Kerbl et al. 2023, "3D Gaussian Splatting", and its code). */

/** Variance in px^2 added to both axes of every projected Gaussian, so that none falls between pixels. */
export const LOW_PASS_PX2 = 0.3;
/** A Gaussian ends where its alpha falls below this: one step of an 8-bit image. */
export const ALPHA_CUT = 1 / 255;
/** Largest alpha of one Gaussian in one pixel; keeps 1 / (1 - alpha) finite in the backward pass. */
export const ALPHA_MAX = 0.99;
/** A pixel takes no further Gaussians once its transmittance is below this. */
export const TRANSMITTANCE_STOP = 1e-4;
/** Gaussians nearer than this are not drawn: z-depth in metres. Tabletop cameras come closer than the 0.2 of the 3DGS code. */
export const NEAR_M = 0.01;
/**
 * The local affine approximation (the Jacobian) is taken at x/z and y/z clamped to the image plus this share of its half
 * size, as in the 3DGS code; beyond it the approximation explodes.
 */
export const JACOBIAN_MARGIN = 0.3;
/**
 * Closed sets: a Gaussian whose outward axis points away from the camera by more than this (cosine to the line of sight) is not
 * drawn. 0.3 keeps the rim: 57 dB in a prototype against drawing all of the bench's robot, half of its Gaussians saved; with 0 it is 47 dB.
 */
export const FACING_AWAY = 0.3;
/** Coverage from which a pixel belongs to the Gaussians: label and, over a layer, depth. */
export const COVERED = 0.5;
