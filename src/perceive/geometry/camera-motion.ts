/** Does the camera move? Corners chained from frame to frame, and robust homographies to frame 0. */
import type { Random } from '../../base/random.js';
import type { ByteImage } from '../../image/image.js';
import { buildPyramid, findCorners, type KltOptions, trackPointsChecked } from '../tracks/klt.js';
import { applyHomography, type Homography, IDENTITY_HOMOGRAPHY, ransacHomography } from '../tracks/motion-models.js';
import type { Pyramid } from '../tracks/pyramid.js';

export interface CameraMotion {
  kind: 'static' | 'handheld';
  /** Largest mean shift of the image corners against frame 0, work-size px (90th percentile over time). */
  shiftPx: number;
  maxShiftPx: number;
  /** Work-size pixels of frame k from work-size pixels of frame 0; null when static. */
  frameFromReference: Homography[] | null;
  /** Share of corners that agree with the model in the worst frame: low means "not one rigid background". */
  worstInlierShare: number;
  /** Frames in which no believable motion was found: they keep that of the frame before. */
  lostFrames: number;
  /** Frames after which most of the picture changed in one step: cuts. */
  cuts: number[];
}

/** Static clips with people in view gave at most 1.9 px, the hand-held one 15 px (90th percentile, 640 px). */
const MOVING_PX = 2.5;
/** A swaying person's corners can outvote a still room by number, hardly by the area they cover. */
const MOVED_COVERAGE_RATIO = 1.5;
/** Side of the cells in which coverage is counted, half-size px. */
const CELL_PX = 32;
/** A corner shift beyond this share of the width cannot come from the few corners left: the model is nonsense. */
const MAX_SHIFT_SHARE = 0.25;
const MIN_ALIVE = 20;
const NUM_CORNERS = 220;
/** Half-size images: 11 px here is 22 px at work size. */
const KLT: KltOptions = { windowPx: 11, maxIterations: 8, maxForwardBackwardPx: 0.7 };
/** A step in which this share of pixels changes by more than 25 grey levels is a cut. */
const CUT_SHARE = 0.4;

/** Feed half-size grey frames in order, then `finish`. Keeps only two pyramids. */
export class CameraMotionTracker {
  private previous: Pyramid | null = null;
  /** Its memory is used again. */
  private spare: Pyramid | undefined;
  private previousGrey: ByteImage | null = null;
  private start: Float32Array = new Float32Array(0);
  private now: Float32Array = new Float32Array(0);
  private readonly homographies: Homography[] = [];
  private readonly cuts: number[] = [];
  private worstInlierShare = 1;
  private lostFrames = 0;
  /** Frames whose homography explains clearly more of the picture than "nothing moved". */
  private movedFrames = 0;

  constructor(
    /** Work size (twice the size of the frames fed). */
    private readonly widthPx: number,
    private readonly heightPx: number,
    private readonly random: Random,
  ) {}

  add(grey: ByteImage): void {
    const pyramid = buildPyramid(grey, 3, this.spare);
    if (!this.previous || !this.previousGrey) {
      this.start = findCorners(pyramid[0], NUM_CORNERS, 8, 0.005);
      this.now = this.start;
      this.homographies.push(IDENTITY_HOMOGRAPHY);
    } else {
      if (changedShare(this.previousGrey, grey) > CUT_SHARE) this.cuts.push(this.homographies.length);
      this.now = trackPointsChecked(this.previous, pyramid, this.now, KLT);
      const fit = ransacHomography(this.start, this.now, 1, this.random, 80);
      const alive = countFinite(this.now);
      const believable = fit && cornerShift(fit.model, grey.widthPx, grey.heightPx) < MAX_SHIFT_SHARE * grey.widthPx;
      if (fit && believable && alive >= MIN_ALIVE) {
        this.worstInlierShare = Math.min(this.worstInlierShare, fit.numInliers / alive);
        const still = coverage(
          this.start,
          (i) => Math.hypot(this.now[i] - this.start[i], this.now[i + 1] - this.start[i + 1]) <= 1,
        );
        const moved = coverage(this.start, (i) => fit.inliers[i / 2] === 1);
        if (moved > MOVED_COVERAGE_RATIO * still) this.movedFrames++;
        this.homographies.push(toWorkSize(fit.model));
      } else {
        this.worstInlierShare = 0;
        this.lostFrames++;
        this.homographies.push(this.homographies[this.homographies.length - 1]);
      }
    }
    this.spare = this.previous ?? undefined;
    this.previous = pyramid;
    this.previousGrey = grey;
  }

  finish(): CameraMotion {
    const shifts = this.homographies.map((m) => cornerShift(m, this.widthPx, this.heightPx));
    const sorted = [...shifts].sort((a, b) => a - b);
    const shiftPx = sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0;
    const moving = shiftPx > MOVING_PX && this.movedFrames > 0.1 * this.homographies.length;
    return {
      kind: moving ? 'handheld' : 'static',
      shiftPx,
      maxShiftPx: sorted[sorted.length - 1] ?? 0,
      frameFromReference: moving ? this.homographies : null,
      worstInlierShare: this.worstInlierShare,
      lostFrames: this.lostFrames,
      cuts: this.cuts,
    };
  }
}

function toWorkSize(m: Homography): Homography {
  return [m[0], m[1], 2 * m[2], m[3], m[4], 2 * m[5], m[6] / 2, m[7] / 2, m[8]];
}

function cornerShift(m: Homography, w: number, h: number): number {
  const corners = [
    [0, 0],
    [w, 0],
    [0, h],
    [w, h],
  ];
  const sum = corners.reduce((total, [x, y]) => {
    const [u, v] = applyHomography(m, x, y);
    return total + Math.hypot(u - x, v - y);
  }, 0);
  return sum / 4;
}

/** Number of image cells that hold a corner (index into the flat array) for which `test` holds. */
function coverage(xy: Float32Array, test: (i: number) => boolean): number {
  const cells = new Set<number>();
  for (let i = 0; i < xy.length; i += 2) {
    if (test(i)) cells.add(Math.floor(xy[i] / CELL_PX) * 1000 + Math.floor(xy[i + 1] / CELL_PX));
  }
  return cells.size;
}

function countFinite(xy: Float32Array): number {
  let n = 0;
  for (let i = 0; i < xy.length; i += 2) if (Number.isFinite(xy[i])) n++;
  return n;
}

function changedShare(a: ByteImage, b: ByteImage): number {
  let changed = 0;
  for (let i = 0; i < a.data.length; i++) if (Math.abs(a.data[i] - b.data[i]) > 25) changed++;
  return changed / a.data.length;
}
