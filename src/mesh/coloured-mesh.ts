/** Triangles with colours, as mesh files are read into. */
import { UserError } from '../base/errors.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { Texture } from './texture.js';

/** sRGB 0..1 at a point of a triangle; `weights`: barycentric, of its three corners in order. */
export type SurfaceColour = (triangleIdx: number, weights: Vec3) => Vec3;

export interface ColouredMesh {
  /** [V, 3] metres. */
  readonly vertices: Float64Array;
  /** [F, 3] */
  readonly triangles: Uint32Array;
  /** Null where the file gives no colours. */
  readonly colourAt: SurfaceColour | null;
}

/** Texture coordinates of a triangle's corners. */
export type CornerUv = readonly [readonly [number, number], readonly [number, number], readonly [number, number]];

/** Interpolated between the colours of the vertices, `rgb` [V, 3]. */
export function vertexColours(triangles: Uint32Array, rgb: ArrayLike<number>): SurfaceColour {
  return (f, weights) => {
    const colour: Vec3 = [0, 0, 0];
    weights.forEach((weight, k) => {
      const at = 3 * triangles[3 * f + k];
      for (let c = 0; c < 3; c++) colour[c] += weight * rgb[at + c];
    });
    return colour;
  };
}

/** Looked up in a picture; `uv` [F, 3, 2]: texture coordinates of every corner. */
export function textureColours(texture: Texture, uv: ArrayLike<number>): SurfaceColour {
  return (f, weights) => lookUp(texture, uv, 6 * f, weights);
}

/** `uv` holds the three pairs of a triangle's corners from `at` on. */
function lookUp(texture: Texture, uv: ArrayLike<number>, at: number, [a, b, c]: Vec3): Vec3 {
  return texture(a * uv[at] + b * uv[at + 2] + c * uv[at + 4], a * uv[at + 1] + b * uv[at + 3] + c * uv[at + 5]);
}

/** More than this is a scan or a mistake: no link of a robot and no thing on a table needs it. */
const MOST_TRIANGLES = 4_000_000;
/** In place of the number of a texture. */
const NO_COLOUR = -2;
const PLAIN = -1;
/** Colour of parts without one, in files that colour other parts. */
const UNKNOWN: Vec3 = [0.7, 0.7, 0.7];

/** Collects the parts of a mesh file. */
export class MeshBuilder {
  private readonly vertices: number[] = [];
  private readonly triangles: number[] = [];
  /** Per triangle: a texture's number, `PLAIN` or `NO_COLOUR`; where in `paints` its numbers begin. */
  private readonly kinds: number[] = [];
  private readonly paintAt: number[] = [];
  /** Three numbers of a plain colour, six of texture coordinates. */
  private readonly paints: number[] = [];
  private readonly textures: Texture[] = [];

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
    this.add(a, b, c, rgb === null ? NO_COLOUR : PLAIN, rgb ?? []);
  }

  texturedTriangle(a: number, b: number, c: number, texture: Texture, uv: CornerUv): void {
    let kind = this.textures.lastIndexOf(texture);
    if (kind < 0) kind = this.textures.push(texture) - 1;
    this.add(a, b, c, kind, uv.flat());
  }

  done(): ColouredMesh {
    if (this.triangles.length === 0) {
      throw new UserError(`${this.file} has no faces`, 'give a mesh with vertices and faces');
    }
    const { kinds, paintAt, paints, textures } = this;
    const colourAt: SurfaceColour = (f, weights) => {
      const at = paintAt[f];
      if (kinds[f] === NO_COLOUR) return UNKNOWN;
      if (kinds[f] === PLAIN) return [paints[at], paints[at + 1], paints[at + 2]];
      return lookUp(textures[kinds[f]], paints, at, weights);
    };
    return {
      vertices: Float64Array.from(this.vertices),
      triangles: Uint32Array.from(this.triangles),
      colourAt: kinds.every((kind) => kind === NO_COLOUR) ? null : colourAt,
    };
  }

  private add(a: number, b: number, c: number, kind: number, paint: readonly number[]): void {
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
    this.kinds.push(kind);
    this.paintAt.push(this.paints.length);
    this.paints.push(...paint);
  }
}

/** The mesh scaled along its own axes and then moved. */
export function placedMesh(mesh: ColouredMesh, scaling: Vec3, aFromMesh: Mat4): ColouredMesh {
  const vertices = new Float64Array(mesh.vertices.length);
  for (let k = 0; k < vertices.length; k += 3) {
    const [x, y, z] = mesh.vertices.subarray(k, k + 3);
    vertices.set(transformPoint(aFromMesh, [x * scaling[0], y * scaling[1], z * scaling[2]]), k);
  }
  return { ...mesh, vertices };
}
