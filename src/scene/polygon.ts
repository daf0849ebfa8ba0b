/** Convex polygons on the table, [x, y] metres, counter-clockwise. */
export type Point2 = [number, number];

/** Points with a x + b y + c >= 0. */
export interface HalfPlane {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export function circlePolygon([x, y]: Point2, radiusM: number, sides: number): Point2[] {
  return Array.from({ length: sides }, (_, k) => {
    const angle = (2 * Math.PI * k) / sides;
    return [x + radiusM * Math.cos(angle), y + radiusM * Math.sin(angle)];
  });
}

/** The part of a convex polygon inside a half-plane (Sutherland-Hodgman); empty when nothing is left. */
export function clip(polygon: readonly Point2[], { a, b, c }: HalfPlane): Point2[] {
  const out: Point2[] = [];
  polygon.forEach((p, i) => {
    const q = polygon[(i + 1) % polygon.length];
    const dp = a * p[0] + b * p[1] + c;
    const dq = a * q[0] + b * q[1] + c;
    if (dp >= 0) out.push(p);
    if (dp >= 0 !== dq >= 0) {
      const t = dp / (dp - dq);
      out.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
    }
  });
  return out.length >= 3 ? out : [];
}

/** Twice the signed area is positive for counter-clockwise polygons; this is the area itself, m^2. */
export function area(polygon: readonly Point2[]): number {
  return (
    polygon.reduce((sum, p, i) => {
      const q = polygon[(i + 1) % polygon.length];
      return sum + p[0] * q[1] - q[0] * p[1];
    }, 0) / 2
  );
}

export function contains(polygon: readonly Point2[], [x, y]: Point2): boolean {
  return (
    polygon.length >= 3 &&
    polygon.every((p, i) => {
      const q = polygon[(i + 1) % polygon.length];
      return (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0]) >= -1e-12;
    })
  );
}
