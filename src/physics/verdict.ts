/** Did the replay in physics do what the plan says: were things lifted, carried and left where they should be? */
import { z } from 'zod';
import { axisOf, type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance, dot, type Vec3 } from '../math/vec3.js';

export const PhysicsObjectResultSchema = z.object({
  id: z.int(),
  /** held by the hand, pushed by what is held, or none of the task's business. */
  part: z.enum(['held', 'pushed', 'bystander']),
  /** Height gained, and what the plan wanted, metres. */
  liftM: z.number(),
  wantedLiftM: z.number(),
  /** Largest distance (metres) and turn (degrees) from the plan while it was held; 0 when it never was. */
  slipM: z.number(),
  slipDeg: z.number(),
  /** Distance and turn from the plan when all has come to rest; of pushed things only how far they are tilted. */
  endM: z.number(),
  endDeg: z.number(),
});
export type PhysicsObjectResult = z.infer<typeof PhysicsObjectResultSchema>;

export const PhysicsVerdictSchema = z.object({
  ok: z.boolean(),
  /** null when ok, else `not-lifted`, `slipped`, `misplaced`, `turned`, `disturbed` or `unstable`. */
  reason: z.string().nullable(),
  /** A sentence with figures. */
  detail: z.string(),
  objects: z.array(PhysicsObjectResultSchema),
});
export type PhysicsVerdict = z.infer<typeof PhysicsVerdictSchema>;

/** What the plan wants of one object. */
export interface WantedMotion {
  readonly id: number;
  readonly name: string;
  /** Turning about its own z changes nothing. */
  readonly isRound: boolean;
  readonly part: PhysicsObjectResult['part'];
  /** worldFromObject at every frame. */
  readonly poses: readonly Mat4[];
  /** Frames [from, to) in which it is in the hand. */
  readonly held: readonly (readonly [number, number])[];
}

/** The distance that makes two objects parties to one task (the skill's own contact distance), metres. */
const PLACE_TOLERANCE_M = 0.03;
/** Things that stand stay standing, things that were poured from were tilted as shown, degrees; how pushed things head is left to them. */
const TURN_TOLERANCE_DEG = 20;
/** A lift counts when it reaches this share of the wanted height; wanted heights below the second figure are no lifts, metres. */
const LIFT_SHARE = 0.5;
const LEAST_LIFT_M = 0.02;
/** Beyond this nothing is where it was: the engine has failed, metres. */
const UNSTABLE_M = 3;

/** `simulated`: worldFromObject per frame and one more at rest, by object id. */
export function judge(
  wanted: readonly WantedMotion[],
  simulated: ReadonlyMap<number, readonly Mat4[]>,
): PhysicsVerdict {
  const objects = wanted.map((want) => measure(want, simulated.get(want.id)!));
  const failures = objects.flatMap((result, k) => {
    const failure = failureOf(result, wanted[k].name);
    return failure ? [failure] : [];
  });
  const [first] = failures.sort((a, b) => a.rank - b.rank);
  return first
    ? { ok: false, reason: first.reason, detail: first.detail, objects }
    : { ok: true, reason: null, detail: 'done in physics as planned', objects };
}

function measure({ id, part, poses, held, isRound }: WantedMotion, real: readonly Mat4[]): PhysicsObjectResult {
  const heightGain = (path: readonly Mat4[]): number => Math.max(...path.map((pose) => pose[11])) - path[0][11];
  let slipM = 0;
  let slipDeg = 0;
  for (const [from, to] of held) {
    for (let t = from; t < to; t++) {
      slipM = Math.max(slipM, distance(translationOf(real[t]), translationOf(poses[t])));
      slipDeg = Math.max(slipDeg, turnBetween(real[t], poses[t], isRound));
    }
  }
  const [end, wantedEnd] = [real[real.length - 1], poses[poses.length - 1]];
  return {
    id,
    part,
    liftM: heightGain(real),
    wantedLiftM: heightGain(poses),
    slipM,
    slipDeg,
    endM: distance(translationOf(end), translationOf(wantedEnd)),
    endDeg: part === 'pushed' ? tiltBetween(end, wantedEnd) : turnBetween(end, wantedEnd, isRound),
  };
}

function turnBetween(a: Mat4, b: Mat4, isRound: boolean): number {
  const angle = isRound
    ? Math.acos(Math.min(1, Math.max(-1, dot(axisOf(a, 2), axisOf(b, 2)))))
    : rotationAngleBetween(a, b);
  return (angle * 180) / Math.PI;
}

/** Degrees between what is up in the object at two poses: its heading left out. */
function tiltBetween(a: Mat4, b: Mat4): number {
  const up = ({ 8: x, 9: y, 10: z }: Mat4): Vec3 => [x, y, z];
  return (Math.acos(Math.min(1, Math.max(-1, dot(up(a), up(b))))) * 180) / Math.PI;
}

interface Failure {
  readonly rank: number;
  readonly reason: string;
  readonly detail: string;
}

const cm = (m: number): string => `${(m * 100).toFixed(1)} cm`;

/** What went wrong first explains what went wrong later: the order is that of an episode. */
function failureOf(r: PhysicsObjectResult, name: string): Failure | null {
  if (!(r.endM < UNSTABLE_M) || !(r.slipM < UNSTABLE_M)) {
    return { rank: 0, reason: 'unstable', detail: `${name} flew off: the simulation is not to be trusted` };
  }
  if (r.part === 'bystander') {
    return r.endM > PLACE_TOLERANCE_M
      ? { rank: 4, reason: 'disturbed', detail: `${name} was moved by ${cm(r.endM)} though it has no part in the task` }
      : null;
  }
  if (r.part === 'held' && r.wantedLiftM > LEAST_LIFT_M && r.liftM < LIFT_SHARE * r.wantedLiftM) {
    return { rank: 1, reason: 'not-lifted', detail: `${name} rose by ${cm(r.liftM)} of ${cm(r.wantedLiftM)}` };
  }
  if (r.slipM > PLACE_TOLERANCE_M || r.slipDeg > TURN_TOLERANCE_DEG) {
    const turn = `${r.slipDeg.toFixed(0)} degrees`;
    return { rank: 2, reason: 'slipped', detail: `${name} moved by ${cm(r.slipM)} and ${turn} in the hand` };
  }
  if (r.endM > PLACE_TOLERANCE_M) {
    return { rank: 3, reason: 'misplaced', detail: `${name} ended ${cm(r.endM)} from where the skill wants it` };
  }
  if (r.endDeg > TURN_TOLERANCE_DEG) {
    return { rank: 3, reason: 'turned', detail: `${name} ended turned by ${r.endDeg.toFixed(0)} degrees` };
  }
  return null;
}
