/** Reads a mesh file of any supported format: STL, OBJ (+ MTL), COLLADA, GLB, glTF. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UserError } from '../../base/errors.js';
import { identity } from '../../math/se3.js';
import type { Geometry } from '../description/description.js';
import { readCollada } from './collada.js';
import { type ColouredMesh, placedMesh } from './coloured-mesh.js';
import { readGltf } from './gltf.js';
import { readObj } from './obj.js';
import { primitiveMesh } from './primitives.js';
import { readStl } from './stl.js';

/** Larger files are no meshes of a robot link. */
const MOST_BYTES = 400_000_000;

export async function loadMesh(file: string): Promise<ColouredMesh> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) {
      throw new UserError(`${file} is too large (${Math.round(size / 1e6)} MB)`, 'simplify the mesh first');
    }
    bytes = await readFile(file);
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  const extension = path.extname(file).toLowerCase();
  switch (extension) {
    case '.stl':
      return readStl(bytes, file);
    case '.obj':
      return readObj(new TextDecoder().decode(bytes), file);
    case '.dae':
      return readCollada(new TextDecoder().decode(bytes), file);
    case '.glb':
    case '.gltf':
      return readGltf(file);
    default:
      throw new UserError(
        `${file}: meshes of kind ${extension || '(none)'} are not supported`,
        'use STL, OBJ, DAE or GLB',
      );
  }
}

/** Loads each file once, however many links use it. */
export class MeshLibrary {
  private readonly known = new Map<string, Promise<ColouredMesh>>();

  /** A shape's triangles in the frame of its link, in its own colour or the mesh's. */
  async meshOf({ shape, linkFromShape, rgb }: Geometry): Promise<ColouredMesh> {
    const mesh = shape.kind === 'mesh' ? await this.load(shape.file) : primitiveMesh(shape);
    const placed = placedMesh(mesh, shape.kind === 'mesh' ? shape.scale : [1, 1, 1], linkFromShape ?? identity());
    if (!rgb) return placed;
    const colours = new Float32Array(mesh.triangles.length);
    for (let k = 0; k < colours.length; k++) colours[k] = rgb[k % 3];
    return { ...placed, rgb: colours };
  }

  private load(file: string): Promise<ColouredMesh> {
    const known = this.known.get(file) ?? loadMesh(file);
    this.known.set(file, known);
    return known;
  }
}
