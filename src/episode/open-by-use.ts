/** Shapes that the film itself shows to be open: something is poured from them, or ends inside of them. */
import type { Intrinsics } from '../math/camera.js';
import { transformVertices } from '../math/se3.js';
import { meshBounds } from '../objects/mesh.js';
import type { ObjectModel, TriangleMesh } from '../objects/object-model.js';
import type { Skill } from '../skill/skill.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { shapeOf } from './object-shape.js';
import { openBoxMesh, openSides, roomFor } from './open-box.js';
import { bodyAndParts, openPainted, type Shell } from './open-paint.js';
import { endsInRound, isInRound, openRoundMesh, openSector, roundBody } from './open-round.js';
import { openSlabMesh } from './open-slab.js';

export interface PaintedShape {
  readonly mesh: TriangleMesh;
  readonly gaussians: GaussianSet;
  readonly hollow: boolean;
}

/** Gaussians this far outside of the closed body belong to parts that stick out of it (handles), metres. */
const PART_CLEARANCE_M = 0.002;

/** The shape, opened if need be; the same object if not. */
export async function openedByUse(
  model: ObjectModel,
  closed: PaintedShape,
  meshes: ReadonlyMap<number, TriangleMesh>,
  skill: Skill,
  camera: Intrinsics,
): Promise<PaintedShape> {
  const { id, family } = model;
  if (closed.hollow || (family !== 'box' && family !== 'prism' && family !== 'revolution')) return closed;
  const { body, parts } = bodyAndParts(closed.mesh);
  const shell = family === 'revolution' ? openedRound(id, body, meshes, skill) : openedBox(model, body, meshes, skill);
  if (!shell) return closed;
  const view = { camera, cameraFromObject: model.cameraFromObject };
  return { ...openPainted(parts, closed.gaussians, shell, view, await createRenderer()), hollow: true };
}

/** What is brought to the object, with its surface points [M, 3]. */
const broughtTo = (id: number, meshes: ReadonlyMap<number, TriangleMesh>, { relativeMotions }: Skill) =>
  relativeMotions.flatMap(({ targetId, sourceId, targetFromSource }) => {
    const mesh = meshes.get(sourceId);
    return targetId === id && mesh ? [{ points: shapeOf(mesh).points, targetFromSource }] : [];
  });

function openedBox(
  { id, family, sizeSdM = [0, 0, 0] }: ObjectModel,
  body: TriangleMesh,
  meshes: ReadonlyMap<number, TriangleMesh>,
  skill: Skill,
): Shell | null {
  const bounds = meshBounds(body);
  const entries = broughtTo(id, meshes, skill).flatMap(({ points, targetFromSource }) => {
    const open = openSides(body, points, targetFromSource);
    return open ? [{ open, points: transformVertices(targetFromSource[targetFromSource.length - 1], points) }] : [];
  });
  if (entries.length === 0) return null;
  const sides = entries.flatMap(({ open }) => open);
  const { min, max } = entries.reduce(
    (wide, { open, points }) => (open.length === 1 ? roomFor(points, open[0], wide, bounds, sizeSdM) : wide),
    bounds,
  );
  return {
    mesh: family === 'prism' ? openSlabMesh(body, sides) : openBoxMesh(min, max, sides),
    isOfBody: (point) =>
      point.every((x, i) => x >= bounds.min[i] - PART_CLEARANCE_M && x <= bounds.max[i] + PART_CLEARANCE_M),
  };
}

function openedRound(
  id: number,
  body: TriangleMesh,
  meshes: ReadonlyMap<number, TriangleMesh>,
  skill: Skill,
): Shell | null {
  const round = roundBody(body);
  const isPouredFrom = skill.segments.some(({ word, sourceId }) => word === 'pour' && sourceId === id);
  const brought = broughtTo(id, meshes, skill).map(({ points, targetFromSource }) => ({
    points,
    bodyFromOther: targetFromSource,
  }));
  const isFilled = brought.some(({ points, bodyFromOther }) =>
    endsInRound(round, points, bodyFromOther[bodyFromOther.length - 1]),
  );
  if (!isPouredFrom && !isFilled) return null;
  return {
    mesh: openRoundMesh(round, isFilled ? openSector(round, brought) : null),
    isOfBody: (point) => isInRound(round, point, PART_CLEARANCE_M),
  };
}
