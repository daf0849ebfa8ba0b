/** What planning needs to know about an object's shape, worked out once per mesh. */
import { Random } from '../base/random.js';
import type { Mat4 } from '../math/se3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { EpisodeObject } from './episode.js';
import { findGrasps, type Grasp, givenGrasps } from './grasps.js';
import { type Extents, extentsOf, type SurfacePoint, surfacePoints } from './mesh-query.js';

export interface ObjectShape {
  readonly extents: Extents;
  /** [M, 3] f64 points on the surface, object frame: stands for the object in collision checks. */
  readonly points: Float64Array;
  /** Points with their normals: stand for the object where it is asked whether it is seen. */
  readonly samples: readonly SurfacePoint[];
}

/** Points per object: about 8 mm apart on a 10 cm cup, finer than the capsules are exact. */
const NUM_POINTS = 400;
/** Few, but with a draw of their own: every tenth of the points above would be at the same place on each side of a round thing. */
const NUM_SAMPLES = 40;

const known = new WeakMap<TriangleMesh, ObjectShape>();

export function shapeOf(mesh: TriangleMesh): ObjectShape {
  const found = known.get(mesh);
  if (found) return found;
  const pointsOf = (count: number, seed: number): SurfacePoint[] => surfacePoints(mesh, count, new Random(seed));
  const shape = {
    extents: extentsOf(mesh),
    points: new Float64Array(pointsOf(NUM_POINTS, 2).flatMap(({ point }) => point)),
    samples: pointsOf(NUM_SAMPLES, 5),
  };
  known.set(mesh, shape);
  return shape;
}

const knownGrasps = new WeakMap<EpisodeObject, readonly Grasp[]>();

/** Best first. */
export function graspsOf(object: EpisodeObject, robot: RobotModel): readonly Grasp[] {
  const found = knownGrasps.get(object);
  if (found) return found;
  const grasps = object.grasps ? givenGrasps(object.grasps, robot.gripper) : findGrasps(object.mesh, robot, object);
  knownGrasps.set(object, grasps);
  return grasps;
}

/** [M, 3] points mapped by a rigid transform. */
export function movedPoints(points: Float64Array, aFromB: Mat4): Float64Array {
  const m = aFromB;
  const out = new Float64Array(points.length);
  for (let k = 0; k < points.length; k += 3) {
    const x = points[k];
    const y = points[k + 1];
    const z = points[k + 2];
    out[k] = m[0] * x + m[1] * y + m[2] * z + m[3];
    out[k + 1] = m[4] * x + m[5] * y + m[6] * z + m[7];
    out[k + 2] = m[8] * x + m[9] * y + m[10] * z + m[11];
  }
  return out;
}
