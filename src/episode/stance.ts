/** Can a thing stand as its shape was read? One outline may take a lying pen for one that leans upright. */
import type { TriangleMesh } from '../objects/object-model.js';
import { centroidOf, extentsOf, vertexOf } from './mesh-query.js';

/** What is this near to the lowest point bears the object, metres. */
const SOLE_M = 0.003;
/** A middle that is farther beside the sole than this share of its height topples it beyond what errors of shape explain. */
const TOPPLING_SHARE = 0.2;
const DIRECTIONS = 36;

/** How far the middle of an object (z up, standing on a plane) is beside what it stands on, metres; null when it stands. */
export function topplingM(mesh: TriangleMesh): number | null {
  const [x, y, z] = centroidOf(mesh);
  const { low } = extentsOf(mesh);
  const sole: [number, number][] = [];
  for (let i = 0; i < mesh.vertices.length / 3; i++) {
    const [vx, vy, vz] = vertexOf(mesh, i);
    if (vz < low[2] + SOLE_M) sole.push([vx - x, vy - y]);
  }
  let beside = 0;
  for (let k = 0; k < DIRECTIONS; k++) {
    const angle = (2 * Math.PI * k) / DIRECTIONS;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    // The whole sole lies this far to one side of the middle.
    beside = Math.max(beside, Math.min(...sole.map(([u, v]) => c * u + s * v)));
  }
  return beside > TOPPLING_SHARE * (z - low[2]) ? beside : null;
}
