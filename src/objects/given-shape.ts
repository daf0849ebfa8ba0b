/** Objects of the user's own: Gaussians (.ply, .splat and what `loadSplat` reads) or meshes (.ply with faces, .obj), in any unit. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { Random } from '../base/random.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { loadSplat, SPLAT_EXTENSIONS } from '../splat/load.js';
import { gaussiansOfModel } from './coloured-mesh-gaussians.js';
import { hullOfPoints } from './hull.js';
import { meshArea, meshBounds } from './mesh.js';
import { readObj } from './mesh-io.js';
import type { TriangleMesh } from './object-model.js';
import { type ColouredMesh, decodeMeshPly } from './ply-mesh.js';

export interface GivenShape {
  readonly file: string;
  /** Outer surface, in the file's frame and unit. */
  readonly mesh: TriangleMesh;
  /** In the file's frame and unit. */
  readonly gaussians: GaussianSet;
  /** Otherwise the video's colours are painted on. */
  readonly hasColours: boolean;
}

const EXTENSIONS = [...SPLAT_EXTENSIONS, '.obj'];
/** Opacity below which a Gaussian is haze, not surface (logit of 0.3). */
const SOLID_LOGIT = Math.log(0.3 / 0.7);

/** The file for an object: named by its id (`1.ply`, `object-1.ply`) or by its name (`blue mug.ply`); null when there is none. */
export function findShapeFile(folder: string, id: number, name: string): string | null {
  if (!existsSync(folder)) {
    throw new UserError(`--shape-files: no folder ${folder}`, 'name a folder with files such as 1.ply or mug.obj', 2);
  }
  const wanted = [`${id}`, `object-${id}`, name.toLowerCase(), name.toLowerCase().replaceAll(' ', '-')];
  const files = readdirSync(folder).sort();
  const found = files.find((file) => {
    const { name: stem, ext } = path.parse(file.toLowerCase());
    return EXTENSIONS.includes(ext) && wanted.includes(stem.replace(/\.compressed$/, ''));
  });
  return found === undefined ? null : path.join(folder, found);
}

/** Throws `UserError` for files that cannot be read, are empty or have no extent. */
export async function readGivenShape(file: string): Promise<GivenShape> {
  const shape = file.toLowerCase().endsWith('.obj') ? ofMesh(file, await readObj(file)) : await readPlyOrSplat(file);
  const { min, max } = meshBounds(shape.mesh);
  const size = max.map((value, k) => value - min[k]).sort((a, b) => a - b);
  if (!(size[1] > 0) || !Number.isFinite(size[2])) {
    throw new UserError(`${file}: the shape has no extent`, 'give a mesh with faces or a set of Gaussians');
  }
  return shape;
}

async function readPlyOrSplat(file: string): Promise<GivenShape> {
  if (file.toLowerCase().endsWith('.ply')) {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(file);
    } catch (error) {
      throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
    }
    const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1').split('end_header')[0];
    if (/element face [1-9]/.test(head)) return ofMesh(file, decodeMeshPly(bytes, 1, file));
  }
  const { set } = await loadSplat(file);
  const solid: number[] = [];
  for (let i = 0; i < set.count; i++) {
    if (set.opacityLogit[i] > SOLID_LOGIT) solid.push(...set.position.subarray(3 * i, 3 * i + 3));
  }
  const mesh = hullOfPoints(Float64Array.from(solid));
  if (mesh === null) throw new UserError(`${file}: no solid Gaussians in it`, 'is this one object, not a scene?');
  return { file, mesh, gaussians: set, hasColours: true };
}

function ofMesh(file: string, mesh: TriangleMesh | ColouredMesh): GivenShape {
  const colours = 'colours' in mesh ? mesh.colours : null;
  const area = meshArea(mesh);
  if (!(area > 0)) throw new UserError(`${file}: the mesh has no surface`, 'give a mesh with faces of some size');
  return {
    file,
    mesh: { vertices: mesh.vertices, triangles: mesh.triangles },
    gaussians: gaussiansOfModel({ ...mesh, colours }, area, new Random(1)),
    hasColours: colours !== null,
  };
}
