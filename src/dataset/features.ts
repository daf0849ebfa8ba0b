/** The features of a dataset that we write, and how they stand in parquet. */

import { type Feature, INDEX_FEATURES } from './lerobot-info.js';
import type { ColumnSpec, ColumnType } from './parquet.js';

export interface CameraSpec {
  /** Short name: the feature is `observation.images.<name>`. */
  readonly name: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A further column, for example `next.reward`. */
export interface ExtraFeature {
  readonly key: string;
  readonly dtype: 'float32' | 'int64' | 'bool';
  /** Values per frame. */
  readonly length: number;
  readonly names?: readonly string[];
}

export interface LeRobotSpec {
  /** Whole frames per second. */
  readonly fps: number;
  readonly robotType: string;
  /** LeRobot style: 'panda_joint1.pos', ..., 'gripper.pos'. */
  readonly stateNames: readonly string[];
  readonly actionNames: readonly string[];
  readonly cameras: readonly CameraSpec[];
  readonly extras?: readonly ExtraFeature[];
  /** How the episode videos were encoded, for info.json. */
  readonly video: { readonly crf: number; readonly gop: number; readonly preset: string };
  /** Sizes at which files are split. Default 100 and 200 MB, LeRobot's own. */
  readonly dataFileMb?: number;
  readonly videoFileMb?: number;
  /** One or two sentences for the dataset card. */
  readonly description?: string;
}

export function cameraKey(camera: Pick<CameraSpec, 'name'>): string {
  return `observation.images.${camera.name}`;
}

/** Features in LeRobot's order: state, action, cameras, extras, then the index columns. */
export function featuresOf(spec: LeRobotSpec): Record<string, Feature> {
  const features: Record<string, Feature> = {
    'observation.state': vector('float32', spec.stateNames),
    action: vector('float32', spec.actionNames),
  };
  for (const camera of spec.cameras) features[cameraKey(camera)] = videoFeature(camera, spec);
  for (const { key, dtype, length, names } of spec.extras ?? []) {
    features[key] = { dtype, shape: [length], names: names ? [...names] : null };
  }
  return { ...features, ...INDEX_FEATURES };
}

function vector(dtype: string, names: readonly string[]): Feature {
  return { dtype, shape: [names.length], names: [...names] };
}

function videoFeature({ widthPx, heightPx }: CameraSpec, { fps, video }: LeRobotSpec): Feature {
  return {
    dtype: 'video',
    // Policies move the channel axis first only when the third name says that it is one.
    shape: [heightPx, widthPx, 3],
    names: ['height', 'width', 'channels'],
    info: {
      'video.height': heightPx,
      'video.width': widthPx,
      'video.codec': 'h264',
      'video.pix_fmt': 'yuv420p',
      'video.fps': fps,
      'video.channels': 3,
      has_audio: false,
      'video.g': video.gop,
      'video.crf': video.crf,
      'video.preset': video.preset,
      'video.fast_decode': 0,
      'video.video_backend': 'pyav',
      'video.extra_options': {},
      is_depth_map: false,
    },
  };
}

/** Columns of the data files: every feature but videos. Shape [1] is a scalar, [n] a list, [a, b] a list of lists. */
export function dataColumns(features: Readonly<Record<string, Feature>>): ColumnSpec[] {
  return Object.entries(features)
    .filter(([, feature]) => feature.dtype !== 'video')
    .map(([name, { dtype, shape }]) => ({
      name,
      type: dtype as ColumnType,
      depth: isScalar(shape) ? 0 : shape.length,
    }));
}

export function isScalar(shape: readonly number[]): boolean {
  return shape.length === 1 && shape[0] === 1;
}

/** The `huggingface` metadata of a data file: what `datasets.load_dataset` and the hub's viewer read. */
export function huggingfaceMetadata(features: Readonly<Record<string, Feature>>): string {
  const described: Record<string, unknown> = {};
  for (const [name, { dtype, shape }] of Object.entries(features)) {
    if (dtype === 'video') continue;
    const value = { dtype, _type: 'Value' };
    described[name] = isScalar(shape) ? value : { feature: value, length: shape[0], _type: 'List' };
  }
  return JSON.stringify({ info: { features: described } });
}

/** The `pandas` metadata that makes `task` the index of tasks.parquet; without it the loader reads row numbers as tasks. */
export function pandasTaskMetadata(): string {
  const column = (name: string, pandasType: string, numpyType: string): Record<string, unknown> => ({
    name,
    field_name: name,
    pandas_type: pandasType,
    numpy_type: numpyType,
    metadata: null,
  });
  return JSON.stringify({
    index_columns: ['task'],
    column_indexes: [],
    columns: [column('task_index', 'int64', 'int64'), column('task', 'unicode', 'object')],
    creator: { library: 'v2r', version: '1' },
    pandas_version: '2.0.0',
  });
}
