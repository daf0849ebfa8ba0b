/** Boxes, cylinders, capsules and ellipsoids as triangles. */
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import type { Shape } from '../description/description.js';

const SEGMENTS = 32;

export function primitiveMesh(shape: Exclude<Shape, { kind: 'mesh' }>): ColouredMesh {
  switch (shape.kind) {
    case 'box':
      return boxOf(shape.size);
    case 'ellipsoid':
      return revolved(capProfile(1, 0), shape.radii);
    case 'capsule':
      return revolved(capProfile(shape.radiusM, shape.lengthM / 2), [1, 1, 1]);
    case 'cylinder': {
      const [r, h] = [shape.radiusM, shape.lengthM / 2];
      return revolved(
        [
          [0, -h],
          [r, -h],
          [r, h],
          [0, h],
        ],
        [1, 1, 1],
      );
    }
  }
}

/** Half circles of radius `r` around z = -h and z = h, from the lower pole up: [radius, height]. */
function capProfile(r: number, h: number): [number, number][] {
  return Array.from({ length: SEGMENTS + 1 }, (_, k) => {
    const angle = Math.PI * (k / SEGMENTS - 0.5);
    return [r * Math.cos(angle), r * Math.sin(angle) + (k * 2 < SEGMENTS ? -h : h)];
  });
}

function revolved(profile: readonly (readonly [number, number])[], [sx, sy, sz]: readonly number[]): ColouredMesh {
  const vertices: number[] = [];
  const triangles: number[] = [];
  for (const [radius, height] of profile) {
    for (let s = 0; s < SEGMENTS; s++) {
      const angle = (2 * Math.PI * s) / SEGMENTS;
      vertices.push(sx * radius * Math.cos(angle), sy * radius * Math.sin(angle), sz * height);
    }
  }
  for (let k = 0; k + 1 < profile.length; k++) {
    for (let s = 0; s < SEGMENTS; s++) {
      const [a, b] = [k * SEGMENTS + s, k * SEGMENTS + ((s + 1) % SEGMENTS)];
      triangles.push(a, b, b + SEGMENTS, a, b + SEGMENTS, a + SEGMENTS);
    }
  }
  return { vertices: Float64Array.from(vertices), triangles: Uint32Array.from(triangles), colourAt: null };
}

function boxOf([x, y, z]: readonly number[]): ColouredMesh {
  const vertices = Array.from({ length: 8 }, (_, k) => [k & 1 ? x : -x, k & 2 ? y : -y, k & 4 ? z : -z]).flat();
  const faces = [
    [0, 2, 3, 1],
    [4, 5, 7, 6],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 4, 6, 2],
    [1, 3, 7, 5],
  ];
  const triangles = faces.flatMap(([a, b, c, d]) => [a, b, c, a, c, d]);
  return {
    vertices: Float64Array.from(vertices, (value) => value / 2),
    triangles: Uint32Array.from(triangles),
    colourAt: null,
  };
}
