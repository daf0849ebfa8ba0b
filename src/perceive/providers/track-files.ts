/** Point tracks that lie on disk (CoTracker, TAPIR, v2r's own). Layout: `v2r perceive --explain-files`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import { type NpyArray, readNpy } from '../../base/npy.js';
import { readNpz } from '../../base/npz.js';
import type { Clip } from '../clip.js';
import { HAND_ID, type Tracks } from '../perception.js';
import { applyHomography, invert3, rescale } from '../tracks/motion-models.js';
import type { TrackProvider, TrackSink } from './provider.js';

const TRACK_NAMES = ['tracks', 'pred_tracks', 'points', 'xy'];
const VISIBILITY_NAMES = ['visibility', 'pred_visibility', 'visibles', 'vis'];
const ID_NAMES = ['object_ids', 'objectIds'];
/** A track with fewer seen frames is of no use. */
const MIN_SEEN = 3;
/** A track belongs to the object it lies on in at least this share of the frames in which it is seen. */
const MIN_OWNER_SHARE = 0.5;

interface TrackFile {
  /** [T, N, 2] f32 px of the frames, NaN where not seen. */
  xyPx: Float32Array;
  numTracks: number;
  /** [N], or null when masks must tell. */
  objectIds: number[] | null;
  /** Positions fit the stabilised frames already. */
  stabilised: boolean;
}

export const filesTrack = (file: string): TrackProvider => ({
  start: async (clip) => new FileTracks(clip, await readTrackFile(file, clip)),
});

class FileTracks implements TrackSink {
  private readonly votes: Map<number, number>[];
  constructor(
    private readonly clip: Clip,
    private readonly tracks: TrackFile,
  ) {
    this.votes = Array.from({ length: tracks.numTracks }, () => new Map());
  }

  addFrame(k: number, ids: { data: Uint8Array }): void {
    const { widthPx: w, heightPx: h, frameWidthPx, frameHeightPx } = this.clip;
    const { xyPx, numTracks } = this.tracks;
    for (let n = 0; n < numTracks; n++) {
      const x = Math.floor((xyPx[2 * (k * numTracks + n)] * w) / frameWidthPx);
      const y = Math.floor((xyPx[2 * (k * numTracks + n) + 1] * h) / frameHeightPx);
      if (!(x >= 0 && y >= 0 && x < w && y < h)) continue;
      const id = ids.data[y * w + x];
      this.votes[n].set(id, (this.votes[n].get(id) ?? 0) + 1);
    }
  }

  finish(): Tracks {
    const { xyPx, numTracks, objectIds } = this.tracks;
    const numFrames = this.clip.numFrames;
    const owners = this.votes.map((votes, n) => (objectIds ? objectIds[n] : ownerOf(votes)));
    const kept = [...owners.keys()].filter((n) => owners[n] > 0 && owners[n] !== HAND_ID);
    const out = new Float32Array(numFrames * kept.length * 2);
    for (let k = 0; k < numFrames; k++) {
      kept.forEach((n, column) => {
        const from = 2 * (k * numTracks + n);
        out.set(xyPx.subarray(from, from + 2), 2 * (k * kept.length + column));
      });
    }
    return { numFrames, numTracks: kept.length, xyPx: out, objectIds: kept.map((n) => owners[n]) };
  }
}

function ownerOf(votes: ReadonlyMap<number, number>): number {
  const total = [...votes.values()].reduce((a, b) => a + b, 0);
  const [best] = [...votes].filter(([id]) => id !== 0 && id !== HAND_ID).sort((a, b) => b[1] - a[1]);
  return best && total >= MIN_SEEN && best[1] >= MIN_OWNER_SHARE * total ? best[0] : 0;
}

const OwnTracksSchema = z.object({ objectIds: z.array(z.int()) });

async function readTrackFile(place: string, clip: Clip): Promise<TrackFile> {
  const own = path.join(place, 'tracks.npy');
  if (existsSync(own)) {
    const { objectIds } = await readJson(path.join(place, 'tracks.json'), OwnTracksSchema);
    return trackFile(own, new Map([['tracks', await readNpy(own)]]), clip, objectIds);
  }
  if (!existsSync(place)) throw new UserError(`--track-files: no such file: ${place}`, 'v2r perceive --explain-files');
  const arrays = place.endsWith('.npy') ? new Map([['tracks', await readNpy(place)]]) : await readNpz(place);
  return trackFile(place, arrays, clip, null);
}

function trackFile(
  file: string,
  arrays: ReadonlyMap<string, NpyArray>,
  clip: Clip,
  ownIds: number[] | null,
): TrackFile {
  const T = clip.numFrames;
  const array = pick(arrays, TRACK_NAMES);
  if (!array) throw new UserError(`${file}: expected an array "tracks", found ${[...arrays.keys()].join(', ')}`);
  const shape = array.shape[0] === 1 && array.shape.length === 4 ? array.shape.slice(1) : array.shape;
  const byFrame = shape.length === 3 && shape[0] === T && shape[2] === 2;
  const byTrack = shape.length === 3 && shape[1] === T && shape[2] === 2;
  if (!byFrame && !byTrack) {
    throw new UserError(
      `${file}: expected tracks [${T}, N, 2], one row per frame, found [${array.shape.join(', ')}]`,
      'v2r perceive --explain-files; v2r run VIDEO --until video writes the frames that v2r uses',
    );
  }
  const N = byFrame ? shape[1] : shape[0];
  const visibility = pick(arrays, VISIBILITY_NAMES);
  if (visibility && visibility.data.length !== T * N) {
    throw new UserError(`${file}: expected visibility [${T}, ${N}], found [${visibility.shape.join(', ')}]`);
  }
  const size = pick(arrays, ['video_size'])?.data;
  const sx = size ? clip.frameWidthPx / Number(size[0]) : 1;
  const sy = size ? clip.frameHeightPx / Number(size[1]) : 1;
  const xyPx = new Float32Array(2 * T * N);
  for (let k = 0; k < T; k++) {
    for (let n = 0; n < N; n++) {
      const from = byFrame ? k * N + n : n * T + k;
      const seen = !visibility || Number(visibility.data[from]) > 0.5;
      xyPx[2 * (k * N + n)] = seen ? sx * Number(array.data[2 * from]) : Number.NaN;
      xyPx[2 * (k * N + n) + 1] = seen ? sy * Number(array.data[2 * from + 1]) : Number.NaN;
    }
  }
  checkInside(file, xyPx, clip);
  const ids = pick(arrays, ID_NAMES);
  if (ids && ids.data.length !== N) throw new UserError(`${file}: expected ${N} object ids, found ${ids.data.length}`);
  if (ownIds && ownIds.length !== N) throw new UserError(`${file}: expected ${N} object ids, found ${ownIds.length}`);
  const stabilised = ownIds !== null;
  if (!stabilised) stabilise(xyPx, N, clip);
  return { xyPx, numTracks: N, objectIds: ownIds ?? (ids ? [...ids.data].map(Number) : null), stabilised };
}

function pick(arrays: ReadonlyMap<string, NpyArray>, names: readonly string[]): NpyArray | undefined {
  const name = names.find((candidate) => arrays.has(candidate));
  return name === undefined ? undefined : arrays.get(name);
}

/** Positions far outside the frames were measured in frames of another size. */
function checkInside(file: string, xyPx: Float32Array, clip: Clip): void {
  let [maxX, maxY, outside, seen] = [0, 0, 0, 0];
  for (let i = 0; i < xyPx.length; i += 2) {
    if (Number.isNaN(xyPx[i])) continue;
    seen++;
    maxX = Math.max(maxX, xyPx[i]);
    maxY = Math.max(maxY, xyPx[i + 1]);
    if (xyPx[i] > 1.05 * clip.frameWidthPx || xyPx[i + 1] > 1.05 * clip.frameHeightPx) outside++;
  }
  if (outside <= 0.1 * seen) return;
  throw new UserError(
    `${file}: expected pixels of ${clip.frameWidthPx}x${clip.frameHeightPx} frames, found positions up to (${Math.round(maxX)}, ${Math.round(maxY)})`,
    'add an array video_size = [width, height] of the frames they were measured in',
  );
}

/** Pixels of frame k to pixels of frame 0, as masks and everything else. */
function stabilise(xyPx: Float32Array, N: number, clip: Clip): void {
  const motion = clip.motion.frameFromReference;
  if (!motion) return;
  const [sx, sy] = [clip.frameWidthPx / clip.widthPx, clip.frameHeightPx / clip.heightPx];
  for (let k = 0; k < clip.numFrames; k++) {
    const m = invert3(rescale(motion[k], sx, sy));
    for (let n = 0; n < N; n++) {
      const i = 2 * (k * N + n);
      xyPx.set(applyHomography(m, xyPx[i], xyPx[i + 1]), i);
    }
  }
}
