/** The hand mask where networks saw hands: their word first, the classical foreground where it hangs together with that. */
import { connectedComponents } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, dilate, opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { type ColourModel, plateDensity } from '../movers/colour-model.js';

/** Evidence this high is a hand drawn from its points (fingers, palm). */
const DRAWN = 235;
/** Persons are believed from here on. */
const SURE_PERSON = 200;
/** Evidence below this, while hands are seen elsewhere, speaks against a hand. */
const UNLIKELY = 100;
/** A drawn hand is a little too large or beside the true one: pixels that show the plate within this Lab distance are not it. */
const PLATE_DISTANCE = 5;
/** A part with fewer moving pixels than this, or a smaller share of them, stands still. */
const MIN_MOVING_PX = 12;
const MIN_MOVING_SHARE = 0.04;
/** How far foreground may lie from a seen hand and still belong to its arm, half-size px. */
const REACH_PX = 3;
/** How far around evidence the hand's colours are searched, half-size px. */
const COLOUR_REACH_PX = 5;

/**
 * [H/2, W/2] `classical` is the mask found without networks, `evidence` the map of `Evidence.hand`, `owner` is set on
 * visible objects, `plateHalf` [H/2, W/2, 3] the clean plate.
 */
export function handWithEvidence(
  clip: Clip,
  k: number,
  classical: Uint8Array,
  evidence: Uint8Array,
  owner: Uint8Array,
  plateHalf: Uint8Array,
  colours: ColourModel,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const lab = clip.labAt(k);
  const core = new Uint8Array(w * h);
  const moving = new Uint8Array(w * h);
  for (let i = 0; i < core.length; i++) {
    if (owner[i] !== 0 || clip.valid[i] === 0 || evidence[i] < SURE_PERSON) continue;
    const differs = labDistance2(lab, i, plateHalf, i) > PLATE_DISTANCE ** 2;
    // A person who never leaves is part of the plate; a drawn finger is not.
    if (differs || evidence[i] < DRAWN) core[i] = 1;
    if (differs) moving[i] = 1;
  }
  dropStill(core, moving, w, h);
  const near = dilate(core, w, h, COLOUR_REACH_PX);
  const grown = Uint8Array.from(core);
  for (let i = 0; i < grown.length; i++) {
    if (near[i] === 0 || owner[i] !== 0 || grown[i] !== 0) continue;
    if (colours.density(lab, i) > 2 * plateDensity(lab, i, plateHalf, i, PLATE_DISTANCE)) grown[i] = 1;
  }
  const out = closed(opened(grown, w, h, 1), w, h, 1);
  for (let i = 0; i < out.length; i++) if (core[i] !== 0) out[i] = 1;
  addConnected(out, classical, evidence, w, h);
  for (let i = 0; i < out.length; i++) if (owner[i] !== 0) out[i] = 0;
  return out;
}

/** Networks take pots and vases for persons: what shows no more than the plate in all of its parts is none. */
function dropStill(core: Uint8Array, moving: Uint8Array, w: number, h: number): void {
  const { labels, components } = connectedComponents(core, w, h);
  const moved = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) if (moving[i] !== 0) moved[labels[i]]++;
  const keep = new Uint8Array(components.length + 1);
  for (const { label, area } of components) {
    if (moved[label] > Math.max(MIN_MOVING_PX, MIN_MOVING_SHARE * area)) keep[label] = 1;
  }
  for (let i = 0; i < core.length; i++) if (keep[labels[i]] === 0) core[i] = 0;
}

/** Classical parts that touch a seen hand (sleeves, arms), or that nothing speaks against. */
function addConnected(out: Uint8Array, classical: Uint8Array, evidence: Uint8Array, w: number, h: number): void {
  const reach = dilate(out, w, h, REACH_PX);
  const { labels, components } = connectedComponents(classical, w, h);
  const touches = new Uint8Array(components.length + 1);
  const doubted = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    if (reach[i] !== 0) touches[labels[i]] = 1;
    if (evidence[i] < UNLIKELY) doubted[labels[i]]++;
  }
  const keep = new Uint8Array(components.length + 1);
  for (const { label, area, box } of components) {
    const atBorder = box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1;
    if (touches[label] !== 0 || atBorder || doubted[label] < 0.5 * area) keep[label] = 1;
  }
  for (let i = 0; i < out.length; i++) if (keep[labels[i]] !== 0) out[i] = 1;
}
