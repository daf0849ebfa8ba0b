/** Connected components of masks, or of any relation between neighbouring pixels. */
import type { PixelBox } from './image.js';

export interface Component {
  /** 1-based label in the label image. */
  label: number;
  area: number;
  box: PixelBox;
  /** Centroid, pixel-centre coordinates. */
  cx: number;
  cy: number;
}

/**
 * 8-connected components of the set pixels. `joined(i, j)` may forbid a link between neighbouring pixels i and j.
 * Labels are numbered in scan order, from 1.
 */
export function connectedComponents(
  mask: Uint8Array,
  widthPx: number,
  heightPx: number,
  joined?: (i: number, j: number) => boolean,
): { labels: Int32Array; components: Component[] } {
  const labels = new Int32Array(mask.length);
  const stack: number[] = [];
  const components: Component[] = [];
  for (let seed = 0; seed < mask.length; seed++) {
    if (mask[seed] === 0 || labels[seed] !== 0) continue;
    const label = components.length + 1;
    const box = { x0: widthPx, y0: heightPx, x1: 0, y1: 0 };
    let area = 0;
    let sx = 0;
    let sy = 0;
    stack.push(seed);
    labels[seed] = label;
    while (stack.length > 0) {
      const i = stack.pop()!;
      const x = i % widthPx;
      const y = (i / widthPx) | 0;
      area++;
      sx += x + 0.5;
      sy += y + 0.5;
      if (x < box.x0) box.x0 = x;
      if (x >= box.x1) box.x1 = x + 1;
      if (y < box.y0) box.y0 = y;
      if (y >= box.y1) box.y1 = y + 1;
      for (let v = y > 0 ? y - 1 : 0; v <= y + 1 && v < heightPx; v++) {
        for (let u = x > 0 ? x - 1 : 0; u <= x + 1 && u < widthPx; u++) {
          const j = v * widthPx + u;
          if (mask[j] === 0 || labels[j] !== 0 || (joined && !joined(i, j))) continue;
          labels[j] = label;
          stack.push(j);
        }
      }
    }
    components.push({ label, area, box, cx: sx / area, cy: sy / area });
  }
  return { labels, components };
}

/** Mask of the largest component only (0 / 1); empty in, empty out. */
export function largestComponent(mask: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const { labels, components } = connectedComponents(mask, widthPx, heightPx);
  const out = new Uint8Array(mask.length);
  if (components.length > 0)
    drawComponent(
      out,
      labels,
      widthPx,
      components.reduce((a, b) => (b.area > a.area ? b : a)),
    );
  return out;
}

/** Mask without components smaller than `minArea` pixels. */
export function withoutSmall(mask: Uint8Array, widthPx: number, heightPx: number, minArea: number): Uint8Array {
  const { labels, components } = connectedComponents(mask, widthPx, heightPx);
  const out = new Uint8Array(mask.length);
  for (const component of components) {
    if (component.area >= minArea) drawComponent(out, labels, widthPx, component);
  }
  return out;
}

/** Sets the pixels of a component. */
export function drawComponent(out: Uint8Array, labels: Int32Array, widthPx: number, { label, box }: Component): void {
  for (let y = box.y0; y < box.y1; y++) {
    for (let i = y * widthPx + box.x0; i < y * widthPx + box.x1; i++) if (labels[i] === label) out[i] = 1;
  }
}
