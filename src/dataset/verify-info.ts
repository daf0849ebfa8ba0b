/** Check of `meta/info.json`: version, rate, features. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../base/errors.js';
import type { Findings } from './findings.js';
import { type DatasetInfo, type Feature, INDEX_FEATURES, INFO_FILE, InfoSchema } from './lerobot-info.js';

const NUMERIC = /^(float16|float32|float64|int8|int16|int32|int64|uint8|uint16|uint32|uint64|bool)$/;
const OTHER_TYPES = ['string', 'video', 'image', 'language'];

export function isNumeric(feature: Feature): boolean {
  return NUMERIC.test(feature.dtype);
}

/** null when nothing else can be checked without it. */
export async function verifyInfo(folder: string, findings: Findings): Promise<DatasetInfo | null> {
  let text: string;
  try {
    text = await readFile(path.join(folder, INFO_FILE), 'utf8');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'is missing: this is not a LeRobot dataset' : `cannot be read: ${messageOf(error)}`;
    findings.error('info-missing', INFO_FILE, why);
    return null;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    findings.error('info-invalid', INFO_FILE, `not valid JSON: ${messageOf(error)}`);
    return null;
  }
  const version = String((value as { codebase_version?: unknown } | null)?.codebase_version ?? 'none');
  if (!/^v?3\./.test(version)) {
    const remedy = /^v?[12]\./.test(version) ? ': convert it to v3.0 first' : '';
    findings.error('version', INFO_FILE, `codebase_version is ${version}, only v3 datasets can be loaded${remedy}`);
    return null;
  }
  const parsed = InfoSchema.safeParse(value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      findings.error('info-invalid', INFO_FILE, `${issue.path.join('.') || '(top level)'}: ${issue.message}`);
    }
    return null;
  }
  checkFeatures(parsed.data, findings);
  checkPaths(parsed.data, findings);
  return parsed.data;
}

function checkFeatures(info: DatasetInfo, findings: Findings): void {
  if (!Number.isInteger(info.fps)) findings.warn('fps', INFO_FILE, `fps is ${info.fps}, a whole number is expected`);
  for (const [key, expected] of Object.entries(INDEX_FEATURES)) {
    const actual = info.features[key];
    if (!actual) findings.error('feature-missing', INFO_FILE, `feature ${key} is missing`);
    else if (actual.dtype !== expected.dtype || actual.shape.join() !== '1') {
      findings.error(
        'feature-wrong',
        INFO_FILE,
        `feature ${key} is ${actual.dtype} [${actual.shape}], it must be ${expected.dtype} [1]`,
      );
    }
  }
  for (const [key, feature] of Object.entries(info.features)) checkFeature(key, feature, info, findings);
  if (!info.features.action) findings.warn('no-action', INFO_FILE, 'there is no feature "action": nothing to imitate');
}

function checkFeature(key: string, feature: Feature, info: DatasetInfo, findings: Findings): void {
  const { dtype, shape, names } = feature;
  if (key.includes('/')) findings.error('feature-name', INFO_FILE, `feature ${key}: "/" is not allowed in a name`);
  if (!isNumeric(feature) && !OTHER_TYPES.includes(dtype)) {
    findings.error('feature-type', INFO_FILE, `feature ${key}: unknown dtype ${dtype}`);
  }
  const isPicture = dtype === 'video' || dtype === 'image';
  if (!isPicture) {
    if (Array.isArray(names) && shape.length === 1 && names.length !== shape[0]) {
      findings.error('feature-names', INFO_FILE, `feature ${key}: ${names.length} names for shape [${shape}]`);
    }
    return;
  }
  if (shape.length !== 3) {
    findings.error('feature-wrong', INFO_FILE, `feature ${key}: shape [${shape}], expected [height, width, channels]`);
    return;
  }
  const last = Array.isArray(names) ? names[2] : undefined;
  if (last !== 'channels' && last !== 'channel') {
    findings.error(
      'feature-names',
      INFO_FILE,
      `feature ${key}: names must be ["height", "width", "channels"], else policies do not move the channels first`,
    );
  }
  const videoFps = feature.info?.['video.fps'];
  if (dtype === 'video' && videoFps !== undefined && videoFps !== info.fps) {
    findings.error('video-fps', INFO_FILE, `feature ${key}: video.fps is ${videoFps}, the dataset has ${info.fps}`);
  }
}

function checkPaths(info: DatasetInfo, findings: Findings): void {
  const hasVideo = Object.values(info.features).some((feature) => feature.dtype === 'video');
  const needed: [string, string | null, string[]][] = [
    ['data_path', info.data_path, ['{chunk_index:03d}', '{file_index:03d}']],
    ['video_path', info.video_path, ['{video_key}', '{chunk_index:03d}', '{file_index:03d}']],
  ];
  for (const [name, template, parts] of needed) {
    if (name === 'video_path' && !hasVideo) continue;
    const missing = parts.filter((part) => !template?.includes(part));
    if (missing.length > 0) findings.error('path-template', INFO_FILE, `${name} lacks ${missing.join(' and ')}`);
  }
  for (const [name, range] of Object.entries(info.splits ?? {})) {
    const bounds = /^(\d+):(\d+)$/.exec(range);
    if (!bounds || Number(bounds[1]) > Number(bounds[2]) || Number(bounds[2]) > info.total_episodes) {
      findings.error('splits', INFO_FILE, `split ${name} is "${range}", there are ${info.total_episodes} episodes`);
    }
  }
}
