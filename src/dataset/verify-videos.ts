/** Check of the videos: files, frame counts, exact presentation times, size, codec, and where episodes lie in them. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../base/errors.js';
import { viewOf } from '../video/mp4-boxes.js';
import { type Mp4Track, readMp4Track } from '../video/mp4-track.js';
import type { Findings } from './findings.js';
import { type DatasetInfo, formatPath, videoKeys } from './lerobot-info.js';
import { TIME_TOLERANCE_SEC } from './verify-frames.js';
import type { EpisodeEntry } from './verify-tables.js';

/** Episodes in one mp4, in order. */
interface VideoFile {
  readonly key: string;
  readonly episodes: EpisodeEntry[];
}

const CODEC_OF_ENTRY: Readonly<Record<string, string>> = {
  avc1: 'h264',
  avc3: 'h264',
  hvc1: 'hevc',
  hev1: 'hevc',
  av01: 'av1',
  vp09: 'vp9',
};

/** Returns the files that the episodes use. */
export async function verifyVideos(
  folder: string,
  info: DatasetInfo,
  entries: readonly EpisodeEntry[],
  findings: Findings,
): Promise<string[]> {
  const files = new Map<string, VideoFile>();
  for (const key of videoKeys(info.features)) {
    for (const entry of entries) {
      const file = formatPath(info.video_path ?? '', entry.videos.get(key)!, key);
      const known = files.get(file);
      if (known) known.episodes.push(entry);
      else files.set(file, { key, episodes: [entry] });
    }
  }
  for (const [file, use] of files) {
    const numFrames = checkRanges(file, use, info.fps, findings);
    const size = await stat(path.join(folder, file)).catch(() => null);
    if (!size) {
      findings.error('video-missing', file, `is missing: episode ${use.episodes[0].position} needs it`);
      continue;
    }
    try {
      const track = await readMp4Track(path.join(folder, file));
      checkTrack(file, use, track, numFrames, size.size, info, findings);
    } catch (error) {
      findings.error('video-unreadable', file, messageOf(error).replace(`${path.join(folder, file)} `, ''));
    }
  }
  return [...files.keys()];
}

/** from/to of every episode; returns the frames that the file must hold. */
function checkRanges(file: string, { key, episodes }: VideoFile, fps: number, findings: Findings): number {
  let frames = 0;
  for (const entry of episodes) {
    const { fromSec, toSec } = entry.videos.get(key)!;
    const expectedFrom = frames / fps;
    frames += entry.length;
    const expectedTo = frames / fps;
    if (!near(fromSec, expectedFrom) || !near(toSec, expectedTo)) {
      findings.error(
        'video-range',
        entry.file,
        `episode ${entry.position}, ${key}: from_timestamp ${fromSec} and to_timestamp ${toSec}, but its frames lie at ${expectedFrom.toFixed(6)} to ${expectedTo.toFixed(6)} s in ${file}`,
      );
    }
  }
  return frames;
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= TIME_TOLERANCE_SEC;
}

function checkTrack(
  file: string,
  use: VideoFile,
  track: Mp4Track,
  expectedFrames: number,
  fileBytes: number,
  info: DatasetInfo,
  findings: Findings,
): void {
  if (track.numSamples !== expectedFrames) {
    findings.error('video-frames', file, `holds ${track.numSamples} frames, its episodes have ${expectedFrames}`);
  }
  const last = track.offset.reduce((end, offset, i) => Math.max(end, offset + track.size[i]), 0);
  if (last > fileBytes) {
    findings.error('video-truncated', file, `is cut off: ${fileBytes} bytes, its index needs ${last}`);
  }
  if (track.numTracks > 1) findings.warn('video-tracks', file, `has ${track.numTracks} tracks, one is expected`);
  checkTimes(file, track, info.fps, findings);
  checkPicture(file, use.key, track, info, findings);
  let frame = 0;
  for (const { position, length } of use.episodes) {
    if (frame < track.numSamples && track.isKey[frame] === 0) {
      findings.warn(
        'video-key-frame',
        file,
        `episode ${position} does not begin with a key frame: it cannot be cut out`,
      );
    }
    frame += length;
  }
}

/** Frame k must be shown at k / fps: the loader asks by time and allows 0.1 ms. */
function checkTimes(file: string, track: Mp4Track, fps: number, findings: Findings): void {
  const { start, end } = editedRange(track);
  const times = track.presentation.slice().sort();
  for (let frame = 0; frame < times.length; frame++) {
    const shown = times[frame] / track.timescale - start;
    if (!near(shown, frame / fps)) {
      findings.error(
        'video-times',
        file,
        `frame ${frame} is shown at ${shown.toFixed(6)} s, expected ${frame}/${fps} = ${(frame / fps).toFixed(6)}`,
      );
      return;
    }
  }
  const lastSec = (times.length - 1) / fps;
  if (end !== null && end < lastSec) {
    findings.error('video-edit-list', file, `its edit list ends at ${end.toFixed(3)} s, before its last frame`);
  }
}

/** What is subtracted from presentation times (seconds), and where the edit list cuts off (after that shift). */
function editedRange(track: Mp4Track): { start: number; end: number | null } {
  let empty = 0;
  for (const { duration, mediaTime } of track.edits) {
    const seconds = duration / track.movieTimescale;
    if (mediaTime >= 0) {
      return { start: mediaTime / track.timescale - empty, end: duration > 0 ? empty + seconds : null };
    }
    empty += seconds;
  }
  return { start: 0, end: null };
}

function checkPicture(file: string, key: string, track: Mp4Track, info: DatasetInfo, findings: Findings): void {
  const feature = info.features[key];
  // Size fields of a visual sample entry (ISO/IEC 14496-12, 12.1.3).
  const entry = viewOf(track.sampleEntry);
  const width = entry.getUint16(32);
  const height = entry.getUint16(34);
  const [wantedHeight, wantedWidth] = feature.shape;
  if (width !== wantedWidth || height !== wantedHeight) {
    findings.error('video-size', file, `is ${width}x${height}, feature ${key} says ${wantedWidth}x${wantedHeight}`);
  }
  const type = String.fromCharCode(...track.sampleEntry.subarray(4, 8));
  const codec = CODEC_OF_ENTRY[type] ?? type;
  const wanted = feature.info?.['video.codec'];
  if (typeof wanted === 'string' && wanted !== codec) {
    findings.error('video-codec', file, `is ${codec}, feature ${key} says ${wanted}`);
  }
}
