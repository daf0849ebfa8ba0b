/**
 * The four steps of perception, each an interface with several providers: classical (no download), onnx (networks), files
 * (results the user already has). Steps meet in these types only, so that any mix of providers works.
 */
import type { StageContext } from '../../base/context.js';
import type { ByteImage, FloatImage, RgbImage } from '../../image/image.js';
import type { Mat4 } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { ChangeAnalysis } from '../change/change-analysis.js';
import type { Plates } from '../change/plates.js';
import type { Clip } from '../clip.js';
import type { Estimate } from '../geometry/estimate.js';
import type { HandWidth } from '../geometry/geometry-cues.js';
import type { CameraEstimate } from '../geometry/table.js';
import type { TablePoints } from '../geometry/table-points.js';
import type { Mover } from '../movers/movers.js';
import type { Target } from '../movers/target.js';
import type { PerceivedObject, Tracks } from '../perception.js';
import type { HandTracks } from './hand-tracks.js';

/** What is seen in one frame. */
export interface FrameIds {
  /** Id map at work size. */
  readonly ids: ByteImage;
  /** The same at frame size, where the provider knows it better than by enlarging; else null. */
  readonly frameIds: ByteImage | null;
  /** Number of work-size pixels that are hand or arm. */
  readonly handArea: number;
  /** By object id: 0 (guessed or hidden) to 1. */
  readonly confidence: ReadonlyMap<number, number>;
}

/** Who is who in a clip. Movers have ids 1, 2, ... in their order, targets carry their own. */
export interface Segmentation {
  readonly movers: readonly Mover[];
  readonly targets: readonly Target[];
  readonly objects: readonly PerceivedObject[];
  /** Pictures in which the movers rest at their first / last places. */
  readonly rests: Pick<Plates, 'firstLab' | 'lastLab'>;
  /** The scene behind everything that moved: at frame size, and [H, W, 3] u8 Lab at work size. */
  readonly plate: { readonly rgb: RgbImage; readonly lab: Uint8Array };
  readonly change: Pick<ChangeAnalysis, 'transients' | 'events'>;
  /** Hands as points per frame, where a network saw them; else null. */
  readonly hands?: HandTracks | null;
  /** Called once per frame, in order; several may be asked for before the first is answered. */
  frame(k: number): Promise<FrameIds>;
}

export interface SegmentProvider {
  segment(clip: Clip, ctx: StageContext): Promise<Segmentation>;
}

/** Collects tracks while the id maps are made, so that covered points can be left out. */
export interface TrackSink {
  /** Once per frame, in order, with the id map at work size. */
  addFrame(k: number, ids: ByteImage): void;
  finish(): Tracks;
}

export interface TrackProvider {
  start(clip: Clip, segmentation: Segmentation, ctx: StageContext): Promise<TrackSink>;
}

/** What the camera step may use. */
export interface CameraInputs {
  readonly clip: Clip;
  readonly segmentation: Segmentation;
  /** Known when all frames have been segmented; what does not need it can be done before. */
  readonly handWidth: Promise<HandWidth | null>;
  /** Focal length as on 35 mm film from metadata, or null. */
  readonly focal35mm: number | null;
  /** Where the user says that the table is bare; null if nowhere. */
  readonly table: TablePoints | null;
}

export interface CameraFinding {
  readonly camera: CameraEstimate;
  /** Unit normal of the table, up, in the camera frame. */
  readonly up: Vec3;
  readonly normalSdDeg: number;
  readonly normalSource: string;
  /** z-depth in metres at which the optical axis meets the table; `sd` is that of its logarithm. */
  readonly distance: Estimate;
  /** Where the provider knows it exactly; else it follows from `up` and `distance`. */
  readonly cameraFromWorld?: Mat4;
}

export interface CameraProvider {
  estimate(inputs: CameraInputs, ctx: StageContext): Promise<CameraFinding>;
}

/** Depth of one frame. */
export interface DepthMap {
  readonly frame: number;
  /** [H, W] f32 z-depth in metres at frame size; 0: none. */
  readonly depth: FloatImage;
  /** Median relative distance from the table plane, on the table near the objects. */
  readonly tableError: number;
}

/** What the depth step may use. */
export interface DepthInputs {
  readonly clip: Clip;
  readonly found: CameraFinding;
  /** Id maps at work size of the frames whose depth is wanted. */
  readonly ids: ReadonlyMap<number, ByteImage>;
  /** Where the user says that the table is bare; null if nowhere. */
  readonly table: TablePoints | null;
}

export interface DepthProvider {
  /** What it is called in depth.json. */
  readonly source: string;
  /** Camera, table and scale as depth tells them; the same when it cannot. */
  refine(inputs: DepthInputs, ctx: StageContext): Promise<CameraFinding>;
  maps(inputs: DepthInputs, ctx: StageContext): Promise<DepthMap[]>;
}
