/** The arm among the objects of one episode: clearances of single configurations and of joint ways. */
import { compose, inverse, type Mat4 } from '../math/se3.js';
import { clearanceToPoints, clearanceToTable, isClearOfPoints, selfClearance } from '../robot/collision.js';
import { type PlacedArm, placeArm, placeHand, roomForArm } from '../robot/placed-arm.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { EpisodeObject } from './episode.js';
import { movedPoints, shapeOf } from './object-shape.js';

export interface Clearances {
  /** Arm, hand and fingers over the table. */
  readonly tableM: number;
  /** To objects that are neither held nor touched on purpose. */
  readonly objectsM: number;
  /** To the objects touched on purpose (`contacts`), fingers left out for the one being held. */
  readonly contactsM: number;
  readonly selfM: number;
}

/** Least distances that count as free, metres. */
export interface FreeLimits {
  readonly tableM: number;
  readonly objectsM: number;
  readonly contactsM: number;
  readonly selfM: number;
}

/** Beyond this, distances are not told apart, metres. */
export const FAR_M = 0.2;

export class CollisionWorld {
  private readonly pointsOf = new Map<number, Float64Array>();
  /** Arms are placed for one question each. */
  private readonly room: Float64Array;
  private readonly lastClouds = new Map<number, { pose: Mat4; cloud: Float64Array }>();

  constructor(
    private readonly robot: RobotModel,
    private readonly worldFromBase: Mat4,
    objects: readonly EpisodeObject[],
  ) {
    this.room = roomForArm(robot);
    for (const object of objects) this.pointsOf.set(object.id, shapeOf(object.mesh).points);
  }

  /** Standing objects as point clouds in the world, to be used for many configurations. */
  place(standing: ReadonlyMap<number, Mat4>): Map<number, Float64Array> {
    return new Map([...standing].map(([id, pose]) => [id, this.cloudAt(id, pose)]));
  }

  /** The cloud of the object where it last was is kept: most objects stand still most of the time. */
  private cloudAt(id: number, pose: Mat4): Float64Array {
    const last = this.lastClouds.get(id);
    if (last?.pose.every((value, e) => value === pose[e])) return last.cloud;
    const cloud = movedPoints(this.pointsOf.get(id)!, pose);
    this.lastClouds.set(id, { pose, cloud });
    return cloud;
  }

  /** Of distances to objects only those below `atMost` are told apart, which costs the less the smaller they are. */
  clearances(
    q: ArrayLike<number>,
    widthM: number,
    clouds: ReadonlyMap<number, Float64Array>,
    contacts: ReadonlySet<number>,
    atMost: Pick<Clearances, 'objectsM' | 'contactsM'> = { objectsM: FAR_M, contactsM: FAR_M },
  ): Clearances {
    const arm = placeArm(this.robot, q, widthM, this.worldFromBase, this.room);
    let { objectsM, contactsM } = atMost;
    for (const [id, cloud] of clouds) {
      if (contacts.has(id)) contactsM = clearanceToPoints(arm, cloud, 1, contactsM);
      else objectsM = clearanceToPoints(arm, cloud, 1, objectsM);
    }
    return { tableM: clearanceToTable(arm), objectsM, contactsM, selfM: selfClearance(this.robot, arm) };
  }

  /** Whether all clearances keep to the limits: much cheaper than measuring them, for planning. */
  isFree(
    q: ArrayLike<number>,
    widthM: number,
    clouds: ReadonlyMap<number, Float64Array>,
    contacts: ReadonlySet<number>,
    limits: FreeLimits,
  ): boolean {
    const arm = placeArm(this.robot, q, widthM, this.worldFromBase, this.room);
    return selfClearance(this.robot, arm, limits.selfM) >= limits.selfM && isFreeAround(arm, clouds, contacts, limits);
  }

  /** The same for the hand alone, with its tool at `worldFromTool`: no arm can do what its hand cannot. */
  isHandFree(
    worldFromTool: Mat4,
    widthM: number,
    clouds: ReadonlyMap<number, Float64Array>,
    contacts: ReadonlySet<number>,
    limits: FreeLimits,
  ): boolean {
    return isFreeAround(placeHand(this.robot, worldFromTool, widthM, this.room), clouds, contacts, limits);
  }

  /**
   * Distance of a held object to standing ones, each taken as an upright cylinder around its points, and to the table.
   * `pose`: worldFromObject of the held one.
   */
  heldClearance(
    heldId: number,
    pose: Mat4,
    standing: ReadonlyMap<number, Mat4>,
    leftOut: ReadonlySet<number>,
    objects: readonly EpisodeObject[],
  ): number {
    const points = this.pointsOf.get(heldId)!;
    let least = FAR_M;
    for (const object of objects) {
      const other = standing.get(object.id);
      if (!other || object.id === heldId || leftOut.has(object.id)) continue;
      const { extents } = shapeOf(object.mesh);
      const inOther = movedPoints(points, compose(inverse(other), pose));
      for (let k = 0; k < inOther.length; k += 3) {
        const [x, y, z] = [inOther[k], inOther[k + 1], inOther[k + 2]];
        const outside = Math.hypot(x, y) - extents.radiusM;
        const vertical = Math.max(extents.low[2] - z, z - extents.high[2]);
        const distance =
          outside > 0 || vertical > 0
            ? Math.hypot(Math.max(0, outside), Math.max(0, vertical))
            : Math.max(outside, vertical);
        if (distance < least) least = distance;
      }
    }
    return least;
  }

  /** Lowest point of an object at a pose, metres over the table. */
  lowestPoint(id: number, pose: Mat4): number {
    const points = this.pointsOf.get(id)!;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < points.length; k += 3) {
      least = Math.min(least, pose[8] * points[k] + pose[9] * points[k + 1] + pose[10] * points[k + 2] + pose[11]);
    }
    return least;
  }
}

/** Whether what is placed keeps its distance from the table and from everything that stands on it. */
function isFreeAround(
  placed: PlacedArm,
  clouds: ReadonlyMap<number, Float64Array>,
  contacts: ReadonlySet<number>,
  limits: FreeLimits,
): boolean {
  if (clearanceToTable(placed) < limits.tableM) return false;
  for (const [id, cloud] of clouds) {
    const limitM = contacts.has(id) ? limits.contactsM : limits.objectsM;
    if (!isClearOfPoints(placed, cloud, 1, limitM)) return false;
  }
  return true;
}
