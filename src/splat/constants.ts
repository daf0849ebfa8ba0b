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
 * drawn. Above 0 so that the rim stays, which soft outlines are made of. The bench tells what that saves and changes.
 */
export const FACING_AWAY = 0.3;
/**
 * 8-bit pictures with closed bodies: the front of a skin alone covers its pixels to 94 % at the worst, and neither its far side nor what
 * lies behind the body may shine through the rest. Transmittances up to `SOLID` therefore count as 0 and the colour is divided by its
 * coverage; from there to `SOFT` they rise linearly until they are the true ones, which keeps outlines soft. Nearer the front than
 * that nothing shows, so the fast backend stops at a transmittance of 0.02 there (SOLID_STOP in kernels/layout.ts): what is left out would be divided out.
 */
export const SOLID = 0.06;
export const SOFT = 0.2;
/** Coverage from which a pixel belongs to the Gaussians: label and, over a layer, depth. */
export const COVERED = 0.5;
