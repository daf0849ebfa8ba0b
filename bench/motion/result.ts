/** What `npm run bench -- motion` gives. */
import type { MotionScores } from './measure.js';

export interface MotionResult {
  inputs: 'true' | 'seen';
  episodes: number;
  /** Means over the fixtures that came to episodes. */
  yield: number | null;
  planMs: number | null;
  ikMs: number;
  silhouetteIou: number | null;
  /** Share of accepted episodes that succeed in physics, by task. */
  physicsAgreement: Record<string, number | null>;
  rejectReasons: Record<string, number>;
  fixtures: Record<string, MotionScores | { finding: string }>;
}
