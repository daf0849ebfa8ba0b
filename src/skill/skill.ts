/** The `skill` artifact (`skill/skill.json`): who does what to whom and when, parsed from object motion. */
import { z } from 'zod';
import { Mat4Schema } from '../perceive/perception.js';

export const SkillSegmentSchema = z.object({
  /** grasp: a hand takes the source (it starts to move). task: source moves relative to the target. release: it is let go. */
  kind: z.enum(['grasp', 'task', 'release']),
  sourceId: z.int(),
  /** null: the table itself (put down at a place). */
  targetId: z.int().nullable(),
  fromFrame: z.int(),
  toFrame: z.int(),
  confidence: z.number(),
  evidence: z.string(),
});

export const SkillSchema = z.object({
  kind: z.literal('v2r/skill'),
  version: z.literal(1),
  fps: z.number(),
  /** attach, drum, place, pour, stack, sweep or move: a word for the task string, judged from the relative motion. */
  task: z.string(),
  /** A sentence a language-conditioned policy is trained with ("put the red can into the bowl"). */
  instruction: z.string(),
  segments: z.array(SkillSegmentSchema),
  /**
   * Relative motion during the task segment(s), one per task segment, sampled every frame from `fromFrame` to `toFrame`:
   * targetFromSource (or worldFromSource when the target is the table).
   */
  relativeMotions: z.array(
    z.object({
      sourceId: z.int(),
      targetId: z.int().nullable(),
      fromFrame: z.int(),
      targetFromSource: z.array(Mat4Schema),
    }),
  ),
  confidence: z.number(),
  finding: z.string(),
});
export type Skill = z.infer<typeof SkillSchema>;
export type SkillSegment = z.infer<typeof SkillSegmentSchema>;
