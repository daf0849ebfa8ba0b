/** Options of the objects stage. */
import { defineOptions, type OptionsOf } from '../base/options.js';
import { SHAPE_FORM, SHAPE_WISHES } from './shape-wish.js';

export const objectOptions = defineOptions({
  shape: {
    kind: 'string',
    default: 'auto',
    form: SHAPE_FORM,
    help: `shape family of every object, or of one by name or id ("free", "mug=free,2=box"): ${SHAPE_WISHES.join(', ')}; auto picks by silhouette agreement, files takes the shapes in --shape-files`,
  },
  shapeFiles: {
    kind: 'string',
    default: '',
    help: 'folder of own Gaussians (.ply, .splat) or meshes (.ply, .obj, .glb, ...) named by object id or name: 1.ply, mug.obj',
  },
  maxGaussians: {
    kind: 'number',
    default: 5000,
    min: 200,
    max: 60000,
    integer: true,
    help: 'most Gaussians per object',
  },
  restFrames: {
    kind: 'number',
    default: 5,
    min: 1,
    max: 25,
    integer: true,
    help: 'frames of the resting object whose masks and colours are combined',
  },
  fitSize: {
    kind: 'number',
    default: 88,
    min: 24,
    max: 256,
    integer: true,
    help: 'longer side of the window in which silhouettes are compared, pixels',
  },
  sharpen: {
    kind: 'number',
    default: 6,
    min: 0,
    max: 20,
    integer: true,
    help: 'rounds in which colours are corrected by rendering and comparing with the frame',
  },
  refineShapes: {
    kind: 'boolean',
    default: true,
    help: 'fit shapes and colours again to several frames that show other sides (otherwise one rest of each object has to do)',
  },
  refineViews: {
    kind: 'number',
    default: 8,
    min: 1,
    max: 24,
    integer: true,
    help: 'most frames per object that its shape and colours are refined with',
  },
  refineSteps: {
    kind: 'number',
    default: 20,
    min: 0,
    max: 200,
    integer: true,
    help: 'gradient steps on the Gaussians of each object; 0 leaves them as painted',
  },
});
export type ObjectOptions = OptionsOf<typeof objectOptions>;
