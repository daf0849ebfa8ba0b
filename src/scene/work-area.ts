/** What the robot has to deal with, in world coordinates: places of work, things in the way, the camera. */
import { compose, inverse, type Mat4, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { ObjectModel, TriangleMesh } from '../objects/object-model.js';
import type { Poses } from '../pose/poses.js';
import type { Skill } from '../skill/skill.js';
import type { Point2 } from './polygon.js';

/** An upright cylinder on the table that nothing may stand in. */
export interface Obstacle {
  readonly name: string;
  readonly centre: Point2;
  readonly radiusM: number;
  readonly heightM: number;
}

export interface WorkArea {
  /** Where sources start and end and where targets stand, on the table. */
  readonly places: Point2[];
  readonly centre: Point2;
  /** Largest distance of a place from the centre, metres. */
  readonly radiusM: number;
  /** Task objects at their first place; they are taken out of the picture and may be moved. */
  readonly taskObjects: Obstacle[];
  /** Things that stay where they are. */
  readonly passive: Obstacle[];
  readonly cameraInWorld: Vec3;
}

/** Ids of the objects that episodes draw anew: every source and target of the skill and whatever they drive. */
export function taskObjectIds(skill: Skill): Set<number> {
  const ids = new Set<number>();
  for (const { sourceId, targetId } of [...skill.segments, ...skill.relativeMotions]) {
    ids.add(sourceId);
    if (targetId !== null) ids.add(targetId);
  }
  return ids;
}

export function findWorkArea(
  objects: readonly ObjectModel[],
  meshes: ReadonlyMap<number, TriangleMesh>,
  poses: Poses,
  skill: Skill,
): WorkArea {
  const worldFromCamera = inverse(poses.cameraFromWorld);
  const task = taskObjectIds(skill);
  const places: Point2[] = [];
  const taskObjects: Obstacle[] = [];
  const passive: Obstacle[] = [];
  for (const model of objects) {
    const frames = poses.objects.find((o) => o.id === model.id)?.frames ?? [];
    const known = frames.flatMap((f) => (f.cameraFromObject ? [compose(worldFromCamera, f.cameraFromObject)] : []));
    const first = known[0] ?? compose(worldFromCamera, model.cameraFromObject);
    const obstacle = cylinderOf(model, meshes.get(model.id), first);
    if (!task.has(model.id)) {
      passive.push(obstacle);
      continue;
    }
    taskObjects.push(obstacle);
    const last = known[known.length - 1] ?? first;
    for (const pose of [first, last]) places.push([pose[3], pose[7]]);
  }
  const mean = (k: 0 | 1): number => places.reduce((sum, p) => sum + p[k], 0) / Math.max(1, places.length);
  const centre: Point2 = places.length > 0 ? [mean(0), mean(1)] : [0, 0];
  const radiusM = Math.max(0, ...places.map((p) => Math.hypot(p[0] - centre[0], p[1] - centre[1])));
  return { places, centre, radiusM, taskObjects, passive, cameraInWorld: translationOf(worldFromCamera) };
}

function cylinderOf(model: ObjectModel, mesh: TriangleMesh | undefined, worldFromObject: Mat4): Obstacle {
  const [sx, sy, sz] = model.sizeM;
  let radiusM = Math.hypot(sx, sy) / 2;
  let heightM = sz;
  if (mesh && mesh.vertices.length > 0) {
    radiusM = 0;
    heightM = 0;
    const m = worldFromObject;
    for (let i = 0; i < mesh.vertices.length; i += 3) {
      const [x, y, z] = [mesh.vertices[i], mesh.vertices[i + 1], mesh.vertices[i + 2]];
      radiusM = Math.max(radiusM, Math.hypot(m[0] * x + m[1] * y + m[2] * z, m[4] * x + m[5] * y + m[6] * z));
      heightM = Math.max(heightM, m[8] * x + m[9] * y + m[10] * z + m[11]);
    }
  }
  return { name: model.name, centre: [worldFromObject[3], worldFromObject[7]], radiusM, heightM };
}
