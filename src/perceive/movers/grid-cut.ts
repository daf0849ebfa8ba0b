/**
 * Minimum cut on an 8-connected pixel grid, by augmenting paths from two search trees, compiled (kernels/cut.ts).
 * Source: Boykov & Kolmogorov 2004, "An experimental comparison of min-cut/max-flow algorithms".
 */
import { growTo, type KernelMemory, loadKernel } from '../../base/kernel.js';

interface CutExports extends KernelMemory {
  bytesFor(widthPx: number, heightPx: number): number;
  gridCut(planes: number, work: number, out: number, widthPx: number, heightPx: number): void;
}

export interface GridCutInput {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] energy of label 1 minus energy of label 0: negative prefers 1. */
  readonly unary: Float32Array;
  /** Four arrays [H, W]: cost of different labels across right, down, down-right and down-left links, >= 0. */
  readonly links: readonly [Float32Array, Float32Array, Float32Array, Float32Array];
}

const ALIGN = 64;

let kernel: CutExports | undefined;

/** [H, W] labels 0 / 1 of least energy. */
export function gridCut({ widthPx, heightPx, unary, links }: GridCutInput): Uint8Array {
  kernel ??= loadKernel<CutExports>('cut', 'cutting kernel');
  const { memory } = kernel;
  const n = widthPx * heightPx;
  const planes = Math.ceil(kernel.heapBase() / ALIGN) * ALIGN;
  const work = Math.ceil((planes + 5 * 4 * n) / ALIGN) * ALIGN;
  growTo(memory, work + kernel.bytesFor(widthPx, heightPx));
  const costs = new Float32Array(memory.buffer, planes, 5 * n);
  for (const [k, plane] of [unary, ...links].entries()) costs.set(plane, k * n);
  kernel.gridCut(planes, work, planes, widthPx, heightPx);
  return new Uint8Array(memory.buffer, planes, n).slice();
}
