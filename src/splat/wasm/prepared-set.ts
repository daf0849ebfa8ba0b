/** A Gaussian set in the kernels' memory. */
import { identity } from '../../math/se3.js';
import { cameraCentre, evaluateColours } from '../colour.js';
import { buildShapes, thirdAxes } from '../covariance.js';
import type { GaussianSet } from '../gaussians.js';
import { mortonOrder } from '../morton.js';
import type { Instance, PreparedSet, PrepareOptions } from '../renderer.js';
import type { Arena } from './arena.js';
import { NORMAL_PLANES, PLANES_PER_SET } from './layout.js';
import type { SplatKernels } from './module.js';

/** The planes of a set (kernels/layout.ts): positions 0-2, covariances 3-8, log2 opacity 9, colours 10-12, normals, harmonics. */
const COVARIANCE_PLANE = 3;
const OPACITY_PLANE = 9;
const COLOUR_PLANE = 10;

/** log2 of opacity 0, far below the cut: such Gaussians and the padding are never visible. */
const INVISIBLE = -1e6;

export class WasmSet implements PreparedSet {
  readonly count: number;
  readonly address: number;
  readonly stride: number;
  readonly isClosed: boolean;
  /** Gaussian of `source` at each place of the planes: along a curve, which saves a tenth of the drawing (cache misses). */
  readonly order: Uint32Array;
  private isDisposed = false;
  /** First plane of the harmonics of a set with view-dependent colour. */
  private readonly firstHarmonic: number;

  constructor(
    private readonly arena: Arena,
    private readonly kernels: SplatKernels,
    readonly source: GaussianSet,
    options: PrepareOptions = {},
  ) {
    this.isClosed = options.closed ?? false;
    const { count } = source;
    this.count = count;
    this.stride = (count + 3) & ~3;
    this.order = mortonOrder(source.position);
    const { order } = this;
    const numHarmonics = source.shDegree > 0 ? (source.shDegree + 1) ** 2 * 3 : 0;
    this.firstHarmonic = PLANES_PER_SET + (this.isClosed ? NORMAL_PLANES : 0);
    const numPlanes = this.firstHarmonic + numHarmonics;
    this.address = arena.allocate(numPlanes * this.stride * 4);
    const { covariance, opacity } = buildShapes(source, new Float32Array(count * 6), new Float32Array(count));
    const planes = arena.floats(this.address, numPlanes * this.stride).fill(0);
    const scatter = (from: Float32Array, numColumns: number, firstPlane: number): void => {
      for (let c = 0; c < numColumns; c++) {
        const plane = planes.subarray((firstPlane + c) * this.stride, (firstPlane + c + 1) * this.stride);
        for (let i = 0; i < count; i++) plane[i] = from[order[i] * numColumns + c];
      }
    };
    scatter(source.position, 3, 0);
    scatter(covariance, 6, COVARIANCE_PLANE);
    if (this.isClosed) scatter(thirdAxes(source, new Float32Array(count * 3)), 3, PLANES_PER_SET);
    const logOpacity = planes.subarray(OPACITY_PLANE * this.stride, COLOUR_PLANE * this.stride).fill(INVISIBLE);
    for (let i = 0; i < count; i++) if (opacity[order[i]] > 0) logOpacity[i] = Math.log2(opacity[order[i]]);
    if (numHarmonics > 0) scatter(source.sh, numHarmonics, this.firstHarmonic);
    else scatter(evaluateColours(source, identity(), 1, new Float32Array(count * 3)), 3, COLOUR_PLANE);
  }

  /** Evaluates view-dependent colours for this instance; sets of degree 0 keep theirs. */
  faceCamera(instance: Instance): void {
    if (this.isDisposed) throw new Error('splat renderer: a disposed set was drawn');
    const { shDegree } = this.source;
    if (shDegree === 0) return;
    const [x, y, z] = cameraCentre(instance.cameraFromSet, instance.scale ?? 1);
    const harmonics = this.address + this.firstHarmonic * this.stride * 4;
    this.kernels.shadeSet(this.address, this.count, harmonics, shDegree, x, y, z);
  }

  dispose(): void {
    if (!this.isDisposed) this.arena.release(this.address);
    this.isDisposed = true;
  }
}
