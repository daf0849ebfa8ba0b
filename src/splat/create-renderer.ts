/** The one place that picks a backend. Callers know `SplatRenderer` only. */
import type { SplatRenderer } from './renderer.js';
import { createTwinRenderer } from './twin/twin-renderer.js';

/** A renderer for this thread. Workers make their own. */
export async function createRenderer(): Promise<SplatRenderer> {
  return createTwinRenderer();
}
