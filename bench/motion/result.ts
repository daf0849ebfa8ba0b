/** What `npm run bench -- motion` gives. */
import type { MotionScores } from './measure.js';

/** With how well the skill was read from the film: true events found within three frames, and whether source and target are right. */
export type FixtureMotion = MotionScores & {
  eventsWithin3: string;
  eventErrorFrames: number | null;
  rolesRight: boolean;
};

export interface MotionResult {
  /** Names the file that keeps the result. */
  variant?: string;
  inputs: 'true' | 'seen';
  episodes: number;
  seed: number;
  /** Means over the fixtures that came to episodes. */
  yield: number | null;
  planMs: number | null;
  ikMs: number;
  silhouetteIou: number | null;
  /** Share of accepted episodes that succeed in physics, by task. */
  physicsAgreement: Record<string, number | null>;
  rejectReasons: Record<string, number>;
  fixtures: Record<string, FixtureMotion | { finding: string }>;
}
