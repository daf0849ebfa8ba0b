/**
 * What networks see in a clip, gathered before the classical steps run: hands as points, persons as a map, things with
 * names. A network that is missing or broken is left out, with a warning that names it.
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import type { FloatImage } from '../../image/image.js';
import { CocoBoxes } from '../../models/networks/coco-boxes.js';
import { HandLandmarks } from '../../models/networks/hand-landmarks.js';
import { PalmDetection } from '../../models/networks/palm-detection.js';
import { PersonMask } from '../../models/networks/person-mask.js';
import { ModelUnavailable } from '../../models/runtime.js';
import type { Clip } from '../clip.js';
import type { Evidence, NamedBox } from '../evidence.js';
import { drawHand } from './hand-drawing.js';
import { type HandTracks, trackHands } from './hand-tracks.js';

/** The networks that speak about who is who; those that are not there are null. */
export interface SightNetworks {
  readonly palms: PalmDetection | null;
  readonly landmarks: HandLandmarks | null;
  readonly person: PersonMask | null;
  readonly boxes: CocoBoxes | null;
}

/** Opens what is there. `warn` is told about each network that is not. */
export async function openSightNetworks(warn: (problem: ModelUnavailable) => void): Promise<SightNetworks> {
  const attempt = async <T>(open: () => Promise<T>): Promise<T | null> => {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ModelUnavailable)) throw error;
      warn(error);
      return null;
    }
  };
  return {
    palms: await attempt(() => PalmDetection.open()),
    landmarks: await attempt(() => HandLandmarks.open()),
    person: await attempt(() => PersonMask.open()),
    boxes: await attempt(() => CocoBoxes.open()),
  };
}

export interface NetworkEvidence extends Evidence {
  /** Null when the hand networks are not there. */
  readonly handTracks: HandTracks | null;
}

/** Named things are looked for in about this many frames, persons in this many: they change slowly. */
const BOX_FRAMES = 14;
const PERSON_FRAMES = 40;
/** Below this score words are noise; rescuing an object asks for more. */
const MIN_BOX_SCORE = 0.15;
/** A person map this faint everywhere says nothing. */
const MIN_PERSON = 0.5;

export async function gatherEvidence(clip: Clip, networks: SightNetworks, ctx: StageContext): Promise<NetworkEvidence> {
  const boxes = await lookForBoxes(clip, networks.boxes, ctx);
  const persons = await lookForPersons(clip, networks.person, ctx);
  const { palms, landmarks } = networks;
  const personBoxes = (k: number): NamedBox[] =>
    nearest(boxes, k).filter(({ word, score }) => word === 'person' && score > 0.3);
  const handTracks = palms && landmarks ? await trackHands(clip, palms, landmarks, personBoxes, ctx) : null;
  let last: { k: number; map: Uint8Array | null } | null = null;
  return {
    handTracks,
    boxFrames: [...boxes.keys()],
    boxes: (k) => nearest(boxes, k),
    // Drawn when asked for, the last one kept: a long clip's maps would not fit in memory.
    hand: (k) => {
      if (last?.k !== k) last = { k, map: handMap(clip, k, handTracks, persons) };
      return last.map;
    },
  };
}

function nearest(boxes: ReadonlyMap<number, readonly NamedBox[]>, k: number): readonly NamedBox[] {
  let best: number | null = null;
  for (const frame of boxes.keys()) if (best === null || Math.abs(frame - k) < Math.abs(best - k)) best = frame;
  return best === null ? [] : (boxes.get(best) ?? []);
}

async function lookForBoxes(
  clip: Clip,
  network: CocoBoxes | null,
  ctx: StageContext,
): Promise<Map<number, readonly NamedBox[]>> {
  const found = new Map<number, readonly NamedBox[]>();
  if (!network) return found;
  for (const k of spread(clip.numFrames, BOX_FRAMES)) {
    throwIfCancelled(ctx);
    found.set(k, await network.detect(await clip.readWork(k), MIN_BOX_SCORE));
  }
  return found;
}

/** Per sampled frame [H/2, W/2] u8 probability of a person. */
async function lookForPersons(
  clip: Clip,
  network: PersonMask | null,
  ctx: StageContext,
): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  if (!network) return found;
  for (const k of spread(clip.numFrames, PERSON_FRAMES)) {
    throwIfCancelled(ctx);
    const map: FloatImage = await network.look(await clip.readWork(k), clip.halfWidthPx, clip.halfHeightPx);
    found.set(
      k,
      Uint8Array.from(map.data, (p) => Math.round(255 * p)),
    );
    ctx.progress(k + 1, clip.numFrames, 'persons');
  }
  return found;
}

/** `count` frames spread evenly, both ends included; all when there are fewer. */
function spread(numFrames: number, count: number): number[] {
  if (numFrames <= count) return Array.from({ length: numFrames }, (_, k) => k);
  return Array.from({ length: count }, (_, i) => Math.round((i * (numFrames - 1)) / (count - 1)));
}

/** Values of the map: inside a drawn hand, and away from everything while hands are seen elsewhere. */
const HAND_VALUE = 240;
const ELSEWHERE_VALUE = 50;
/** Persons stay below drawn hands, however sure: they may be part of the scene that never leaves. */
const MAX_PERSON_VALUE = 230;

function handMap(
  clip: Clip,
  k: number,
  handTracks: HandTracks | null,
  persons: ReadonlyMap<number, Uint8Array>,
): Uint8Array | null {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const hands = handTracks?.[k] ?? [];
  const person = personAt(persons, k);
  if (hands.length === 0 && !person) return null;
  const out = new Uint8Array(w * h).fill(hands.length > 0 ? ELSEWHERE_VALUE : 128);
  if (person) for (let i = 0; i < out.length; i++) out[i] = Math.max(out[i], Math.min(MAX_PERSON_VALUE, person[i]));
  for (const hand of hands) drawHand(hand, out, w, h, 0.5, HAND_VALUE);
  return out;
}

/** Person map of frame k, blended between the two sampled frames around it; null where it shows nobody. */
function personAt(persons: ReadonlyMap<number, Uint8Array>, k: number): Uint8Array | null {
  let before = -1;
  let after = Number.POSITIVE_INFINITY;
  for (const frame of persons.keys()) {
    if (frame <= k && frame > before) before = frame;
    if (frame >= k && frame < after) after = frame;
  }
  const a = persons.get(before) ?? persons.get(after);
  const b = persons.get(after) ?? a;
  if (!a || !b) return null;
  const t = after > before && Number.isFinite(after) && before >= 0 ? (k - before) / (after - before) : 0;
  const out = a.map((value, i) => value * (1 - t) + b[i] * t);
  return out.some((value) => value > 255 * MIN_PERSON) ? out : null;
}
