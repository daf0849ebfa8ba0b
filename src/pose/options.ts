/** Options of the poses stage: every ingredient can be switched off, so that an ablation is one command. */
import { defineOptions, type OptionsOf } from '../base/options.js';

export const poseOptions = defineOptions({
  de: {
    kind: 'boolean',
    default: true,
    help: 'find the pose of a resting object by differential evolution (otherwise start from the shape fit)',
  },
  rgbLoss: { kind: 'boolean', default: true, help: 'compare colours over the union of rendered and observed mask' },
  maskLoss: { kind: 'boolean', default: true, help: 'compare rendered coverage with the observed mask' },
  depthLoss: { kind: 'boolean', default: true, help: 'compare depth where a depth map is given' },
  trackLoss: {
    kind: 'boolean',
    default: true,
    help: 'model points seen where a point track began must reproject onto the track',
  },
  round: {
    kind: 'boolean',
    default: true,
    help: 'what looks the same all round an axis turns about it by its tracks and its motion alone, not by its pictures',
  },
  contact: { kind: 'boolean', default: true, help: 'keep objects on or above the table' },
  rest: {
    kind: 'boolean',
    default: true,
    help: 'explain rests and slides by what bears the object (otherwise it rests where tracking left it)',
  },
  occlusion: {
    kind: 'boolean',
    default: true,
    help: 'an object cannot be in front of another known object that is seen there',
  },
  motionPrior: { kind: 'boolean', default: true, help: 'turning away from the motion so far costs' },
  restarts: {
    kind: 'number',
    default: 6,
    min: 0,
    max: 40,
    integer: true,
    help: 'random new starts when an object seems lost',
  },
  backward: {
    kind: 'boolean',
    default: true,
    help: 'track from the final rest backwards too and fuse both directions',
  },
  smooth: { kind: 'boolean', default: true, help: 'smooth the trajectory over the whole sequence at the end' },
  poseSteps: {
    kind: 'number',
    default: 18,
    min: 1,
    max: 400,
    integer: true,
    help: 'Adam steps per frame',
  },
  poseCrop: {
    kind: 'number',
    default: 72,
    min: 24,
    max: 320,
    integer: true,
    help: 'longer side of the window in which poses are compared, pixels',
  },
  poseGaussians: {
    kind: 'number',
    default: 900,
    min: 50,
    max: 20000,
    integer: true,
    help: 'Gaussians per object while tracking (the full set is for pictures)',
  },
});
export type PoseOptions = OptionsOf<typeof poseOptions>;
