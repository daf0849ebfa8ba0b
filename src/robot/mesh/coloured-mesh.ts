/** Triangles with colours, as mesh files are read into. */
import { UserError } from '../../base/errors.js';
import { type Mat4, transformPoint } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';

export interface ColouredMesh {
  /** [V, 3] metres. */
  readonly vertices: Float64Array;
  /** [F, 3] */
  readonly triangles: Uint32Array;
  /** [F, 3] sRGB 0..1, or null where the file gives no colours. */
  readonly rgb: Float32Array | null;
}

/** More than this is a scan or a mistake: no link of a robot needs it. */
const MOST_TRIANGLES = 4_000_000;

/** Collects the parts of a mesh file. */
export class MeshBuilder {
  private readonly vertices: number[] = [];
  private readonly triangles: number[] = [];
  private readonly colours: number[] = [];
  private isColoured = false;

  constructor(private readonly file: string) {}

  get numVertices(): number {
    return this.vertices.length / 3;
  }

  vertex(x: number, y: number, z: number): void {
    if (!Number.isFinite(x + y + z)) {
      throw new UserError(`${this.file}: vertex ${this.numVertices} is not finite (${x}, ${y}, ${z})`);
    }
    this.vertices.push(x, y, z);
  }

  /** `rgb`: null where the file gives none. */
  triangle(a: number, b: number, c: number, rgb: Vec3 | null): void {
    for (const corner of [a, b, c]) {
      if (!(corner >= 0 && corner < this.numVertices)) {
        throw new UserError(`${this.file}: a triangle names vertex ${corner} of ${this.numVertices}`);
      }
    }
    this.triangles.push(a, b, c);
    if (this.triangles.length > 3 * MOST_TRIANGLES) {
      throw new UserError(
        `${this.file} has more than ${MOST_TRIANGLES / 1e6} million triangles`,
        'simplify the mesh, for example with Blender: Decimate',
      );
    }
    if (rgb) this.isColoured = true;
    this.colours.push(...(rgb ?? UNKNOWN));
  }

  done(): ColouredMesh {
    if (this.triangles.length === 0) throw new UserError(`${this.file} has no triangles`);
    return {
      vertices: Float64Array.from(this.vertices),
      triangles: Uint32Array.from(this.triangles),
      rgb: this.isColoured ? Float32Array.from(this.colours) : null,
    };
  }
}

/** Colour of parts without one, in files that colour other parts. */
const UNKNOWN: Vec3 = [0.7, 0.7, 0.7];

/** The mesh scaled along its own axes and then moved. */
export function placedMesh(mesh: ColouredMesh, scaling: Vec3, aFromMesh: Mat4): ColouredMesh {
  const vertices = new Float64Array(mesh.vertices.length);
  for (let k = 0; k < vertices.length; k += 3) {
    const [x, y, z] = mesh.vertices.subarray(k, k + 3);
    vertices.set(transformPoint(aFromMesh, [x * scaling[0], y * scaling[1], z * scaling[2]]), k);
  }
  return { ...mesh, vertices };
}
