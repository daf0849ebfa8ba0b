import type { RgbImage } from '../image/image.js';

/**
 * Random access to the decoded frames of a video. All frames have one size and a constant rate; frame k was shown at
 * k / fps seconds after the start of the used part. Readers keep at most a few frames in memory.
 */
export interface FrameSource {
  readonly numFrames: number;
  readonly fps: number;
  readonly widthPx: number;
  readonly heightPx: number;
  read(frameIdx: number): Promise<RgbImage>;
  /** Where `openFrames` finds these very frames, so that another thread can read them; absent where it cannot. */
  readonly folder?: string;
}
