/** What a report is made of. Later parts are null when the run ended before them. */
import type { Episodes } from '../../episode/episode-record.js';
import type { ByteImage, RgbImage } from '../../image/image.js';
import type { ObjectModel } from '../../objects/object-model.js';
import type { Perception } from '../../perceive/perception.js';
import type { Poses } from '../../pose/poses.js';
import type { Scene } from '../../scene/scene.js';
import type { Skill } from '../../skill/skill.js';
import type { GaussianSet } from '../../splat/gaussians.js';
import type { FrameSource } from '../../video/frames.js';
import type { VideoInfo } from '../../video/video-info.js';

export interface Seen {
  perception: Perception;
  /** In the pixels of frame 0. */
  frames: FrameSource;
  readMask(frameIdx: number): Promise<ByteImage>;
}

export interface ReportInputs {
  video: VideoInfo;
  seen: Seen;
  plate: RgbImage;
  objects: { models: ObjectModel[]; gaussians: Map<number, GaussianSet> } | null;
  poses: Poses | null;
  skill: Skill | null;
  scene: { scene: Scene; background: RgbImage } | null;
  episodes: { made: Episodes; videoOf(number: number): string } | null;
  /** Facts of the dataset, in words: format, episodes, size. */
  dataset: Record<string, string> | null;
  stages: { name: string; seconds: number }[];
  warnings: { stage: string; code: string; message: string }[];
  /** Where to find the run and how it was made, for the foot of the page. */
  provenance: Record<string, string>;
}
