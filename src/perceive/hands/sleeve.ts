/**
 * A grey sleeve before a grey wall looks like a shadow: the wall's hue, darker. But cloth ends sharply, a shadow fades out, and an arm
 * comes in from the picture's border.
 */
import { connectedComponents } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, dilate, maskWhere, opened } from '../../image/morphology.js';

/** Smaller parts than this are no sleeves, half-size px. */
const MIN_AREA = 150;
/** Lab distance from the plate from which on a darkening counts. */
const DARKENED_DISTANCE = 7;
/** A step that makes up this share of the whole darkening within two px is sharp (a blurred edge keeps about two thirds). */
const SHARP_STEP = 0.5;
/** Share of the outline that must be sharp: cast shadows have less than 0.2, cloth more than 0.4 (measured at 320 px). */
const SHARP_SHARE = 0.3;

/**
 * [H, W] what looks like shadow on `plate`, ends sharply, enters from the border and touches `foreground` (what surely covers the
 * plate). `lab` and `plate` are [H, W, 3] u8 Lab.
 */
export function sleeveMask(
  lab: Uint8Array,
  plate: Uint8Array,
  foreground: Uint8Array,
  w: number,
  h: number,
): Uint8Array {
  const dark = new Uint8Array(w * h);
  for (let i = 0; i < dark.length; i++) {
    const darker = lab[3 * i] < plate[3 * i] && labDistance2(lab, i, plate, i) > DARKENED_DISTANCE ** 2;
    if (darker && foreground[i] === 0) dark[i] = 1;
  }
  const { labels, components } = connectedComponents(closed(opened(dark, w, h, 1), w, h, 1), w, h);
  if (components.length === 0) return new Uint8Array(w * h);
  const ratio = (i: number): number => lab[3 * i] / Math.max(1, plate[3 * i]);
  const near = dilate(foreground, w, h, 2);
  const touches = new Uint8Array(components.length + 1);
  const depth = new Float64Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    depth[labels[i]] += 1 - ratio(i);
    if (near[i] !== 0) touches[labels[i]] = 1;
  }
  const outline = new Int32Array(components.length + 1);
  const sharp = new Int32Array(components.length + 1);
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1; x < w - 1; x++) {
      const i = y * w + x;
      const label = labels[i];
      if (label === 0 || near[i] !== 0) continue;
      const inside =
        labels[i - 1] === label && labels[i + 1] === label && labels[i - w] === label && labels[i + w] === label;
      if (inside) continue;
      outline[label]++;
      const step = Math.max(Math.abs(ratio(i + 1) - ratio(i - 1)), Math.abs(ratio(i + w) - ratio(i - w)));
      if (step >= (SHARP_STEP * depth[label]) / components[label - 1].area) sharp[label]++;
    }
  }
  const keep = new Uint8Array(components.length + 1);
  for (const { label, area, box } of components) {
    const atBorder = box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1;
    const isCloth = sharp[label] >= SHARP_SHARE * Math.max(1, outline[label]);
    if (atBorder && area >= MIN_AREA && touches[label] !== 0 && isCloth) keep[label] = 1;
  }
  return maskWhere(labels, (label, i) => keep[label] !== 0 && foreground[i] === 0);
}
