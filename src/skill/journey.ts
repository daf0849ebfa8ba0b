/** A journey of an object from rest to rest, and the tasks it is made of. */
import { type Actor, tableLevel } from './actor.js';
import type { Carry } from './motion.js';
import { median } from './pose-statistics.js';
import type { Relation } from './relation.js';
import type { TaskWord } from './skill.js';

export interface Journey {
  readonly actor: Actor;
  readonly carry: Carry;
  /** First frame clearly off its support and last one before it is down again; null when it only slid. */
  readonly liftFrame: number | null;
  readonly downFrame: number | null;
  /** Height gained, metres. */
  readonly liftM: number;
}

export interface Task {
  readonly word: TaskWord;
  readonly target: Actor | null;
  readonly fromFrame: number;
  readonly toFrame: number;
  /** First frame nearer than the contact distance; null for the table. */
  readonly contactFrame: number | null;
  /** Repeated contacts (drum): the frame of each, the first among them. */
  readonly hitFrames?: readonly number[];
  readonly relation: Relation | null;
  readonly confidence: number;
  readonly evidence: string;
  /** The source is at rest in the last frame: its final pose may be settled onto its support. */
  readonly endsAtRest: boolean;
  /** The relative motion is measured from where the target was at the start, because the source moves it. */
  readonly targetFrozen: boolean;
  /** Objects that the source pushes or carries along. */
  readonly driven: readonly Actor[];
}

/** Shapes of this confidence and more tell motion as well as the best do. */
const TRUSTED_SHAPE = 0.3;
/** Height that counts as lifted, metres (or what noise demands). */
const LIFT_M = 0.008;

export function describeJourney(actor: Actor, carry: Carry): Journey {
  const startLevel = carry.restBefore ? bottomNear(actor, carry.fromFrame, -1) : tableLevel(actor);
  const endLevel = carry.restAfter ? bottomNear(actor, carry.toFrame, 1) : startLevel;
  const margin = Math.max(LIFT_M, 3 * actor.track.noiseM);
  let liftFrame: number | null = null;
  let downFrame: number | null = null;
  let liftM = 0;
  for (let t = carry.fromFrame; t <= carry.toFrame; t++) {
    liftM = Math.max(liftM, actor.bottomM[t] - startLevel);
    if (liftFrame === null && actor.bottomM[t] > startLevel + margin) liftFrame = t;
    if (actor.bottomM[t] > endLevel + margin) downFrame = Math.min(t + 1, carry.toFrame);
  }
  // Sliding with a wobble is not lifting.
  const lifted = liftM > 2 * margin && liftFrame !== null;
  return { actor, carry, liftM, liftFrame: lifted ? liftFrame : null, downFrame: lifted ? downFrame : null };
}

/** Median height of the bottom over some frames from `frame` on (step 1) or back from it (step -1), metres. */
export function bottomNear(actor: Actor, frame: number, step: 1 | -1): number {
  const heights: number[] = [];
  for (let k = 0; k < 8; k++) {
    const h = actor.bottomM[frame + k * step];
    if (h !== undefined) heights.push(h);
  }
  return median(heights);
}

/** A way that nobody saw is believed this much when perception saw the thing leave its place and arrive at another. */
const ENDS_SEEN = 0.75;

/**
 * Trust in a journey: how far it stands out of the noise, how much of it was seen (or that it was seen to leave and to arrive:
 * what is pushed hides behind the tool), whether both ends are in the video, and whether the object's shape fits what was seen at
 * all and its depth had to be mended.
 */
export function journeyConfidence({ actor, carry }: Journey): number {
  const clear = 1 - Math.exp(-carry.travelM / (6 * Math.max(actor.track.sdM, 1e-4)));
  const endsSeen = actor.isSeenToMove && carry.restBefore !== null && carry.restAfter !== null;
  const seen = Math.max(0.3 + 0.7 * carry.observedShare, endsSeen ? ENDS_SEEN : 0);
  const shape = 0.5 + 0.5 * Math.min(1, actor.model.confidence / TRUSTED_SHAPE);
  const depth = 1 - actor.track.depthDoubt;
  return clear * seen * shape * depth * (carry.restBefore ? 1 : 0.7) * (carry.restAfter ? 1 : 0.8);
}
