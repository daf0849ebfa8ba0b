import { defineOptions, type OptionsOf } from '../base/options.js';

/** Options of the `perceive` stage. */
export const perceiveOptions = defineOptions({
  segment: {
    kind: 'enum',
    values: ['auto', 'classical'],
    default: 'auto',
    help: 'How objects and hand are told apart. auto takes the best provider that is present.',
  },
  track: {
    kind: 'enum',
    values: ['auto', 'classical'],
    default: 'auto',
    help: 'How points are followed. auto takes the best provider that is present.',
  },
  depth: {
    kind: 'enum',
    values: ['auto', 'classical'],
    default: 'auto',
    help: 'Where depth comes from. classical: the table plane and the scale priors.',
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
