import { describe, expect, it } from 'vitest';
import { fromYaw } from '../../src/math/se3.js';
import {
  boxMesh,
  isClosed,
  joinMeshes,
  meshArea,
  meshBounds,
  meshVolume,
  prismMesh,
  radiusAt,
  revolutionMesh,
  roundedBoxMesh,
  transformMesh,
} from '../../src/objects/mesh.js';

const cylinder = [0, 1].map((t) => ({ radiusM: 0.03, heightM: 0.1 * t }));

describe('meshes of the shape families', () => {
  it('box: closed, volume and area by hand', () => {
    const mesh = boxMesh(0.02, 0.03, 0.05);
    expect(isClosed(mesh)).toBe(true);
    expect(meshVolume(mesh)).toBeCloseTo(0.02 * 0.03 * 0.05, 12);
    expect(meshArea(mesh)).toBeCloseTo(2 * (0.02 * 0.03 + 0.02 * 0.05 + 0.03 * 0.05), 12);
    expect(meshBounds(mesh)).toEqual({ min: [-0.01, -0.015, 0], max: [0.01, 0.015, 0.05] });
  });

  it('rounded box: closed, same extent, volume by the formula of Steiner; radius 0 is the sharp one', () => {
    const [a, b, c, r] = [0.02, 0.03, 0.05, 0.004];
    const mesh = roundedBoxMesh(a, b, c, r);
    expect(isClosed(mesh)).toBe(true);
    const { min, max } = meshBounds(mesh);
    [-a / 2, -b / 2, 0].forEach((v, k) => {
      expect(min[k]).toBeCloseTo(v, 12);
    });
    [a / 2, b / 2, c].forEach((v, k) => {
      expect(max[k]).toBeCloseTo(v, 12);
    });
    const [p, q, s] = [a - 2 * r, b - 2 * r, c - 2 * r];
    const steiner =
      p * q * s + 2 * r * (p * q + p * s + q * s) + Math.PI * r * r * (p + q + s) + (4 / 3) * Math.PI * r ** 3;
    expect(meshVolume(mesh) / steiner).toBeGreaterThan(0.99);
    expect(meshVolume(mesh) / steiner).toBeLessThan(1);
    expect(roundedBoxMesh(a, b, c, 0)).toEqual(boxMesh(a, b, c));
    expect(isClosed(roundedBoxMesh(a, b, c, 1))).toBe(true);
  });

  it('cylinder: closed, volume near pi r^2 h (a 64-gon has 0.16 % less)', () => {
    const mesh = revolutionMesh(cylinder, 64);
    expect(isClosed(mesh)).toBe(true);
    expect(meshVolume(mesh) / (Math.PI * 0.03 ** 2 * 0.1)).toBeCloseTo(0.9984, 3);
  });

  it('cup: closed, and the hollow is taken out of the volume', () => {
    const mesh = revolutionMesh(cylinder, 64, 0.003);
    expect(isClosed(mesh)).toBe(true);
    const solid = Math.PI * 0.03 ** 2 * 0.1;
    const hole = Math.PI * 0.027 ** 2 * 0.097;
    expect(meshVolume(mesh) / (solid - hole)).toBeCloseTo(1, 2);
  });

  it('prism over a clockwise or counter-clockwise star: outward when counter-clockwise', () => {
    const star = [0, 1, 2, 3, 4, 5].map((k): [number, number] => {
      const r = k % 2 ? 0.01 : 0.03;
      return [r * Math.cos((k * Math.PI) / 3), r * Math.sin((k * Math.PI) / 3)];
    });
    expect(isClosed(prismMesh(star, 0.02))).toBe(true);
    expect(meshVolume(prismMesh(star, 0.02))).toBeGreaterThan(0);
    expect(meshVolume(prismMesh([...star].reverse(), 0.02))).toBeLessThan(0);
  });

  it('joining and moving keep closedness and volume', () => {
    const a = boxMesh(0.02, 0.02, 0.02);
    const moved = transformMesh(a, fromYaw(0.7, [0.1, 0.2, 0.3]));
    const both = joinMeshes(a, moved);
    expect(isClosed(both)).toBe(true);
    expect(meshVolume(both)).toBeCloseTo(2 * meshVolume(a), 12);
    expect(meshBounds(moved).min[2]).toBeCloseTo(0.3, 12);
  });

  it('an open mesh is not closed', () => {
    const box = boxMesh(1, 1, 1);
    expect(isClosed({ vertices: box.vertices, triangles: box.triangles.slice(3) })).toBe(false);
  });

  it('radius of a profile between its points', () => {
    const profile = [
      { radiusM: 1, heightM: 0 },
      { radiusM: 3, heightM: 2 },
    ];
    expect(radiusAt(profile, 0.5)).toBeCloseTo(1.5, 12);
    expect(radiusAt(profile, 9)).toBe(3);
  });
});
