/** The chain, in order. */
import type { Stage } from './stage.js';
import { datasetStage } from './stages/dataset.js';
import { episodesStage } from './stages/episodes.js';
import { objectsStage } from './stages/objects.js';
import { perceiveStage } from './stages/perceive.js';
import { posesStage } from './stages/poses.js';
import { reportStage } from './stages/report.js';
import { sceneStage } from './stages/scene.js';
import { skillStage } from './stages/skill.js';
import { videoStage } from './stages/video.js';

export const STAGES: readonly Stage[] = [
  videoStage,
  perceiveStage,
  objectsStage,
  posesStage,
  skillStage,
  sceneStage,
  episodesStage,
  datasetStage,
  reportStage,
];
