/**
 * Grasps found on an object's mesh: pairs of opposite surface points that the two pads can press (antipodal, within the friction
 * cone), approached from above, straight or tilted, with room for the fingers and the palm. Walls count like bodies, so an open
 * vessel wider than the gripper is taken by its rim without a rule of its own.
 */
import { Random } from '../base/random.js';
import { compose, fromAxes, fromTranslation, inverse, type Mat4, transformPoint } from '../math/se3.js';
import { add, cross, distance, dot, norm, normalize, scale, type Vec3, vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { handFromFingers } from '../robot/kinematics.js';
import type { Gripper, RobotModel } from '../robot/robot-model.js';
import type { EpisodeObject } from './episode.js';
import { castRay, centroidOf, type Extents, extentsOf, surfacePoints, vertexOf } from './mesh-query.js';

export interface Grasp {
  /** Tool pose in the object frame: fingers close along its y, it approaches along its z. */
  readonly objectFromTool: Mat4;
  /** Opening when closed on the object, metres. */
  readonly widthM: number;
  /** Opening on the way in, metres. */
  readonly openWidthM: number;
  /** Higher is better; the terms are in `scoreOf`. */
  readonly score: number;
  /** Where the hand was seen to hold the object, or nothing says where that was. */
  readonly isAsHeld: boolean;
}

/** Half angle of the friction cone of rubber pads on common things (coefficient 0.5), as a cosine. */
const FRICTION_COSINE = Math.cos(Math.atan(0.5));
/** Free space kept on either side between an open finger and the object on the way in, metres. */
const OPEN_MARGIN_M = 0.008;
/** Free space between a pad that is fixed to the hand and the object on the way in, metres: closing pushes the object that far. */
const SIDE_PLAY_M = 0.001;
/** Where the gripper cannot open that far, this much must do. */
const TIGHT_MARGIN_M = 0.0015;
/** Contact pairs thinner than this are edges and noise of the mesh, metres. */
const THINNEST_M = 0.0015;
const NUM_SURFACE_SAMPLES = 360;
/** About 4 mm apart on a cup, so that no corner of a finger slips in between. */
const NUM_CLEARANCE_POINTS = 3000;
/**
 * Fingers keep this far from all but what they press: shapes are known no better, and hands are not brought more exactly. Between
 * finger and object at most half of what the opening leaves. Without it, leaning hands scraped along the inside of cups and threw them over.
 */
const FINGER_ROOM_M = 0.003;
/** Leans of the approach about the closing axis from the steepest one, radians; straight down comes first. */
const LEANS_RAD = [0, 0.26, -0.26, 0.52, -0.52, 0.87, -0.87];
/** Least downward share of the approach direction: about 60 degrees from vertical. */
const LEAST_DOWN = 0.5;
/** Most vertical share of the closing direction: hands closing over an object from above and below hit the table. */
const MOST_VERTICAL_CLOSING = 0.35;
/** Kept free below fingers and palm when the object stands on the table, metres. */
const TABLE_MARGIN_M = 0.003;
/** Grasps nearer than this to a better one add nothing: metres and radians. */
const SAME_POSITION_M = 0.012;
const SAME_ANGLE_COSINE = Math.cos(0.35);
const MAX_GRASPS = 60;

/** A box that must stay free. */
interface FreeBox {
  readonly low: Vec3;
  readonly high: Vec3;
  /** Into the box's own frame and out of it, where it is a turned one. */
  readonly turned?: { readonly boxFromPlace: Mat4; readonly placeFromBox: Mat4 };
}

/** What the film says of an object beside its shape. */
export type GraspHints = Pick<EpisodeObject, 'hold' | 'sizeSdM'>;

/** Grasps of an object that stands on the table as its frame says (z up, lowest point on the table), best first. */
export function findGrasps(
  mesh: TriangleMesh,
  robot: RobotModel,
  { hold, sizeSdM }: GraspHints = { hold: null, sizeSdM: null },
): Grasp[] {
  const { gripper } = robot;
  const extents = extentsOf(mesh);
  const centroid = centroidOf(mesh);
  const grasps: (Grasp & { heldBonus: number })[] = [];
  for (const { centre, closing, betweenM, place } of possibleGrasps(mesh, robot, extents)) {
    const heldBonus = heldBonusAt(centre, hold);
    const score =
      scoreOf(place, betweenM, centroid, extents, gripper) +
      heldBonus -
      WIDE_SCORE * tooWideChance(closing, betweenM, extents, sizeSdM, gripper);
    grasps.push({ ...place, score, heldBonus, isAsHeld: true });
  }
  grasps.sort((a, b) => b.score - a.score);
  const best = Math.max(0, ...grasps.map(({ heldBonus }) => heldBonus));
  const kept = thinOut(grasps).map(
    ({ heldBonus, ...grasp }): Grasp => ({ ...grasp, isAsHeld: heldBonus >= HELD_SHARE * best }),
  );
  return withHalfTurns(kept).map((grasp) => atFixedPad(grasp, gripper));
}

/** Whether there is a grasp at all: asks no further than the first. */
export const isGraspable = (mesh: TriangleMesh, robot: RobotModel): boolean =>
  !possibleGrasps(mesh, robot, extentsOf(mesh)).next().done;

interface PossibleGrasp {
  /** Middle between the contacts, and the direction from one to the other, object frame. */
  readonly centre: Vec3;
  readonly closing: Vec3;
  /** Distance between the contacts, metres. */
  readonly betweenM: number;
  readonly place: Omit<Grasp, 'score' | 'isAsHeld'>;
}

function* possibleGrasps(mesh: TriangleMesh, robot: RobotModel, extents: Extents): Generator<PossibleGrasp, void> {
  // A fixed stream: the grasps of an object are a property of the object, not of an episode.
  const random = new Random(1);
  const points = surfacePoints(mesh, NUM_CLEARANCE_POINTS, random).map((sample) => sample.point);
  for (let i = 0; i < mesh.vertices.length / 3; i += Math.ceil(mesh.vertices.length / 3 / NUM_CLEARANCE_POINTS)) {
    points.push(vertexOf(mesh, i));
  }
  const solid = Float64Array.from(points.flat());
  for (const { point, normal } of surfacePoints(mesh, NUM_SURFACE_SAMPLES, random)) {
    for (const closing of closingDirections(normal)) {
      const hit = castRay(mesh, point, closing, THINNEST_M);
      if (!hit || hit.distanceM > robot.gripper.maxWidthM - 2 * TIGHT_MARGIN_M) continue;
      if (dot(hit.normal, closing) < FRICTION_COSINE) continue;
      const centre = add(point, scale(closing, hit.distanceM / 2));
      for (const lean of LEANS_RAD) {
        const approach = leanedApproach(closing, lean);
        if (-approach[2] < LEAST_DOWN) continue;
        const place = placeGrasp(centre, closing, approach, hit.distanceM, robot, extents, solid);
        if (place) yield { centre, closing, betweenM: hit.distanceM, place };
      }
    }
  }
}

/** Straight onto the surface, and more level as friction allows: slanting walls are taken by hands that point straight down. */
function closingDirections(normal: Vec3): Vec3[] {
  const straight = scale(normal, -1);
  const isUpright = Math.abs(straight[2]) < 0.02;
  return (isUpright ? [1] : [0, 0.5, 1])
    .map((share): Vec3 => normalize([straight[0], straight[1], straight[2] * share]))
    .filter((closing) => dot(closing, straight) >= FRICTION_COSINE && Math.abs(closing[2]) <= MOST_VERTICAL_CLOSING);
}

/** Unit vector at right angles to `closing`, pointing down as steeply as it can, then turned about `closing`. */
function leanedApproach(closing: Vec3, leanRad: number): Vec3 {
  const down = normalize(add([0, 0, -1], scale(closing, closing[2])));
  return add(scale(down, Math.cos(leanRad)), scale(cross(closing, down), Math.sin(leanRad)));
}

/** Grasps given by hand, in their order, each also turned half round. */
export function givenGrasps(given: NonNullable<EpisodeObject['grasps']>, gripper: Gripper): Grasp[] {
  const grasps = given.map(({ objectFromTool, widthM }, k) => ({
    objectFromTool,
    widthM,
    openWidthM: Math.min(gripper.maxWidthM, widthM + 2 * OPEN_MARGIN_M),
    score: -k,
    isAsHeld: true,
  }));
  return gripper.oneSided ? grasps : withHalfTurns(grasps);
}

function placeGrasp(
  centre: Vec3,
  closing: Vec3,
  approach: Vec3,
  widthM: number,
  robot: RobotModel,
  extents: Extents,
  solid: Float64Array,
): Omit<Grasp, 'score' | 'isAsHeld'> | null {
  const { gripper } = robot;
  const openWidthM = Math.min(gripper.maxWidthM, widthM + 2 * OPEN_MARGIN_M);
  const axes = fromAxes(cross(closing, approach), closing, approach, [0, 0, 0]);
  // Back off from the contact until the finger tips clear the table; pads reach a little beyond the tool point.
  const tableZ = extents.low[2] + TABLE_MARGIN_M;
  const boxes = freeBoxes(robot, widthM, openWidthM, FINGER_ROOM_M);
  const hand = freeBoxes(robot, widthM, openWidthM, 0);
  const lowest = Math.min(...hand.flatMap((box) => cornersOf(box).map((corner) => transformPoint(axes, corner)[2])));
  const missing = tableZ - (centre[2] + lowest);
  const tableBackM = Math.max(0, missing / -approach[2]);
  for (const share of tipShares(gripper)) {
    const backM = Math.max(tableBackM, share * gripper.tipBeyondToolM);
    if (backM > gripper.tipBeyondToolM) return null;
    const grasp = graspAt(centre, approach, axes, backM, boxes, solid);
    if (grasp) return { objectFromTool: grasp, widthM, openWidthM };
  }
  return null;
}

/** How far the hand may stay back so that the fingers' ends hold, as shares of what they reach beyond the tool point. */
const TIP_SHARES = [0, 0.15, 0.3, 0.45, 0.6, 0.75];

/** Where the palm is nearer to the tool point than the finger ends are, it soon meets the object: such a hand holds with its ends. */
const tipShares = ({ fingerReachM, tipBeyondToolM }: Gripper): readonly number[] =>
  fingerReachM < tipBeyondToolM ? TIP_SHARES : [0];

/** objectFromTool with the hand `backM` before the contact; null where fingers or palm would be in the object. */
function graspAt(
  centre: Vec3,
  approach: Vec3,
  axes: Mat4,
  backM: number,
  boxes: readonly FreeBox[],
  solid: Float64Array,
): Mat4 | null {
  const origin = add(centre, scale(approach, -backM));
  const objectFromTool: Mat4 = [...axes];
  objectFromTool[3] = origin[0];
  objectFromTool[7] = origin[1];
  objectFromTool[11] = origin[2];
  const m = inverse(objectFromTool);
  for (let k = 0; k < solid.length; k += 3) {
    const [px, py, pz] = [solid[k], solid[k + 1], solid[k + 2]];
    const x = m[0] * px + m[1] * py + m[2] * pz + m[3];
    const y = m[4] * px + m[5] * py + m[6] * pz + m[7];
    const z = m[8] * px + m[9] * py + m[10] * pz + m[11];
    for (const box of boxes) if (isIn(box, x, y, z)) return null;
  }
  return objectFromTool;
}

function isIn({ low, high, turned }: FreeBox, x: number, y: number, z: number): boolean {
  if (turned) {
    const [u, v, w] = transformPoint(turned.boxFromPlace, [x, y, z]);
    return u > low[0] && u < high[0] && v > low[1] && v < high[1] && w > low[2] && w < high[2];
  }
  return x > low[0] && x < high[0] && y > low[1] && y < high[1] && z > low[2] && z < high[2];
}

/** A jaw that presses may be this deep in the object before it counts as in its way, metres. */
const PRESSED_M = 0.001;

/**
 * A jaw that turns is not where its tool point is: towards the palm it is nearer to the other one, so that it meets the edge of a thing
 * that reaches up to there. Both as it comes down on the object and as it holds it.
 */
function turningJaw(robot: RobotModel, widthM: number, openWidthM: number): FreeBox[] {
  const { gripper } = robot;
  const { toolFromHand, fingerThicknessM, fingerWidthM, fingerReachM, tipBeyondToolM } = gripper;
  const toolFromFingerAt = (width: number): Mat4 => compose(toolFromHand, handFromFingers(robot, width)[0]);
  const closedFromFinger = inverse(toolFromFingerAt(0));
  const toPlace = fromTranslation([0, -(widthM / 2 + SIDE_PLAY_M), 0]);
  const at = (width: number, insetM: number): FreeBox => {
    const placeFromBox = compose(toPlace, toolFromFingerAt(width), closedFromFinger);
    return {
      low: [-fingerWidthM / 2, insetM, -fingerReachM],
      high: [fingerWidthM / 2, fingerThicknessM, tipBeyondToolM],
      turned: { placeFromBox, boxFromPlace: inverse(placeFromBox) },
    };
  };
  return [at(openWidthM, 0), at(widthM + SIDE_PLAY_M, PRESSED_M)];
}

/** Both open fingers with `roomM` around them and the palm, in a frame like the tool's with its origin between the contacts. */
function freeBoxes(robot: RobotModel, widthM: number, openWidthM: number, roomM: number): FreeBox[] {
  const { gripper } = robot;
  const halfX = gripper.fingerWidthM / 2 + roomM;
  const inner = openWidthM / 2 - Math.min(roomM, (openWidthM - widthM) / 4);
  const outer = openWidthM / 2 + gripper.fingerThicknessM + roomM;
  const palmZ = -gripper.fingerReachM;
  const finger = (y0: number, y1: number): FreeBox => ({
    low: [-halfX, y0, palmZ],
    high: [halfX, y1, gripper.tipBeyondToolM + roomM],
  });
  // Only the palm's lower face can meet a small object.
  const [palmX, palmY] = gripper.palmHalfM;
  const palm: FreeBox = { low: [-palmX, -palmY, palmZ - 0.06], high: [palmX, palmY, palmZ] };
  if (!gripper.oneSided) return [finger(inner, outer), finger(-outer, -inner), palm];
  const fixed = -(widthM / 2 + SIDE_PLAY_M);
  const moving = fixed + openWidthM;
  const thick = gripper.fingerThicknessM;
  if (gripper.fingers[0]?.motion === 'turn') {
    return [finger(fixed - thick, fixed), ...turningJaw(robot, widthM, openWidthM), palm];
  }
  return [finger(fixed - thick, fixed), finger(moving, moving + thick), palm];
}

function cornersOf(box: FreeBox): Vec3[] {
  const corners: Vec3[] = [];
  for (const x of [box.low[0], box.high[0]])
    for (const y of [box.low[1], box.high[1]]) for (const z of [box.low[2], box.high[2]]) corners.push([x, y, z]);
  const { turned } = box;
  return turned ? corners.map((corner) => transformPoint(turned.placeFromBox, corner)) : corners;
}

/** Near the centre of mass, steep, comfortably narrow, and deep enough that the pads hold. */
function scoreOf(
  grasp: Pick<Grasp, 'objectFromTool'>,
  widthM: number,
  centroid: Vec3,
  extents: Extents,
  gripper: Gripper,
): number {
  const m = grasp.objectFromTool;
  const size = Math.max(0.02, norm(vec3((i) => extents.high[i] - extents.low[i])));
  const offCentre = distance([m[3], m[7], m[11]], centroid) / size;
  const steep = -m[10];
  const tight = Math.max(0, widthM / gripper.maxWidthM - 0.7) / 0.3;
  const levelClosing = Math.abs(m[9]);
  return steep - 1.2 * offCentre - 0.3 * tight - 0.5 * levelClosing;
}

/** What a grasp loses that surely turns out too wide for the gripper, against a level approach (1). */
const WIDE_SCORE = 1;

/** How likely what is between the pads is wider than they open, by the spread of the object's size along `closing`; 0 where that is not known. */
function tooWideChance(
  closing: Vec3,
  widthM: number,
  { low, high }: Extents,
  sizeSdM: Vec3 | null,
  gripper: Gripper,
): number {
  if (!sizeSdM) return 0;
  const sdM = widthM * norm(vec3((i) => (closing[i] * sizeSdM[i]) / (high[i] - low[i])));
  // The logistic curve nearest to the normal distribution's.
  return 1 / (1 + Math.exp((1.702 * (gripper.maxWidthM - widthM)) / sdM));
}

/** Standard deviation of the neighbourhood that pads hold, metres. */
const HOLD_REACH_M = 0.018;
/** What taking it just where people do is worth, against a whole object size off its centre (1.2) and level approach (1). */
const HOLD_SCORE = 0.9;

/** With less than this share of the best grasp's bonus the object is taken elsewhere than people do: a stick at its striking end. */
const HELD_SHARE = 0.35;

/** `HOLD_SCORE` where the hand covered everything around, 0 where it covered nothing or that is not known. */
function heldBonusAt(centre: Vec3, hold: EpisodeObject['hold']): number {
  if (!hold || hold.length === 0) return 0;
  let covered = 0;
  let total = 1e-9;
  for (const [x, y, z, share] of hold) {
    const d = distance(centre, [x, y, z]) / HOLD_REACH_M;
    const weight = Math.exp(-0.5 * d * d);
    covered += weight * share;
    total += weight;
  }
  return (HOLD_SCORE * covered) / total;
}

function thinOut<T extends Grasp>(sorted: readonly T[]): T[] {
  const kept: T[] = [];
  for (const grasp of sorted) {
    const a = grasp.objectFromTool;
    const known = kept.some(({ objectFromTool: b }) => {
      const near = distance([a[3], a[7], a[11]], [b[3], b[7], b[11]]) < SAME_POSITION_M;
      const approach = a[2] * b[2] + a[6] * b[6] + a[10] * b[10];
      const closing = Math.abs(a[1] * b[1] + a[5] * b[5] + a[9] * b[9]);
      return near && approach > SAME_ANGLE_COSINE && closing > SAME_ANGLE_COSINE;
    });
    if (!known) kept.push(grasp);
    if (kept.length >= MAX_GRASPS) break;
  }
  return kept;
}

/** Up to here grasps are centred between the pads; where one pad is fixed to the hand, the tool's origin lies on that pad. */
function atFixedPad(grasp: Grasp, gripper: Gripper): Grasp {
  if (!gripper.oneSided) return grasp;
  const m = [...grasp.objectFromTool];
  const shift = -(grasp.widthM / 2 + SIDE_PLAY_M);
  for (let r = 0; r < 3; r++) m[r * 4 + 3] += shift * m[r * 4 + 1];
  return { ...grasp, objectFromTool: m, widthM: grasp.widthM + SIDE_PLAY_M };
}

/** The two pads are alike, so every grasp also exists turned half round about the approach: another wrist, the same hold. */
function withHalfTurns(grasps: readonly Grasp[]): Grasp[] {
  return grasps.flatMap((grasp) => {
    const turned = grasp.objectFromTool.map((value, e) => (e % 4 < 2 && e < 12 ? -value : value));
    return [grasp, { ...grasp, objectFromTool: turned }];
  });
}
