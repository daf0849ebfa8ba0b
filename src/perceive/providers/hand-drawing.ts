/** Where a hand lies in the picture, from its 21 points: bones as thick as fingers, and the palm. */
import { HAND_BONES, HAND_POINT, type HandPoints } from '../../models/networks/hand-landmarks.js';

/** Half a finger's breadth over the length wrist to middle knuckle: 9 mm over 95 mm. */
const FINGER_RADIUS_SHARE = 0.095;
/** Foreshortening makes a hand's length short; then its breadth tells the size: 95 mm over 62 mm index to little knuckle. */
const LENGTH_OVER_BREADTH = 1.5;
const PALM = [0, 1, 5, 9, 13, 17];

/** Length wrist to middle knuckle as it would look without foreshortening, at least; in the pixels of the points. */
export function handLengthPx({ xyzPx }: HandPoints): number {
  const distance = (a: number, b: number): number =>
    Math.hypot(xyzPx[3 * a] - xyzPx[3 * b], xyzPx[3 * a + 1] - xyzPx[3 * b + 1]);
  return Math.max(
    distance(HAND_POINT.wrist, HAND_POINT.middleBase),
    LENGTH_OVER_BREADTH * distance(HAND_POINT.indexBase, HAND_POINT.littleBase),
  );
}

/** Sets `value` in `out` [h, w] where the hand is; `scale` turns the points' pixels into those of `out`. */
export function drawHand(hand: HandPoints, out: Uint8Array, w: number, h: number, scale: number, value: number): void {
  const at = (p: number): [number, number] => [scale * hand.xyzPx[3 * p], scale * hand.xyzPx[3 * p + 1]];
  const radius = Math.max(1.5, FINGER_RADIUS_SHARE * scale * handLengthPx(hand));
  for (const [a, b] of HAND_BONES) drawCapsule(out, w, h, at(a), at(b), radius, value);
  fillPolygon(out, w, h, PALM.map(at), value);
}

function drawCapsule(
  out: Uint8Array,
  w: number,
  h: number,
  [ax, ay]: [number, number],
  [bx, by]: [number, number],
  radius: number,
  value: number,
): void {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = Math.max(1e-9, dx * dx + dy * dy);
  const x0 = Math.max(0, Math.floor(Math.min(ax, bx) - radius));
  const x1 = Math.min(w - 1, Math.ceil(Math.max(ax, bx) + radius));
  const y0 = Math.max(0, Math.floor(Math.min(ay, by) - radius));
  const y1 = Math.min(h - 1, Math.ceil(Math.max(ay, by) + radius));
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const px = x + 0.5 - ax;
      const py = y + 0.5 - ay;
      const t = Math.max(0, Math.min(1, (px * dx + py * dy) / length2));
      if (Math.hypot(px - t * dx, py - t * dy) <= radius) out[y * w + x] = Math.max(out[y * w + x], value);
    }
  }
}

/** Even-odd filling of a simple polygon. */
function fillPolygon(out: Uint8Array, w: number, h: number, corners: readonly [number, number][], value: number): void {
  const y0 = Math.max(0, Math.floor(Math.min(...corners.map(([, y]) => y))));
  const y1 = Math.min(h - 1, Math.ceil(Math.max(...corners.map(([, y]) => y))));
  for (let y = y0; y <= y1; y++) {
    const v = y + 0.5;
    const crossings: number[] = [];
    corners.forEach(([ax, ay], k) => {
      const [bx, by] = corners[(k + 1) % corners.length];
      if (ay <= v !== by <= v) crossings.push(ax + ((v - ay) / (by - ay)) * (bx - ax));
    });
    crossings.sort((p, q) => p - q);
    for (let c = 0; c + 1 < crossings.length; c += 2) {
      const from = Math.max(0, Math.ceil(crossings[c] - 0.5));
      const to = Math.min(w - 1, Math.floor(crossings[c + 1] - 0.5));
      for (let x = from; x <= to; x++) out[y * w + x] = Math.max(out[y * w + x], value);
    }
  }
}
