/** Nearest neighbour among fixed points, by a balanced k-d tree in one index array (the median of each range is its root). */
export interface KdTree {
  /** [N, 3]. */
  readonly points: Float64Array;
  /** [N] point indices in tree order. */
  readonly order: Uint32Array;
}

export function buildKdTree(points: Float64Array): KdTree {
  const order = Uint32Array.from({ length: points.length / 3 }, (_, i) => i);
  const split = (low: number, high: number, axis: number): void => {
    if (high - low < 2) return;
    order.subarray(low, high).sort((a, b) => points[3 * a + axis] - points[3 * b + axis]);
    const middle = (low + high) >> 1;
    split(low, middle, (axis + 1) % 3);
    split(middle + 1, high, (axis + 1) % 3);
  };
  split(0, order.length, 0);
  return { points, order };
}

/** Distance to the nearest point; infinite when there is none. */
export function nearestDistance({ points, order }: KdTree, x: number, y: number, z: number): number {
  const query = [x, y, z];
  let best = Number.POSITIVE_INFINITY;
  const visit = (low: number, high: number, axis: number): void => {
    if (low >= high) return;
    const middle = (low + high) >> 1;
    const p = 3 * order[middle];
    best = Math.min(best, (points[p] - x) ** 2 + (points[p + 1] - y) ** 2 + (points[p + 2] - z) ** 2);
    const offset = query[axis] - points[p + axis];
    const next = (axis + 1) % 3;
    if (offset < 0) visit(low, middle, next);
    else visit(middle + 1, high, next);
    if (offset * offset >= best) return;
    if (offset < 0) visit(middle + 1, high, next);
    else visit(low, middle, next);
  };
  visit(0, order.length, 0);
  return Math.sqrt(best);
}
