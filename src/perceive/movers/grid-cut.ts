/**
 * Minimum cut on an 8-connected pixel grid, by augmenting paths from two search trees.
 * Source: Boykov & Kolmogorov 2004, "An experimental comparison of min-cut/max-flow algorithms".
 */

/** Directions in pairs (d ^ 1 is the way back): right/left, down/up, down-right/up-left, down-left/up-right. */
const DX = [1, -1, 0, 0, 1, -1, -1, 1];
const DY = [0, 0, 1, -1, 1, -1, 1, -1];
const NONE = -1;
const TERMINAL = -2;
const ORPHAN = -3;

export interface GridCutInput {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] energy of label 1 minus energy of label 0: negative prefers 1. */
  readonly unary: Float32Array;
  /** Four arrays [H, W]: cost of different labels across right, down, down-right and down-left links, >= 0. */
  readonly links: readonly [Float32Array, Float32Array, Float32Array, Float32Array];
}

/** Labels 0 / 1 of least energy. */
export function gridCut(input: GridCutInput): Uint8Array {
  const { widthPx, heightPx } = input;
  // A rim of one pixel with no capacity to or from it spares the loops all questions about borders.
  const w = widthPx + 2;
  const n = w * (heightPx + 2);
  const offset = Int32Array.from(DX, (dx, d) => DY[d] * w + dx);
  /** [n, 8]: what the link from a pixel in each direction can still carry. */
  const cap = new Float32Array(8 * n);
  // Residual to the terminals: > 0 from the source (label 1), < 0 to the sink (label 0).
  const terminal = new Float32Array(n);
  for (let y = 0, from = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, from++) {
      const i = (y + 1) * w + x + 1;
      terminal[i] = -input.unary[from];
      for (let k = 0; k < 4; k++) {
        const d = 2 * k;
        const u = x + DX[d];
        const v = y + DY[d];
        if (u < 0 || u >= widthPx || v >= heightPx) continue;
        cap[8 * i + d] = input.links[k][from];
        cap[8 * (i + offset[d]) + d + 1] = input.links[k][from];
      }
    }
  }

  const parent = new Int8Array(n).fill(NONE);
  const inSink = new Uint8Array(n);
  const stamp = new Int32Array(n);
  const dist = new Int32Array(n);
  const queued = new Uint8Array(n);
  // Ring buffer: a node is queued at most once at a time.
  const queue = new Int32Array(n + 1);
  let head = 0;
  let tail = 0;
  const activate = (i: number): void => {
    if (queued[i] !== 0) return;
    queued[i] = 1;
    queue[tail] = i;
    tail = tail === n ? 0 : tail + 1;
  };
  for (let i = 0; i < n; i++) {
    if (terminal[i] === 0) continue;
    parent[i] = TERMINAL;
    inSink[i] = terminal[i] < 0 ? 1 : 0;
    dist[i] = 1;
    activate(i);
  }
  const orphans: number[] = [];
  let orphanHead = 0;
  let time = 0;
  const makeOrphan = (i: number): void => {
    parent[i] = ORPHAN;
    orphans.push(i);
  };

  /** Pushes flow along source tree - (i, d) - sink tree. */
  const augment = (i: number, d: number): void => {
    const j = i + offset[d];
    let flow = cap[8 * i + d];
    let k = i;
    while (parent[k] !== TERMINAL) {
      const up = parent[k];
      const p = k + offset[up];
      flow = Math.min(flow, cap[8 * p + (up ^ 1)]);
      k = p;
    }
    flow = Math.min(flow, terminal[k]);
    k = j;
    while (parent[k] !== TERMINAL) {
      const up = parent[k];
      flow = Math.min(flow, cap[8 * k + up]);
      k += offset[up];
    }
    flow = Math.min(flow, -terminal[k]);

    cap[8 * i + d] -= flow;
    cap[8 * j + (d ^ 1)] += flow;
    k = i;
    while (parent[k] !== TERMINAL) {
      const up = parent[k];
      const p = k + offset[up];
      cap[8 * k + up] += flow;
      cap[8 * p + (up ^ 1)] -= flow;
      if (cap[8 * p + (up ^ 1)] <= 0) makeOrphan(k);
      k = p;
    }
    terminal[k] -= flow;
    if (terminal[k] <= 0) makeOrphan(k);
    k = j;
    while (parent[k] !== TERMINAL) {
      const up = parent[k];
      const p = k + offset[up];
      cap[8 * p + (up ^ 1)] += flow;
      cap[8 * k + up] -= flow;
      if (cap[8 * k + up] <= 0) makeOrphan(k);
      k = p;
    }
    terminal[k] += flow;
    if (terminal[k] >= 0) makeOrphan(k);
  };

  const INFINITE = 1 << 29;
  const adopt = (i: number): void => {
    const sink = inSink[i];
    let best = NONE;
    let bestDist = INFINITE;
    for (let d = 0; d < 8; d++) {
      const j = i + offset[d];
      if (inSink[j] !== sink || parent[j] === NONE) continue;
      const residual = sink === 1 ? cap[8 * i + d] : cap[8 * j + (d ^ 1)];
      if (residual <= 0) continue;
      // Is j still rooted at the terminal? Distances found at this time stamp are trusted.
      let length = 0;
      let k = j;
      while (true) {
        if (stamp[k] === time) {
          length += dist[k];
          break;
        }
        length++;
        if (parent[k] === TERMINAL) {
          stamp[k] = time;
          dist[k] = 1;
          break;
        }
        if (parent[k] === ORPHAN || parent[k] === NONE) {
          length = INFINITE;
          break;
        }
        k += offset[parent[k]];
      }
      if (length >= INFINITE) continue;
      if (length < bestDist) {
        best = d;
        bestDist = length;
      }
      k = j;
      while (stamp[k] !== time) {
        stamp[k] = time;
        dist[k] = length--;
        k += offset[parent[k]];
      }
    }
    parent[i] = best;
    if (best !== NONE) {
      stamp[i] = time;
      dist[i] = bestDist + 1;
      return;
    }
    for (let d = 0; d < 8; d++) {
      const j = i + offset[d];
      if (inSink[j] !== sink || parent[j] === NONE) continue;
      if ((sink === 1 ? cap[8 * i + d] : cap[8 * j + (d ^ 1)]) > 0) activate(j);
      if (parent[j] >= 0 && j + offset[parent[j]] === i) makeOrphan(j);
    }
  };

  while (head !== tail) {
    const i = queue[head];
    if (parent[i] === NONE) {
      head = head === n ? 0 : head + 1;
      queued[i] = 0;
      continue;
    }
    let meetsNode = -1;
    let meetsDirection = 0;
    for (let d = 0; d < 8; d++) {
      const j = i + offset[d];
      const residual = inSink[i] === 1 ? cap[8 * j + (d ^ 1)] : cap[8 * i + d];
      if (residual <= 0) continue;
      if (parent[j] === NONE) {
        inSink[j] = inSink[i];
        parent[j] = d ^ 1;
        stamp[j] = stamp[i];
        dist[j] = dist[i] + 1;
        activate(j);
      } else if (inSink[j] !== inSink[i]) {
        meetsNode = inSink[i] === 1 ? j : i;
        meetsDirection = inSink[i] === 1 ? d ^ 1 : d;
        break;
      } else if (stamp[j] <= stamp[i] && dist[j] > dist[i] + 1) {
        parent[j] = d ^ 1;
        stamp[j] = stamp[i];
        dist[j] = dist[i] + 1;
      }
    }
    time++;
    if (meetsNode < 0) {
      head = head === n ? 0 : head + 1;
      queued[i] = 0;
      continue;
    }
    augment(meetsNode, meetsDirection);
    while (orphanHead < orphans.length) adopt(orphans[orphanHead++]);
    orphans.length = 0;
    orphanHead = 0;
  }
  const labels = new Uint8Array(widthPx * heightPx);
  for (let y = 0, to = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, to++) {
      const i = (y + 1) * w + x + 1;
      labels[to] = parent[i] !== NONE && inSink[i] === 0 ? 1 : 0;
    }
  }
  return labels;
}
