/** The one place that picks a backend. Callers know `SplatRenderer` only. */
import type { SplatRenderer } from './renderer.js';
import { createWasmRenderer } from './wasm/wasm-renderer.js';

/** A renderer for this thread: WebAssembly SIMD. Workers make their own. Same bytes on every thread and machine. */
export function createRenderer(): Promise<SplatRenderer> {
  return createWasmRenderer();
}
