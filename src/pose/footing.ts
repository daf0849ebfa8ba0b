/**
 * Whether a followed thing slides on what bears it: from a rest until it is lifted, and again where it is set down on the way (a brush that
 * sweeps). While a hand covers half of it, a tilted pose 4 cm over the table explains the pictures as well as an upright one that stands on it.
 */
import type { Mat4 } from '../math/se3.js';
import { type Refined, refinePose } from './adam.js';
import type { TrackedObject, View } from './objective.js';
import { supportsOf } from './support.js';
import { supportedOnRay, uprightAt } from './upright.js';

/** An object is pushed along what it stands on while that explains a frame within this much of the free fit... */
const GROUND_TOLERANCE = 0.015;
/** ...and counts as lifted after this many frames in which it does not. */
const LIFTED_AFTER = 2;
/** What is carried was set down when so many frames in a row are explained as well by sliding, and that well... */
const LANDED_AFTER = 4;
const LANDED_IOU = 0.85;
/**
 * ...and then slides on until it is lifted clearly, in so many of the last frames: masks that take in what it pushes are explained better by
 * tilting. The worse a frame is explained at all, the less a difference says.
 */
const SLIDING_SHARE = 0.15;
const LIFTED_AGAIN_AFTER = 3;
const LAST_FRAMES = 5;
/** Farther from the table than this share of its distance, nothing has been set down. */
const LANDING_REACH = 1.15;
/** Steps after which it shows whether sliding explains a frame at all. */
const FIRST_STEPS = 5;
const HOPELESS = 0.15;

/** Whether what was set down slides, when a free pose costs `free` and one that stands `slid`. */
export const stillSlides = (slid: number, free: number): boolean =>
  slid < free + Math.max(GROUND_TOLERANCE, SLIDING_SHARE * free);

export class Footing {
  private state: 'standing' | 'carried' | 'sliding';
  /** Frames that sliding does not explain: since the rest, or of the last ones. */
  private failed: number[] = [];
  private explained = 0;

  /** `reference`: standing means as there; `slides`: frames in which it is known to slide. */
  constructor(
    isStanding: boolean,
    private readonly reference: Mat4 | null,
    private readonly slides: ReadonlySet<number>,
  ) {
    this.state = isStanding ? 'standing' : 'carried';
  }

  /** The frame explained by sliding and turning on the support; null when the free pose is to be believed. */
  slide(
    object: TrackedObject,
    frameIdx: number,
    last: Mat4,
    free: Refined,
    views: readonly View[],
    steps: number,
  ): Refined | null {
    if (this.state === 'carried') return this.land(object, frameIdx, free, views, steps);
    const slid = supportsOf(object.field)
      .map((field) => refinePose({ ...object, field }, last, views, { steps, freedom: 'on-table' }))
      .reduce((a, b) => (b.value < a.value ? b : a));
    if (this.isExplained(frameIdx, slid, free)) return slid;
    this.failed.push(frameIdx);
    const isLifted =
      this.state === 'standing'
        ? this.failed.length >= LIFTED_AFTER
        : this.failed.filter((t) => Math.abs(frameIdx - t) < LAST_FRAMES).length >= LIFTED_AGAIN_AFTER;
    if (isLifted) {
      this.state = 'carried';
      this.failed = [];
      this.explained = 0;
    }
    return null;
  }

  /** What another pass says about this frame decides how much it must be explained better by lifting. */
  private isExplained(frameIdx: number, slid: Refined, free: Refined): boolean {
    const isSure =
      this.state !== 'standing' && (this.slides.size === 0 ? this.state === 'sliding' : this.slides.has(frameIdx));
    return isSure ? stillSlides(slid.value, free.value) : slid.value < free.value + GROUND_TOLERANCE;
  }

  private land(
    object: TrackedObject,
    frameIdx: number,
    free: Refined,
    views: readonly View[],
    steps: number,
  ): Refined | null {
    const slid = this.landed(object, free, views, steps);
    const isExplained = slid !== null && slid.iou >= LANDED_IOU && this.isExplained(frameIdx, slid, free);
    this.explained = isExplained ? this.explained + 1 : 0;
    if (!isExplained || (!this.slides.has(frameIdx) && this.explained < LANDED_AFTER)) return null;
    this.state = 'sliding';
    return slid;
  }

  /** The free pose set down upright along its ray; null where nothing is near enough or that shows at once to be wrong. */
  private landed(object: TrackedObject, free: Refined, views: readonly View[], steps: number): Refined | null {
    if (this.reference === null) return null;
    const upright = uprightAt(object, free.cameraFromObject, this.reference);
    const body = { ...object, field: null };
    const [start] = supportedOnRay(body, upright, LANDING_REACH);
    if (!start) return null;
    const first = refinePose(body, start, views, { steps: FIRST_STEPS, freedom: 'on-table' });
    if (first.value > free.value + HOPELESS) return null;
    return refinePose(body, first.cameraFromObject, views, { steps, freedom: 'on-table' });
  }
}
