/** Check of `meta/stats.json` and of the statistics columns in meta/episodes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../base/errors.js';
import type { Findings } from './findings.js';
import { type DatasetInfo, type Feature, STATS_FILE } from './lerobot-info.js';
import type { RunningStats } from './running-stats.js';
import { STAT_NAMES } from './stats.js';
import type { FrameCheck } from './verify-frames.js';
import type { EpisodeEntry } from './verify-tables.js';

/** Policies normalise with these; the quantiles only with QUANTILES normalisation. */
const NEEDED = ['min', 'max', 'mean', 'std'] as const;
const QUANTILES = ['q01', 'q10', 'q50', 'q90', 'q99'] as const;
/** Statistics may be single precision and quantiles come from histograms: this share of the range is rounding. */
const ROUNDING = 1e-3;
/** And so much is rounding of numbers of size one. */
const ROUNDING_ABSOLUTE = 1e-6;
/** A deviation computed in single precision as E[x^2] - E[x]^2 is wrong by up to sqrt(2^-23) of the values themselves. */
const SINGLE_PRECISION_STD = 5e-4;

export async function verifyStats(
  folder: string,
  info: DatasetInfo,
  frames: FrameCheck | null,
  entries: readonly EpisodeEntry[] | null,
  findings: Findings,
): Promise<void> {
  const stats = await readStats(folder, findings);
  for (const [key, feature] of Object.entries(info.features)) {
    if (feature.dtype === 'string' || feature.dtype === 'language') continue;
    if (stats) checkFeatureStats(key, feature, stats[key], frames, findings);
    if (entries) checkEpisodeStats(key, feature, entries, findings);
  }
}

async function readStats(folder: string, findings: Findings): Promise<Record<string, unknown> | null> {
  let text: string;
  try {
    text = await readFile(path.join(folder, STATS_FILE), 'utf8');
  } catch {
    findings.error('stats-missing', STATS_FILE, 'is missing: training would fail or run without normalisation');
    return null;
  }
  try {
    // Python writes NaN and Infinity bare, which JSON does not allow: quoted, they are found as what they are.
    const value: unknown = JSON.parse(text.replace(/(?<=[[\s,:])-?(?:NaN|Infinity)(?=[\]\s,}])/g, '"$&"'));
    if (value === null || typeof value !== 'object') throw new Error('not an object');
    return value as Record<string, unknown>;
  } catch (error) {
    findings.error('stats-invalid', STATS_FILE, `not valid JSON: ${messageOf(error)}`);
    return null;
  }
}

function isPicture({ dtype }: Feature): boolean {
  return dtype === 'video' || dtype === 'image';
}

function isDepth(feature: Feature): boolean {
  return feature.info?.is_depth_map === true || feature.info?.['video.is_depth_map'] === true;
}

/** How statistics of a feature are nested: [n], or [channels, 1, 1] for cameras. */
function statShape(feature: Feature): number[] {
  return isPicture(feature) ? [feature.shape[2], 1, 1] : [feature.shape[feature.shape.length - 1]];
}

function checkFeatureStats(
  key: string,
  feature: Feature,
  given: unknown,
  frames: FrameCheck | null,
  findings: Findings,
): void {
  if (given === null || typeof given !== 'object') {
    findings.error('stats-feature', STATS_FILE, `there are no statistics for ${key}`);
    return;
  }
  const stats = given as Record<string, unknown>;
  const values = new Map<string, number[]>();
  for (const name of [...NEEDED, ...QUANTILES]) {
    if (stats[name] === undefined) {
      const isNeeded = (NEEDED as readonly string[]).includes(name);
      if (isNeeded) findings.error('stats-feature', STATS_FILE, `${key}: ${name} is missing`);
      else
        findings.warn(
          'stats-quantiles',
          STATS_FILE,
          `${key}: ${name} is missing: quantile normalisation cannot be used`,
        );
      continue;
    }
    const flat = checkShape(key, name, feature, stats[name], STATS_FILE, findings);
    if (flat) values.set(name, flat);
  }
  checkCount(key, feature, stats.count, frames, findings);
  checkOrder(key, values, findings);
  checkRange(key, feature, values, findings);
  const actual = frames?.stats.get(key);
  if (actual) compareWithRows(key, values, actual, findings);
}

/** The numbers of a well-formed, finite statistic; null after reporting otherwise. */
function checkShape(
  key: string,
  name: string,
  feature: Feature,
  value: unknown,
  file: string,
  findings: Findings,
): number[] | null {
  const shape = statShape(feature);
  const flat: unknown[] = [];
  if (!matches(value, shape, flat)) {
    const wanted = isPicture(feature) ? `nested ${shape.join('x')} ([[[r]], [[g]], [[b]]])` : `a list of ${shape[0]}`;
    findings.error('stats-shape', file, `${key}: ${name} must be ${wanted}`);
    return null;
  }
  const bad = flat.findIndex((item) => typeof item !== 'number' || !Number.isFinite(item));
  if (bad >= 0) {
    findings.error('stats-not-finite', file, `${key}: ${name}[${bad}] is ${flat[bad]}`);
    return null;
  }
  return flat as number[];
}

function matches(value: unknown, shape: readonly number[], into: unknown[]): boolean {
  if (shape.length === 0) {
    into.push(value);
    return !Array.isArray(value);
  }
  if (!Array.isArray(value) || value.length !== shape[0]) return false;
  return value.every((item) => matches(item, shape.slice(1), into));
}

function checkCount(
  key: string,
  feature: Feature,
  count: unknown,
  frames: FrameCheck | null,
  findings: Findings,
): void {
  const value = Array.isArray(count) && count.length === 1 ? Number(count[0]) : Number.NaN;
  if (!(value >= 1)) {
    findings.error('stats-count', STATS_FILE, `${key}: count must be a list with the number of frames`);
  } else if (frames && !isPicture(feature) && value !== frames.numRows) {
    findings.error('stats-count', STATS_FILE, `${key}: count is ${value}, there are ${frames.numRows} frames`);
  }
}

function checkOrder(key: string, values: ReadonlyMap<string, number[]>, findings: Findings): void {
  const min = values.get('min');
  const max = values.get('max');
  const std = values.get('std');
  if (std?.some((value) => value < 0)) findings.error('stats-order', STATS_FILE, `${key}: std is negative`);
  if (!min || !max) return;
  const chain = ['min', 'mean', 'max'].filter((name) => values.has(name));
  const quantiles = QUANTILES.filter((name) => values.has(name));
  for (const names of [chain, quantiles]) {
    for (let i = 1; i < names.length; i++) {
      const low = values.get(names[i - 1])!;
      const high = values.get(names[i])!;
      const at = low.findIndex((value, d) => value > high[d] + rounding(min[d], max[d]));
      if (at >= 0) {
        findings.error(
          'stats-order',
          STATS_FILE,
          `${key}[${at}]: ${names[i - 1]} ${low[at]} is greater than ${names[i]} ${high[at]}`,
        );
      }
    }
  }
}

/** How far statistics of values between min and max may be off. */
function rounding(min: number, max: number): number {
  return ROUNDING * (max - min) + ROUNDING_ABSOLUTE * (1 + Math.max(Math.abs(min), Math.abs(max)));
}

function checkRange(key: string, feature: Feature, values: ReadonlyMap<string, number[]>, findings: Findings): void {
  const isColour = isPicture(feature) && !isDepth(feature);
  const max = values.get('max');
  const min = values.get('min');
  if (isColour && (max?.some((value) => value > 1 + ROUNDING) || min?.some((value) => value < -ROUNDING))) {
    findings.error('stats-range', STATS_FILE, `${key}: colours must be 0..1, max is ${max?.join(', ')}`);
  }
}

function compareWithRows(
  key: string,
  values: ReadonlyMap<string, number[]>,
  actual: RunningStats,
  findings: Findings,
): void {
  for (const name of NEEDED) {
    const given = values.get(name);
    const computed = actual[name];
    const at = given?.findIndex((value, d) => {
      const size = Math.max(Math.abs(actual.min[d]), Math.abs(actual.max[d]));
      const allowed = rounding(actual.min[d], actual.max[d]) + (name === 'std' ? SINGLE_PRECISION_STD * size : 0);
      return Math.abs(value - computed[d]) > allowed;
    });
    if (given && at !== undefined && at >= 0) {
      findings.error(
        'stats-wrong',
        STATS_FILE,
        `${key}[${at}]: ${name} is ${given[at]}, the rows give ${computed[at]}`,
      );
    }
  }
}

function checkEpisodeStats(key: string, feature: Feature, entries: readonly EpisodeEntry[], findings: Findings): void {
  for (const { row, file, position } of entries) {
    const missing = [...STAT_NAMES, 'count'].filter((name) => row[`stats/${key}/${name}`] === undefined);
    if (missing.length > 0) {
      findings.warn(
        'episode-stats',
        file,
        `stats/${key}/${missing.join(', ')} missing: tools that merge or split datasets need them`,
      );
      return;
    }
    for (const name of STAT_NAMES) {
      const label = `episode ${position}: stats/${key}`;
      checkShape(label, name, feature, row[`stats/${key}/${name}`], file, findings);
    }
  }
}
