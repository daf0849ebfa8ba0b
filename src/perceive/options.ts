import { defineOptions, type OptionsOf } from '../base/options.js';

/** Values of the flags that choose a provider. */
const PROVIDER_CHOICES = ['auto', 'classical', 'onnx', 'files'] as const;

/** Options of the `perceive` stage. */
export const perceiveOptions = defineOptions({
  segment: {
    kind: 'enum',
    values: PROVIDER_CHOICES,
    default: 'auto',
    help: 'Who tells objects and hand apart. onnx: networks say where hands, persons and named things are. auto: files if --mask-files names some, else classical.',
  },
  track: {
    kind: 'enum',
    values: PROVIDER_CHOICES,
    default: 'auto',
    help: 'Who follows points. auto: files if --track-files names some, else classical.',
  },
  depth: {
    kind: 'enum',
    values: PROVIDER_CHOICES,
    default: 'auto',
    help: 'Where depth comes from. classical: the table plane alone. auto: files if --depth-files names some, else a network, else classical.',
  },
  camera: {
    kind: 'enum',
    values: PROVIDER_CHOICES,
    default: 'auto',
    help: 'Where camera, table and scale come from. onnx: hand landmarks and class words as more cues of scale. auto: files if --camera-file names one, else classical.',
  },
  maskFiles: {
    kind: 'string',
    default: '',
    help: 'Folder of mask PNGs (id maps, one folder per object, or a perceive folder of v2r); see v2r perceive --explain-files.',
  },
  trackFiles: {
    kind: 'string',
    default: '',
    help: 'Point tracks [T, N, 2] as .npz or .npy; see v2r perceive --explain-files.',
  },
  depthFiles: {
    kind: 'string',
    default: '',
    help: 'Depth as .npy, .npz, or a folder of .npy, .npz or 16-bit PNG; see v2r perceive --explain-files.',
  },
  depthKind: {
    kind: 'enum',
    values: ['metric', 'relative', 'inverse'],
    default: 'metric',
    help: 'What the values of --depth-files are: metres, linear in depth (larger = farther), or linear in 1 / depth (larger = nearer).',
  },
  depthUnit: {
    kind: 'number',
    default: 0.001,
    min: 1e-6,
    max: 1,
    help: 'Metres per step of 16-bit PNG depth.',
  },
  cameraFile: { kind: 'string', default: '', help: 'Camera as JSON; see v2r perceive --explain-files.' },
  object: {
    kind: 'list',
    help: 'Something to look at: "mug@412,300" (a pixel on it in the first frame) or "mug@412,300@25" (in frame 25).',
  },
  source: { kind: 'string', default: '', help: 'Name of the object that is moved.' },
  target: { kind: 'string', default: '', help: 'Name of the object that it is brought to.' },
  table: {
    kind: 'list',
    help: 'Three or more pixels on the bare table: x,y x,y x,y. No target lies there, metric depth sets the plane there, and the camera looks down far enough to see them.',
  },
  size: {
    kind: 'list',
    help: 'A known size: "mug=95mm" (or "source=95mm"), the largest of its height, width and length.',
  },
  hfov: {
    kind: 'optional-number',
    min: 10,
    max: 150,
    help: 'Horizontal field of view of the camera in degrees, if you know it.',
  },
  focalPx: {
    kind: 'optional-number',
    min: 10,
    max: 100000,
    help: 'Focal length in pixels of the decoded frames, if you know it. Goes before --hfov.',
  },
  tableTilt: {
    kind: 'optional-number',
    min: 5,
    max: 90,
    help: 'How far the camera looks down on the table in degrees (90 = straight down), if you know it.',
  },
  knownWidth: {
    kind: 'optional-number',
    min: 2,
    max: 1000,
    help: 'True width in millimetres of the moved object as it is seen in the first frame: fixes the scale.',
  },
});
export type PerceiveOptions = OptionsOf<typeof perceiveOptions>;
