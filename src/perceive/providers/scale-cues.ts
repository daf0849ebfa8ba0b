/** Cues of scale from names and hands: what things of a class usually measure, how long a hand is, what the user knows. */
import { UserError } from '../../base/errors.js';
import type { Vec3 } from '../../math/vec3.js';
import { HAND_POINT } from '../../models/networks/hand-landmarks.js';
import type { SizeCue } from '../geometry/table.js';
import type { SizeHint } from '../hints/hints.js';
import type { Mover } from '../movers/movers.js';
import { boxOf } from '../movers/object-cut.js';
import type { UnitLength } from './classical-camera.js';
import { handLengthPx } from './hand-drawing.js';
import type { CameraInputs, Segmentation } from './provider.js';

/**
 * Usual widths in metres and the spread of their logarithm. General knowledge; widths, for heights of cans and bottles vary
 * more. Handles and odd shapes are in the spread.
 */
const CLASS_WIDTHS: Readonly<Record<string, { widthM: number; logSd: number }>> = {
  cup: { widthM: 0.08, logSd: 0.16 },
  mug: { widthM: 0.09, logSd: 0.16 },
  bowl: { widthM: 0.15, logSd: 0.18 },
  can: { widthM: 0.066, logSd: 0.12 },
  bottle: { widthM: 0.068, logSd: 0.16 },
  plate: { widthM: 0.24, logSd: 0.15 },
  'wine glass': { widthM: 0.075, logSd: 0.16 },
};

interface Outline {
  name: string;
  role: string;
  mask: Uint8Array;
}

/** Objects with the outline in which they rest. */
function outlinesOf({ objects, movers, targets }: Segmentation): Outline[] {
  const restOf = (mover: Mover): Uint8Array => (mover.carried === 'to' || !mover.from ? mover.to! : mover.from).mask;
  return objects.flatMap(({ id, name, role }) => {
    const target = targets.find((candidate) => candidate.id === id);
    const mask = target ? target.mask : movers[id - 1] ? restOf(movers[id - 1]) : null;
    return mask ? [{ name, role, mask }] : [];
  });
}

/** "cup 2" is a cup, "red mug" a mug. */
function classOf(name: string): string | null {
  const words = name.toLowerCase().replace(/ \d+$/, '');
  return Object.keys(CLASS_WIDTHS).find((word) => words === word || words.endsWith(` ${word}`)) ?? null;
}

/**
 * A detector's words are wrong as often as not on things it was not trained on: it called a drum of 0.12 m a cup, which put the table of
 * that film 22 % too near with a stated spread of 11 %.
 */
export const NETWORK_WORD_LOG_SD = 0.35;

/** `doubtOf(name)`: what is added to the spread of the class's width; null: the word does not count. */
export function classCues(
  { clip, segmentation }: CameraInputs,
  unitLength: UnitLength,
  doubtOf: (name: string) => number | null,
): SizeCue[] {
  return outlinesOf(segmentation).flatMap(({ name, mask }) => {
    const word = classOf(name);
    const box = boxOf(mask, clip.widthPx, clip.heightPx);
    if (!word || !box) return [];
    const length = unitLength(box.x1 - box.x0, (box.x0 + box.x1) / 2, box.y1);
    const { widthM, logSd } = CLASS_WIDTHS[word];
    const doubt = doubtOf(name);
    if (length === null || doubt === null) return [];
    return [{ unitLength: length, usualM: widthM, logSd: Math.hypot(logSd, doubt), what: `width of the ${name}` }];
  });
}

/**
 * Wrist to middle knuckle is 95 mm, but a gripping hand is seen foreshortened: measured 0.66..0.76 of it at the object's
 * depth, 80th percentiles 0.74..0.86. The error has one side (the hand looks too short), the spread says so.
 */
const HAND_LENGTH_M = 0.095 * 0.8;
const HAND_LOG_SD = 0.25;
const HAND_PERCENTILE = 0.8;
const MIN_HAND_FRAMES = 5;
/** Only hands this sure, and this close to the mover in hand lengths, are measured: others lie at another depth. */
const MIN_PRESENCE = 0.8;
const MAX_DISTANCE_LENGTHS = 1.5;

export function handCues({ clip, segmentation }: CameraInputs, unitLength: UnitLength): SizeCue[] {
  const { hands, movers } = segmentation;
  if (!hands) return [];
  const lengths: number[] = [];
  for (const mover of movers) {
    const ends = [
      { end: mover.from, frame: mover.liftFrame },
      { end: mover.to, frame: mover.downFrame },
    ];
    for (const { end, frame } of ends) {
      const box = end && boxOf(end.mask, clip.widthPx, clip.heightPx);
      if (!box) continue;
      const [x, y] = [(box.x0 + box.x1) / 2, box.y1];
      const margin = Math.round(0.3 * clip.fps);
      for (let k = Math.max(0, frame - margin); k <= Math.min(clip.numFrames - 1, frame + margin); k++) {
        for (const hand of hands[k]) {
          const px = handLengthPx(hand);
          const tip = 3 * HAND_POINT.indexTip;
          const apart = Math.hypot(hand.xyzPx[tip] - x, hand.xyzPx[tip + 1] - (box.y0 + box.y1) / 2);
          if (hand.presence < MIN_PRESENCE || apart > MAX_DISTANCE_LENGTHS * px) continue;
          const length = unitLength(px, x, y);
          if (length !== null) lengths.push(length);
        }
      }
    }
  }
  if (lengths.length < MIN_HAND_FRAMES) return [];
  const unit = lengths.sort((a, b) => a - b)[Math.floor(HAND_PERCENTILE * (lengths.length - 1))];
  return [
    {
      unitLength: unit,
      usualM: HAND_LENGTH_M,
      logSd: HAND_LOG_SD,
      what: 'wrist to middle knuckle of the gripping hand',
    },
  ];
}

/** Height, width and length are told apart only roughly in an outline. */
const KNOWN_SIZE_LOG_SD = 0.08;

/** `--size`: the largest of height, width and length of a named object. */
/** @throws UserError if a hint names nothing that was found, neither by name nor by role. */
export function knownSizeCues(
  hints: readonly SizeHint[],
  { clip, segmentation }: CameraInputs,
  unitLength: UnitLength,
  up: Vec3,
): SizeCue[] {
  // The optical axis looks down on the table by this angle.
  const tiltRad = Math.asin(Math.min(1, Math.max(0, -up[2])));
  const outlines = outlinesOf(segmentation);
  if (outlines.length === 0) return [];
  return hints.flatMap(({ name, sizeM }) => {
    const outline = outlines.find((each) => each.name === name) ?? outlines.find(({ role }) => role === name);
    if (!outline) {
      const known = outlines.map((each) => `"${each.name}" (${each.role})`).join(', ');
      throw new UserError(
        `--size ${name}: no object of that name; there are: ${known}`,
        'give one of these names, or source or target',
      );
    }
    const box = boxOf(outline.mask, clip.widthPx, clip.heightPx);
    if (!box) return [];
    const place = [(box.x0 + box.x1) / 2, box.y1] as const;
    const width = unitLength(box.x1 - box.x0, ...place);
    const rise = unitLength(box.y1 - box.y0, ...place);
    if (width === null || rise === null) return [];
    // What stands h high and w deep fills h cos(tilt) + w sin(tilt) upwards in the picture.
    const height = (rise - width * Math.sin(tiltRad)) / Math.max(0.3, Math.cos(tiltRad));
    const largest = Math.max(width, height);
    return [
      { unitLength: largest, usualM: sizeM, logSd: KNOWN_SIZE_LOG_SD, what: `given size of the ${outline.name}` },
    ];
  });
}
