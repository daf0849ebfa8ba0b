/** The `skill` artifact (`skill/skill.json`): who does what to whom and when, parsed from object motion. docs/formats/skill.md */
import { z } from 'zod';
import { Mat4Schema, ObjectRoleSchema } from '../perceive/perception.js';

/** Words a task can be called: they go into task strings and choose nothing else. */
export const TaskWordSchema = z.enum(['attach', 'drum', 'move', 'place', 'pour', 'stack', 'sweep']);
export type TaskWord = z.infer<typeof TaskWordSchema>;

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
  /** On task segments: what this segment does, judged from the relative motion. */
  word: TaskWordSchema.optional(),
});

/** A moment at which something happens to one object. */
export const SkillEventSchema = z.object({
  /** grasp: last frame at rest. lift: leaves its support. contact: touches the target. down: back on a support. release: first frame at rest again. */
  kind: z.enum(['grasp', 'lift', 'contact', 'down', 'release']),
  objectId: z.int(),
  frame: z.int(),
  confidence: z.number(),
  evidence: z.string(),
});

export const RelativeMotionSchema = z.object({
  sourceId: z.int(),
  targetId: z.int().nullable(),
  fromFrame: z.int(),
  targetFromSource: z.array(Mat4Schema),
  /** Set when the source is not held but pushed or carried along by this (held) object; then no grasp belongs to it. */
  drivenBy: z.int().nullable().optional(),
  /** Offset in world axes (metres) that was blended in so that the last pose rests on its support. */
  correctionM: z.tuple([z.number(), z.number(), z.number()]).optional(),
  /** Angle in radians by which the last pose was set upright, blended in likewise. */
  correctionRad: z.number().optional(),
});

/** Where the hand held a source, judged from what it covered around the grasp. */
export const HoldSchema = z.object({
  objectId: z.int(),
  fromFrame: z.int(),
  toFrame: z.int(),
  /** Points spread over the surface: x, y, z (object frame, metres) and the share of the frames in which the hand covered it. */
  points: z.array(z.array(z.number()).length(4)),
  evidence: z.string(),
});

/** A grasp given by hand instead of found. */
export const GivenGraspSchema = z.object({
  objectId: z.int(),
  /** Tool pose in the object frame: fingers close along its y, the hand approaches along its z. */
  objectFromTool: Mat4Schema,
  /** Opening when closed on the object, metres. */
  widthM: z.number().min(0),
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
  events: z.array(SkillEventSchema).optional(),
  /** What each object turned out to be, judged from the motion; may differ from what perception guessed. */
  roles: z.array(z.object({ id: z.int(), role: ObjectRoleSchema })).optional(),
  /**
   * Relative motion during the task segment(s), one per task segment, sampled every frame from `fromFrame` to `toFrame`:
   * targetFromSource (or worldFromSource when the target is the table). Motions with `drivenBy` set come after the
   * motion of the object that drives them.
   */
  relativeMotions: z.array(RelativeMotionSchema),
  /** One per source whose hold was seen. */
  holds: z.array(HoldSchema).optional(),
  /** Given by hand (`--grasp FILE`): the only ones tried for their objects. */
  grasps: z.array(GivenGraspSchema).optional(),
  confidence: z.number(),
  finding: z.string(),
});
export type Hold = z.infer<typeof HoldSchema>;
export type Skill = z.infer<typeof SkillSchema>;
export type SkillSegment = z.infer<typeof SkillSegmentSchema>;
export type SkillEvent = z.infer<typeof SkillEventSchema>;
export type RelativeMotion = z.infer<typeof RelativeMotionSchema>;
