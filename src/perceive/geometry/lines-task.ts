/** The lines of a table, as a task for any thread. */
import type { ByteImage } from '../../image/image.js';
import type { ClipTask } from '../clip.js';
import { tableLines } from './geometry-cues.js';
import type { LinePlane } from './plane-from-lines.js';
import type { CameraEstimate } from './table.js';

export const linesTask: ClipTask<{ grey: ByteImage; camera: CameraEstimate }, LinePlane | null> = {
  name: 'table-lines',
  run: (_clip, { grey, camera }) => tableLines(grey, camera),
};
