/** Coloured meshes as Gaussians, for tracking by rendering. */
import type { Random } from '../base/random.js';
import type { Vec3 } from '../math/vec3.js';
import type { ColouredMesh } from '../mesh/coloured-mesh.js';
import { pointColour } from '../mesh/point-colour.js';
import { gaussiansFromMesh } from '../splat/from-mesh.js';
import type { GaussianSet } from '../splat/gaussians.js';

/** Discs per object, fine enough for print at the size of a phone's film; tracking merges them to fewer. */
const DISCS = 10000;
/** Of meshes without colours. */
const GREY: Vec3 = [0.5, 0.5, 0.5];

/** In the model frame, metres. `areaM2` decides the spacing. */
export function gaussiansOfModel(mesh: ColouredMesh, areaM2: number, random: Random): GaussianSet {
  return gaussiansFromMesh(mesh.vertices, mesh.triangles, pointColour(mesh, GREY), Math.sqrt(areaM2 / DISCS), random);
}
