/** The meshes of a robot, each file loaded once, however many links use it. */
import { identity } from '../../math/se3.js';
import { type ColouredMesh, placedMesh } from '../../mesh/coloured-mesh.js';
import { loadMesh } from '../../mesh/load-mesh.js';
import type { Geometry } from '../description/description.js';
import { primitiveMesh } from './primitives.js';

export class MeshLibrary {
  private readonly known = new Map<string, Promise<ColouredMesh>>();

  /** A shape's triangles in the frame of its link, in its own colour or the mesh's. */
  async meshOf({ shape, linkFromShape, rgb }: Geometry): Promise<ColouredMesh> {
    const mesh = shape.kind === 'mesh' ? await this.load(shape.file) : primitiveMesh(shape);
    const placed = placedMesh(mesh, shape.kind === 'mesh' ? shape.scale : [1, 1, 1], linkFromShape ?? identity());
    return rgb ? { ...placed, colourAt: () => rgb } : placed;
  }

  private load(file: string): Promise<ColouredMesh> {
    const known = this.known.get(file) ?? loadMesh(file);
    this.known.set(file, known);
    return known;
  }
}
