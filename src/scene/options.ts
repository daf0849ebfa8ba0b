import { defineOptions, type OptionsOf } from '../base/options.js';

/** Options of the scene stage. */
export const sceneOptions = defineOptions({
  robot: {
    kind: 'string',
    default: 'franka',
    help: 'Arm that the episodes show: franka, or a folder made by `v2r robot import`.',
  },
  baseDistance: {
    kind: 'optional-number',
    min: 0.2,
    max: 1.2,
    help: 'Distance of the robot base from the middle of the work area, metres; found by sampling when not given.',
  },
  baseAzimuth: {
    kind: 'optional-number',
    min: -360,
    max: 360,
    help: 'Direction from the work area to the robot base, degrees counter-clockwise from the image right; found by sampling when not given.',
  },
  workRadius: {
    kind: 'number',
    default: 0.15,
    min: 0,
    max: 1,
    help: 'Objects may be put up to this far outside of where they were in the video, metres.',
  },
  tableDepth: {
    kind: 'number',
    default: 3,
    min: 0.3,
    max: 20,
    help: 'The table ends at this distance from the camera; farther pixels have no depth, metres.',
  },
  backgroundFrames: {
    kind: 'number',
    default: 24,
    min: 2,
    max: 200,
    integer: true,
    help: 'Number of frames, spread over the video, in which the empty background is looked for.',
  },
});
export type SceneOptions = OptionsOf<typeof sceneOptions>;
