/** Collects point tracks frame by frame while the id maps are made, so that covered points can be left out. */
import type { Random } from '../../base/random.js';
import type { ByteImage } from '../../image/image.js';
import { erode } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { MoverEnd } from '../movers/end-outline.js';
import { carriedEnd, type Mover } from '../movers/movers.js';
import type { Tracks } from '../perception.js';
import { driftTask, type PointPath } from './drift.js';
import { buildPyramid, findCorners } from './klt.js';
import { rigidPaths } from './rigid-tracks.js';

interface PointSource {
  readonly objectId: number;
  /** Position at work size in frame k, or null where it is not known. */
  at(k: number): [number, number] | null;
}

/** Tracks with fewer seen frames than this are of no use to anybody. */
const MIN_SEEN_FRAMES = 3;
const MAX_STATIC_POINTS = 40;
/** Corners on an outline belong to object and background at once: points keep this far inside. */
const EDGE_PX = 3;

export class TrackCollector {
  private readonly sources: PointSource[] = [];
  private readonly rows: Float32Array[] = [];

  constructor(
    private readonly clip: Clip,
    private readonly random: Random,
  ) {}

  /** Movers have ids 1, 2, ... in their order. */
  async addMovers(movers: readonly Mover[]): Promise<void> {
    const ends = movers.flatMap((mover, m) =>
      [mover.from, mover.to].flatMap((end) => (end ? [{ id: m + 1, mover, end }] : [])),
    );
    const steady = await Promise.all(
      ends.map(({ mover, end }) =>
        this.clip.crew.ask(driftTask, { track: end.track, mask: end.mask, paths: this.pathsOf(mover, end) }),
      ),
    );
    ends.forEach(({ id, mover, end }, n) => {
      this.addEnd(id, mover, end, steady[n]);
    });
  }

  /** Paths of an end's points while its outline is the one that is carried. */
  private pathsOf(mover: Mover, end: MoverEnd): Map<number, PointPath> {
    const uses = (k: number): boolean => carriedEnd(mover, k) === end;
    const direction = end === mover.from ? 1 : -1;
    const stop = end === mover.from ? mover.downFrame : mover.liftFrame;
    const paths = new Map<number, PointPath>();
    for (const [k, step] of end.track.steps) {
      if (direction * (k - stop) > 0 || !uses(k)) continue;
      step.ids.forEach((pointId, p) => {
        const path: PointPath = paths.get(pointId) ?? new Map();
        path.set(k, [step.xyPx[2 * p], step.xyPx[2 * p + 1]]);
        paths.set(pointId, path);
      });
    }
    return paths;
  }

  private addEnd(id: number, mover: Mover, end: MoverEnd, steady: ReadonlyMap<number, PointPath>): void {
    const uses = (k: number): boolean => carriedEnd(mover, k) === end;
    const direction = end === mover.from ? 1 : -1;
    const stop = end === mover.from ? mover.downFrame : mover.liftFrame;
    const start = end.track.startFrame;
    for (const path of rigidPaths(steady, this.random).values()) {
      if (path.size < MIN_SEEN_FRAMES) continue;
      // Before its motion a point lies where the track begins, after it where the track ends.
      const home = path.get(start) ?? null;
      const away = path.get(stop) ?? null;
      this.sources.push({
        objectId: id,
        at: (k) => {
          if (!uses(k)) return null;
          if (direction * (k - start) < 0) return home;
          return direction * (k - stop) > 0 ? away : (path.get(k) ?? null);
        },
      });
    }
  }

  /** Points of an object that never moves: corners of `grey` (a picture without the hand) inside its outline. */
  addStatic(id: number, mask: Uint8Array, grey: ByteImage): void {
    const inner = erode(mask, this.clip.widthPx, this.clip.heightPx, EDGE_PX);
    const corners = findCorners(buildPyramid(grey, 1)[0], MAX_STATIC_POINTS, 5, 0.01, inner);
    for (let p = 0; p < corners.length; p += 2) {
      const place: [number, number] = [corners[p], corners[p + 1]];
      this.sources.push({ objectId: id, at: () => place });
    }
  }

  /** [N, 2] work-size pixels of points before a mover's lift and after it is set down; unknown in between. */
  addRests(id: number, xyFrom: Float32Array, liftFrame: number, xyTo: Float32Array, downFrame: number): void {
    for (let p = 0; p < xyFrom.length; p += 2) {
      const before: [number, number] = [xyFrom[p], xyFrom[p + 1]];
      const after: [number, number] = [xyTo[p], xyTo[p + 1]];
      this.sources.push({
        objectId: id,
        at: (k) => (k < liftFrame ? before : k > downFrame ? after : null),
      });
    }
  }

  /** Call once per frame, in order, with the id map at work size. */
  addFrame(k: number, ids: ByteImage): void {
    const { widthPx: w, heightPx: h, frameWidthPx, frameHeightPx } = this.clip;
    const row = new Float32Array(2 * this.sources.length).fill(Number.NaN);
    this.sources.forEach((source, n) => {
      const place = source.at(k);
      if (!place) return;
      const x = Math.floor(place[0]);
      const y = Math.floor(place[1]);
      if (x < 0 || y < 0 || x >= w || y >= h || ids.data[y * w + x] !== source.objectId) return;
      row[2 * n] = (place[0] * frameWidthPx) / w;
      row[2 * n + 1] = (place[1] * frameHeightPx) / h;
    });
    this.rows.push(row);
  }

  finish(): Tracks {
    const numFrames = this.rows.length;
    const kept = this.sources
      .map((_, n) => n)
      .filter((n) => this.rows.filter((row) => !Number.isNaN(row[2 * n])).length >= MIN_SEEN_FRAMES);
    const xyPx = new Float32Array(numFrames * kept.length * 2);
    for (let k = 0; k < numFrames; k++) {
      kept.forEach((n, column) => {
        const o = (k * kept.length + column) * 2;
        xyPx[o] = this.rows[k][2 * n];
        xyPx[o + 1] = this.rows[k][2 * n + 1];
      });
    }
    return { numFrames, numTracks: kept.length, xyPx, objectIds: kept.map((n) => this.sources[n].objectId) };
  }
}
