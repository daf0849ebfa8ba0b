/**
 * Minimum cut on an 8-connected pixel grid (src/perceive/movers/grid-cut.ts says how and is the plain twin). AssemblyScript, compiled
 * to WebAssembly by `npm run build`. The host owns the memory above `__heap_base`.
 */

const NONE: i32 = -1;
const TERMINAL: i32 = -2;
const ORPHAN: i32 = -3;
const INFINITE: i32 = 1 << 29;

// Work arrays over the n nodes of the grid with its rim; see `bytesFor`.
/** [n, 8] f32 what the link from a node in each direction can still carry. */
let cap: usize = 0;
/** [n] f32 residual to the terminals: > 0 from the source (label 1), < 0 to the sink (label 0). */
let terminal: usize = 0;
/** [n] i32 time at which the distance was found, and the distance to the terminal. */
let stamp: usize = 0;
let dist: usize = 0;
/** [n + 1] i32 rings of active nodes and of orphans: a node is in each at most once. */
let queue: usize = 0;
let orphans: usize = 0;
/** [n] i8 direction of the parent or a constant above; u8 1 in the sink's tree; u8 1 while active. */
let parent: usize = 0;
let inSink: usize = 0;
let queued: usize = 0;
/** [8] i32 steps to the neighbours, in pairs: d ^ 1 is the way back. */
const offset: usize = memory.data(32, 16);

let last: i32 = 0;
let head: i32 = 0;
let tail: i32 = 0;
let orphanHead: i32 = 0;
let orphanTail: i32 = 0;
let time: i32 = 0;

export function heapBase(): usize {
  return __heap_base;
}

/** Memory that a picture needs besides its five planes of f32. */
export function bytesFor(widthPx: i32, heightPx: i32): usize {
  const n = <usize>((widthPx + 2) * (heightPx + 2));
  return 55 * n + 64;
}

function capOf(i: i32, d: i32): usize {
  return cap + ((<usize>(8 * i + d)) << 2);
}

function wordOf(array: usize, i: i32): usize {
  return array + ((<usize>i) << 2);
}

function stepOf(d: i32): i32 {
  return load<i32>(wordOf(offset, d));
}

function parentOf(i: i32): i32 {
  return <i32>load<i8>(parent + <usize>i);
}

function next(at: i32): i32 {
  return at === last ? 0 : at + 1;
}

function activate(i: i32): void {
  if (load<u8>(queued + <usize>i) !== 0) return;
  store<u8>(queued + <usize>i, 1);
  store<i32>(wordOf(queue, tail), i);
  tail = next(tail);
}

function makeOrphan(i: i32): void {
  store<i8>(parent + <usize>i, <i8>ORPHAN);
  store<i32>(wordOf(orphans, orphanTail), i);
  orphanTail = next(orphanTail);
}

/** Pushes flow along source tree - (i, d) - sink tree. */
function augment(i: i32, d: i32): void {
  const j = i + stepOf(d);
  let flow = load<f32>(capOf(i, d));
  let k = i;
  let up = parentOf(k);
  while (up !== TERMINAL) {
    k += stepOf(up);
    flow = min(flow, load<f32>(capOf(k, up ^ 1)));
    up = parentOf(k);
  }
  flow = min(flow, load<f32>(wordOf(terminal, k)));
  k = j;
  up = parentOf(k);
  while (up !== TERMINAL) {
    flow = min(flow, load<f32>(capOf(k, up)));
    k += stepOf(up);
    up = parentOf(k);
  }
  flow = min(flow, -load<f32>(wordOf(terminal, k)));

  store<f32>(capOf(i, d), load<f32>(capOf(i, d)) - flow);
  store<f32>(capOf(j, d ^ 1), load<f32>(capOf(j, d ^ 1)) + flow);
  k = i;
  up = parentOf(k);
  while (up !== TERMINAL) {
    const p = k + stepOf(up);
    const back = capOf(p, up ^ 1);
    store<f32>(capOf(k, up), load<f32>(capOf(k, up)) + flow);
    const left = load<f32>(back) - flow;
    store<f32>(back, left);
    if (left <= 0) makeOrphan(k);
    k = p;
    up = parentOf(k);
  }
  let rest = load<f32>(wordOf(terminal, k)) - flow;
  store<f32>(wordOf(terminal, k), rest);
  if (rest <= 0) makeOrphan(k);
  k = j;
  up = parentOf(k);
  while (up !== TERMINAL) {
    const p = k + stepOf(up);
    const back = capOf(p, up ^ 1);
    store<f32>(back, load<f32>(back) + flow);
    const left = load<f32>(capOf(k, up)) - flow;
    store<f32>(capOf(k, up), left);
    if (left <= 0) makeOrphan(k);
    k = p;
    up = parentOf(k);
  }
  rest = load<f32>(wordOf(terminal, k)) + flow;
  store<f32>(wordOf(terminal, k), rest);
  if (rest >= 0) makeOrphan(k);
}

/** Distance of node j from its terminal, `INFINITE` if it has lost it. Distances found at this time are trusted. */
function distanceOf(j: i32): i32 {
  let length = 0;
  let k = j;
  while (true) {
    if (load<i32>(wordOf(stamp, k)) === time) return length + load<i32>(wordOf(dist, k));
    length++;
    const up = parentOf(k);
    if (up === TERMINAL) {
      store<i32>(wordOf(stamp, k), time);
      store<i32>(wordOf(dist, k), 1);
      return length;
    }
    if (up === ORPHAN || up === NONE) return INFINITE;
    k += stepOf(up);
  }
}

/** Gives an orphan a new parent in its tree, or takes it out of the tree. */
function adopt(i: i32): void {
  const sink = load<u8>(inSink + <usize>i);
  let best = NONE;
  let bestDist = INFINITE;
  for (let d = 0; d < 8; d++) {
    const j = i + stepOf(d);
    if (load<u8>(inSink + <usize>j) !== sink || parentOf(j) === NONE) continue;
    if (load<f32>(sink === 1 ? capOf(i, d) : capOf(j, d ^ 1)) <= 0) continue;
    let length = distanceOf(j);
    if (length >= INFINITE) continue;
    if (length < bestDist) {
      best = d;
      bestDist = length;
    }
    let k = j;
    while (load<i32>(wordOf(stamp, k)) !== time) {
      store<i32>(wordOf(stamp, k), time);
      store<i32>(wordOf(dist, k), length--);
      k += stepOf(parentOf(k));
    }
  }
  store<i8>(parent + <usize>i, <i8>best);
  if (best !== NONE) {
    store<i32>(wordOf(stamp, i), time);
    store<i32>(wordOf(dist, i), bestDist + 1);
    return;
  }
  for (let d = 0; d < 8; d++) {
    const j = i + stepOf(d);
    const up = parentOf(j);
    if (load<u8>(inSink + <usize>j) !== sink || up === NONE) continue;
    if (load<f32>(sink === 1 ? capOf(i, d) : capOf(j, d ^ 1)) > 0) activate(j);
    if (up >= 0 && j + stepOf(up) === i) makeOrphan(j);
  }
}

/**
 * Grows node i's tree. Returns node * 8 + direction of a link from the source's tree to the sink's that can carry flow, or -1.
 */
function grow(i: i32): i32 {
  const sink = load<u8>(inSink + <usize>i);
  for (let d = 0; d < 8; d++) {
    const j = i + stepOf(d);
    if (load<f32>(sink === 1 ? capOf(j, d ^ 1) : capOf(i, d)) <= 0) continue;
    const further = load<i32>(wordOf(dist, i)) + 1;
    if (parentOf(j) === NONE) {
      store<u8>(inSink + <usize>j, sink);
      store<i8>(parent + <usize>j, <i8>(d ^ 1));
      store<i32>(wordOf(stamp, j), load<i32>(wordOf(stamp, i)));
      store<i32>(wordOf(dist, j), further);
      activate(j);
    } else if (load<u8>(inSink + <usize>j) !== sink) {
      return sink === 1 ? 8 * j + (d ^ 1) : 8 * i + d;
    } else if (load<i32>(wordOf(stamp, j)) <= load<i32>(wordOf(stamp, i)) && load<i32>(wordOf(dist, j)) > further) {
      store<i8>(parent + <usize>j, <i8>(d ^ 1));
      store<i32>(wordOf(stamp, j), load<i32>(wordOf(stamp, i)));
      store<i32>(wordOf(dist, j), further);
    }
  }
  return -1;
}

function place(work: usize, n: usize): void {
  cap = work;
  terminal = cap + 32 * n;
  stamp = terminal + 4 * n;
  dist = stamp + 4 * n;
  queue = dist + 4 * n;
  orphans = queue + 4 * n + 4;
  parent = orphans + 4 * n + 4;
  inSink = parent + n;
  queued = inSink + n;
  memory.fill(cap, 0, 44 * n);
  memory.fill(parent, <u8>NONE, n);
  memory.fill(inSink, 0, 2 * n);
  last = <i32>n;
  head = tail = orphanHead = orphanTail = time = 0;
}

/** Direction of link plane k (right, down, down-right, down-left) across columns. */
function columnStep(k: i32): i32 {
  return k === 3 ? -1 : k === 1 ? 0 : 1;
}

function build(planes: usize, widthPx: i32, heightPx: i32): void {
  const w = widthPx + 2;
  const planeBytes = (<usize>(widthPx * heightPx)) << 2;
  for (let y = 0, from = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, from++) {
      const i = (y + 1) * w + x + 1;
      const unary = -load<f32>(wordOf(planes, from));
      store<f32>(wordOf(terminal, i), unary);
      if (unary !== 0) {
        store<i8>(parent + <usize>i, <i8>TERMINAL);
        store<u8>(inSink + <usize>i, unary < 0 ? 1 : 0);
        store<i32>(wordOf(dist, i), 1);
      }
      for (let k = 0; k < 4; k++) {
        const u = x + columnStep(k);
        if (u < 0 || u >= widthPx || (k > 0 && y === heightPx - 1)) continue;
        const link = load<f32>(wordOf(planes + <usize>(k + 1) * planeBytes, from));
        store<f32>(capOf(i, 2 * k), link);
        store<f32>(capOf(i + stepOf(2 * k), 2 * k + 1), link);
      }
    }
  }
  const n = w * (heightPx + 2);
  for (let i = 0; i < n; i++) if (parentOf(i) === TERMINAL) activate(i);
}

/**
 * `planes`: five planes [H, W] f32, unary costs, then links to the right, down, down-right and down-left. `work`: `bytesFor` bytes.
 * `out`: [H, W] u8 labels 0 / 1; may be where the planes are.
 */
export function gridCut(planes: usize, work: usize, out: usize, widthPx: i32, heightPx: i32): void {
  const w = widthPx + 2;
  for (let k = 0; k < 4; k++) {
    const step = columnStep(k) + (k > 0 ? w : 0);
    store<i32>(wordOf(offset, 2 * k), step);
    store<i32>(wordOf(offset, 2 * k + 1), -step);
  }
  place(work, <usize>(w * (heightPx + 2)));
  build(planes, widthPx, heightPx);
  while (head !== tail) {
    const i = load<i32>(wordOf(queue, head));
    let meets = -1;
    if (parentOf(i) !== NONE) {
      meets = grow(i);
      time++;
    }
    if (meets < 0) {
      head = next(head);
      store<u8>(queued + <usize>i, 0);
      continue;
    }
    augment(meets >> 3, meets & 7);
    while (orphanHead !== orphanTail) {
      const orphan = load<i32>(wordOf(orphans, orphanHead));
      orphanHead = next(orphanHead);
      adopt(orphan);
    }
  }
  for (let y = 0, to = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, to++) {
      const i = (y + 1) * w + x + 1;
      const isSource = parentOf(i) !== NONE && load<u8>(inSink + <usize>i) === 0;
      store<u8>(out + <usize>to, isSource ? 1 : 0);
    }
  }
}
