/** Reads a mesh file of any supported format: PLY, STL, OBJ (+ MTL), COLLADA, GLB, glTF. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { readCollada } from './collada.js';
import type { ColouredMesh } from './coloured-mesh.js';
import { readGltf } from './gltf.js';
import { readObj } from './obj.js';
import { readPlyMesh } from './ply.js';
import { readStl } from './stl.js';

/** Larger files are no meshes of a robot link or of a thing on a table. */
const MOST_BYTES = 400_000_000;

export const MESH_EXTENSIONS = ['.ply', '.stl', '.obj', '.dae', '.glb', '.gltf'];

export async function loadMesh(file: string): Promise<ColouredMesh> {
  const extension = path.extname(file).toLowerCase();
  if (!MESH_EXTENSIONS.includes(extension)) {
    throw new UserError(
      `${file}: meshes of kind ${extension || '(none)'} are not supported`,
      'use STL, OBJ, PLY, DAE or GLB',
    );
  }
  const bytes = await bytesOf(file);
  switch (extension) {
    case '.ply':
      return readPlyMesh(bytes, file);
    case '.stl':
      return readStl(bytes, file);
    case '.obj':
      return readObj(new TextDecoder().decode(bytes), file);
    case '.dae':
      return readCollada(new TextDecoder().decode(bytes), file);
    default:
      return readGltf(file);
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) {
      throw new UserError(`${file} is too large (${Math.round(size / 1e6)} MB)`, 'simplify the mesh first');
    }
    return await readFile(file);
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
}
