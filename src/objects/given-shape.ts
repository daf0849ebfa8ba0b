/** Objects of the user's own: Gaussians (.ply, .splat and what `loadSplat` reads) or meshes (what `loadMesh` reads), in any unit. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { Random } from '../base/random.js';
import type { ColouredMesh } from '../mesh/coloured-mesh.js';
import { loadMesh, MESH_EXTENSIONS } from '../mesh/load-mesh.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { loadSplat, SPLAT_EXTENSIONS } from '../splat/load.js';
import { gaussiansOfModel } from './coloured-mesh-gaussians.js';
import { hullOfPoints } from './hull.js';
import { meshArea, meshBounds } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { callsOf } from './shape-wish.js';

export interface GivenShape {
  readonly file: string;
  /** Outer surface, in the file's frame and unit. */
  readonly mesh: TriangleMesh;
  /** In the file's frame and unit. */
  readonly gaussians: GaussianSet;
  /** Otherwise the video's colours are painted on. */
  readonly hasColours: boolean;
}

const EXTENSIONS = [...new Set([...SPLAT_EXTENSIONS, ...MESH_EXTENSIONS])];
/** Opacity below which a Gaussian is haze, not surface (logit of 0.3). */
const SOLID_LOGIT = Math.log(0.3 / 0.7);

/** The file for an object: named by its id (`1.ply`, `object-1.ply`) or by its name (`blue mug.ply`); null when there is none. */
export function findShapeFile(folder: string, id: number, name: string): string | null {
  if (!existsSync(folder)) {
    throw new UserError(`--shape-files: no folder ${folder}`, 'name a folder with files such as 1.ply or mug.obj', 2);
  }
  const wanted = callsOf(id, name);
  const files = readdirSync(folder).sort();
  const found = files.find((file) => {
    const { name: stem, ext } = path.parse(file.toLowerCase());
    return EXTENSIONS.includes(ext) && wanted.includes(stem.replace(/\.compressed$/, ''));
  });
  return found === undefined ? null : path.join(folder, found);
}

/** Throws `UserError` for files that cannot be read, are empty or have no extent. */
export async function readGivenShape(file: string): Promise<GivenShape> {
  const extension = path.extname(file).toLowerCase();
  const isMesh = extension === '.ply' ? await hasFaces(file) : MESH_EXTENSIONS.includes(extension);
  const shape = isMesh ? ofMesh(file, await loadMesh(file)) : await ofSplat(file);
  const { min, max } = meshBounds(shape.mesh);
  const size = max.map((value, k) => value - min[k]).sort((a, b) => a - b);
  if (!(size[1] > 0) || !Number.isFinite(size[2])) {
    throw new UserError(`${file}: the shape has no extent`, 'give a mesh with faces or a set of Gaussians');
  }
  return shape;
}

async function hasFaces(file: string): Promise<boolean> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  });
  const head = Buffer.from(bytes.subarray(0, 4096)).toString('latin1').split('end_header')[0];
  return /element face [1-9]/.test(head);
}

async function ofSplat(file: string): Promise<GivenShape> {
  const { set } = await loadSplat(file);
  const solid: number[] = [];
  for (let i = 0; i < set.count; i++) {
    if (set.opacityLogit[i] > SOLID_LOGIT) solid.push(...set.position.subarray(3 * i, 3 * i + 3));
  }
  const mesh = hullOfPoints(Float64Array.from(solid));
  if (mesh === null) throw new UserError(`${file}: no solid Gaussians in it`, 'is this one object, not a scene?');
  return { file, mesh, gaussians: set, hasColours: true };
}

function ofMesh(file: string, mesh: ColouredMesh): GivenShape {
  const area = meshArea(mesh);
  if (!(area > 0)) throw new UserError(`${file}: the mesh has no surface`, 'give a mesh with faces of some size');
  return {
    file,
    mesh: { vertices: mesh.vertices, triangles: mesh.triangles },
    gaussians: gaussiansOfModel(mesh, area, new Random(1)),
    hasColours: mesh.colourAt !== null,
  };
}
