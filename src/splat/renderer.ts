/**
 * The renderer's contract: what callers see, whatever backend draws (TypeScript twin, WebAssembly SIMD, WebGPU later).
 * EWA splatting as in 3DGS: 0.3 px low-pass, alpha cut 1/255, stop at transmittance 1e-4, pixel centres at +0.5.
 */
import type { Intrinsics } from '../math/camera.js';
import type { Mat4, Twist } from '../math/se3.js';
import type { GaussianSet } from './gaussians.js';

/** A set made ready for one backend (colours evaluated, covariances built). Made once, drawn many times. */
export interface PreparedSet {
  readonly count: number;
  /** Frees what the backend holds for it. */
  dispose(): void;
}

/** A prepared set at a rigid pose. All instances of one call are depth-sorted together, so they occlude each other rightly. */
export interface Instance {
  readonly set: PreparedSet;
  readonly cameraFromSet: Mat4;
  /** Uniform scale of the set before the pose, default 1. */
  readonly scale?: number;
  /** 1..255, written to `Frame.label` where this instance dominates. */
  readonly label: number;
}

/** Opaque pixels behind the Gaussians: a photo or a cached render. Gaussians behind its depth are hidden by it. */
export interface StaticLayer {
  /** [H, W, 3] u8 sRGB. */
  readonly rgb: Uint8Array;
  /** [H, W] f32 z-depth in metres, Infinity or 0 = infinitely far. */
  readonly depthM: Float32Array;
}

export interface RenderOptions {
  /** Drawn behind (and, where nearer, in front of) the Gaussians. Absent: black, and `alpha` tells the coverage. */
  readonly layer?: StaticLayer;
  /** Also fill `depthM`, `medianDepthM` and `label` (else left 0). Default true. */
  readonly depth?: boolean;
  /** Anti-aliased mode: opacity compensated for the low-pass filter (Mip-Splatting). Default false. */
  readonly antialias?: boolean;
}

/** Buffers are owned by the caller after the call: the renderer never writes to them again. */
export interface Frame {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 3] f32 0..1 sRGB; over the layer if one was given, else premultiplied over black. */
  readonly rgb: Float32Array;
  /** [H, W] f32 coverage of the Gaussians, 0..1. */
  readonly alpha: Float32Array;
  /** [H, W] f32 expected z-depth of the Gaussians in metres (sum w z / sum w), of the layer where it shows, 0 = none. */
  readonly depthM: Float32Array;
  /**
   * [H, W] u8 label of the Gaussian at which coverage, counted from the front, passes one half; 0 where it never does. Where
   * two labels share a fully covered pixel this is the one with the larger weight.
   */
  readonly label: Uint8Array;
  /** [H, W] f32 z-depth of that same Gaussian (median depth), of the layer where it shows, 0 = none. */
  readonly medianDepthM: Float32Array;
}

/** What an episode needs of a picture, in the form in which it is encoded. Owned by the caller. */
export interface ByteFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 3] u8 sRGB. */
  readonly rgb: Uint8Array;
  /** [H, W] u8, as in `Frame`. */
  readonly label: Uint8Array;
  /** [H, W] f32, as in `Frame`. */
  readonly medianDepthM: Float32Array;
}

/**
 * Derivative of a scalar loss by what the Gaussians drew, same shapes as in `Frame`: rgb premultiplied over black even if
 * there was a layer (whose depth then hides Gaussians in the gradient as it did in the picture).
 */
export interface FrameGradient {
  readonly rgb: Float32Array;
  readonly alpha: Float32Array;
  /** By the UNNORMALISED depth sum (sum w z); may be absent. */
  readonly depthSum?: Float32Array;
}

/** Gradient of the loss by a left perturbation cameraFromSet -> exp(twist) cameraFromSet, and by the log of the scale. */
export interface PoseGradient {
  readonly twist: Twist;
  readonly logScale: number;
}

/** Gradient of the loss by the parameters of every Gaussian of one instance (0 where it was not drawn). */
export interface GaussianGradient {
  /** [N, 3] by the position in the set's frame. */
  readonly position: Float64Array;
  /** [N, 3]. */
  readonly logScale: Float64Array;
  /** [N, 4] by the quaternion wxyz as stored, through its normalisation. */
  readonly rotation: Float64Array;
  /** [N]. */
  readonly opacityLogit: Float64Array;
  /** [N, 3] by the evaluated colour 0..1; by the `dc` coefficient it is SH_C0 times this. */
  readonly colour: Float64Array;
}

export interface PrepareOptions {
  /**
   * The Gaussians are the skin of closed opaque bodies and their third axis points outward, as `gaussiansFromMesh` and
   * `fromSurfaceSamples` make them. Then those that face away are not drawn: half of the work. The front alone covers its pixels
   * to 99.6 % in the middle case (a twentieth of them below 96 %); in `render` what lies behind shines through by the rest, while a
   * `renderBytes` with at least one closed set makes the whole picture solid: coverage above 94 % counts as full (`SOLID` in
   * constants.ts). docs/performance.md has the gain and the difference. Default false: everything is drawn.
   */
  readonly closed?: boolean;
}

export interface SplatRenderer {
  prepare(set: GaussianSet, options?: PrepareOptions): PreparedSet;
  /** Draws into `into` if given (same size; every value is overwritten), else into a new frame. */
  render(camera: Intrinsics, instances: readonly Instance[], options?: RenderOptions, into?: Frame): Frame;
  /** The fast way to pictures: 8-bit colour, labels and median depth only. `options.depth` false leaves the latter two 0. */
  renderBytes(camera: Intrinsics, instances: readonly Instance[], options?: RenderOptions, into?: ByteFrame): ByteFrame;
  /**
   * Back-propagates to the pose of `instances[instanceIdx]`. Call right after `render` with the same camera and
   * instances (the renderer keeps its sorted lists from that call).
   */
  poseGradient(gradient: FrameGradient, instanceIdx: number): PoseGradient;
  /**
   * The same to every Gaussian of `instances[instanceIdx]`, for fitting shapes and colours. `shape: false` leaves extents and
   * rotations out (0), which is quicker.
   */
  gaussianGradient(
    gradient: FrameGradient,
    instanceIdx: number,
    options?: { readonly shape?: boolean },
  ): GaussianGradient;
}

/** A frame of zeros. */
export function createFrame(widthPx: number, heightPx: number): Frame {
  const numPixels = widthPx * heightPx;
  return {
    widthPx,
    heightPx,
    rgb: new Float32Array(numPixels * 3),
    alpha: new Float32Array(numPixels),
    depthM: new Float32Array(numPixels),
    label: new Uint8Array(numPixels),
    medianDepthM: new Float32Array(numPixels),
  };
}

/** A byte frame of zeros. */
export function createByteFrame(widthPx: number, heightPx: number): ByteFrame {
  const numPixels = widthPx * heightPx;
  return {
    widthPx,
    heightPx,
    rgb: new Uint8Array(numPixels * 3),
    label: new Uint8Array(numPixels),
    medianDepthM: new Float32Array(numPixels),
  };
}

/** Sets everything to 0, after checking that the buffers have the camera's size. */
export function clearFrame(frame: Frame, camera: Intrinsics): void {
  checkFrameSize(frame, camera);
  for (const plane of [frame.rgb, frame.alpha, frame.depthM, frame.label, frame.medianDepthM]) plane.fill(0);
}

/** Throws when a frame to draw into has another size than the camera's picture. */
export function checkFrameSize(frame: Frame | ByteFrame, camera: Intrinsics): void {
  if (frame.widthPx === camera.widthPx && frame.heightPx === camera.heightPx) return;
  const wanted = `${camera.widthPx}x${camera.heightPx}`;
  throw new Error(`splat renderer: the frame is ${frame.widthPx}x${frame.heightPx}, the camera's picture ${wanted}`);
}
