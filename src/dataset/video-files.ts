/** The mp4 files of one camera: many episodes per file, split by size, an episode never cut. */
import { stat } from 'node:fs/promises';
import { Mp4Joiner } from '../video/mp4-joiner.js';
import { type FileSlot, formatPath, nextSlot, VIDEO_PATH } from './lerobot-info.js';

export class VideoFiles {
  private slot: FileSlot = { chunk: 0, file: 0 };
  private joiner: Mp4Joiner | null = null;
  private bytes = 0;

  constructor(
    private readonly pathOf: (relative: string) => Promise<string>,
    private readonly videoKey: string,
    private readonly fps: number,
    private readonly maxBytes: number,
  ) {}

  /** Copies an episode's video; the times are counted in frames, so long files do not drift. */
  async append(part: string, expectedFrames: number): Promise<FileSlot & { fromSec: number; toSec: number }> {
    const { size } = await stat(part);
    if (this.joiner && this.joiner.bytes + size >= this.maxBytes) {
      this.bytes += await this.joiner.finish();
      this.joiner = null;
      this.slot = nextSlot(this.slot);
    }
    this.joiner ??= new Mp4Joiner(await this.pathOf(formatPath(VIDEO_PATH, this.slot, this.videoKey)), this.fps);
    const from = this.joiner.numFrames;
    const appended = await this.joiner.append(part);
    if (appended !== expectedFrames) {
      throw new Error(`${part} has ${appended} frames, the episode ${expectedFrames}`);
    }
    return { ...this.slot, fromSec: from / this.fps, toSec: (from + appended) / this.fps };
  }

  /** Closes the last file; returns the bytes of all. */
  async finish(): Promise<number> {
    if (this.joiner) this.bytes += await this.joiner.finish();
    this.joiner = null;
    return this.bytes;
  }

  async discard(): Promise<void> {
    await this.joiner?.discard();
    this.joiner = null;
  }
}
