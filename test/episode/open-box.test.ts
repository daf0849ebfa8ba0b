import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { openBoxMesh, openSides, roomFor } from '../../src/episode/open-box.js';
import { bodyAndParts, openPainted } from '../../src/episode/open-paint.js';
import { compose, fromAxisAngle, fromTranslation, type Mat4 } from '../../src/math/se3.js';
import { vec3 } from '../../src/math/vec3.js';
import { boxMesh, isClosed, joinMeshes, meshBounds, meshVolume, transformMesh } from '../../src/objects/mesh.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

/** 20 x 10 x 6 cm about the origin, with a handle of another 10 cm. */
const BODY = transformMesh(boxMesh(0.2, 0.1, 0.06), fromTranslation([0, 0, -0.03]));
const HANDLE = transformMesh(boxMesh(0.1, 0.02, 0.01), fromTranslation([-0.15, 0, 0]));
const CUBE = Float64Array.from(transformMesh(boxMesh(0.03, 0.03, 0.03), fromTranslation([0, 0, -0.015])).vertices);
/** The cube's centre from here to there in 21 poses. */
const way = (from: [number, number, number], to: [number, number, number]): Mat4[] =>
  Array.from({ length: 21 }, (_, k) => fromTranslation(vec3((c) => from[c] + (k / 20) * (to[c] - from[c]))));

describe('openSides', () => {
  it('tells the side through which something slid in', () => {
    expect(openSides(BODY, CUBE, way([0.3, 0, -0.015], [0.02, 0, -0.015]))).toEqual(['+x']);
    expect(openSides(BODY, CUBE, way([0, -0.2, -0.015], [0.02, 0, -0.015]))).toEqual(['-y']);
  });

  it('leaves all sides to what is set down from above, and the top to what stays on it', () => {
    expect(openSides(BODY, CUBE, way([0, 0, 0.2], [0, 0, -0.015]))).toEqual([]);
    expect(openSides(BODY, CUBE, way([0.3, 0, 0.2], [0, 0, 0.045]))).toBeNull();
    // Sunk by 5 mm: an error of the poses, no opening.
    expect(openSides(BODY, CUBE, way([0.3, 0, 0.2], [0, 0, 0.04]))).toBeNull();
    expect(openSides(BODY, CUBE, way([0.3, 0, -0.015], [0.15, 0, -0.015]))).toBeNull();
  });
});

describe('openBoxMesh', () => {
  it('has floor and walls of the expected volume, and keeps the outside', () => {
    const { min, max } = meshBounds(BODY);
    const mesh = openBoxMesh(min, max, ['+x']);
    expect(isClosed(mesh)).toBe(true);
    expect(meshBounds(mesh)).toEqual({ min, max });
    // Floor 1 mm; walls 3 mm thick and 59 mm high: one of 100 mm, two of 200 - 2 * 3 mm.
    const expected = 0.2 * 0.1 * 0.001 + 0.059 * 0.003 * (0.1 + 2 * 0.194);
    expect(meshVolume(mesh)).toBeCloseTo(expected, 9);
  });
});

describe('roomFor', () => {
  const bounds = meshBounds(BODY);
  const drawer = (width: number): Float64Array =>
    transformMesh(boxMesh(0.1, width, 0.04), fromTranslation([0, 0, -0.02])).vertices;

  it('makes a case wider than its drawer, by no more than its size is known', () => {
    const { min, max } = roomFor(drawer(0.098), '-x', bounds, bounds, [0.02, 0.02, 0.02]);
    expect([min[1], max[1]]).toEqual([expect.closeTo(-0.054, 6), expect.closeTo(0.054, 6)]);
    expect([min[0], max[0]]).toEqual([bounds.min[0], bounds.max[0]]);
    expect(roomFor(drawer(0.098), '-x', bounds, bounds, [0.02, 0.004, 0.02]).max[1]).toBeCloseTo(0.052, 6);
  });

  it('leaves a pan alone into which something small was swept', () => {
    expect(roomFor(drawer(0.03), '-x', bounds, bounds, [0.02, 0.02, 0.02])).toEqual(bounds);
  });
});

describe('openPainted', () => {
  it('shows the same in the reference view and lets one see inside from elsewhere', async () => {
    const mesh = joinMeshes(BODY, HANDLE);
    expect(meshBounds(bodyAndParts(mesh).parts)).toEqual(meshBounds(HANDLE));
    // Top red where x < 0 and blue elsewhere, the rest green.
    const colourAt = ([x, , z]: readonly number[]): [number, number, number] =>
      z < 0.0299 ? [0.1, 0.8, 0.1] : x < 0 ? [0.9, 0.1, 0.1] : [0.1, 0.1, 0.9];
    const closed = gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, 0.002, new Random(1));
    const camera = { widthPx: 160, heightPx: 120, fx: 200, fy: 200, cx: 80, cy: 60 };
    // From above, tilted by 30 degrees.
    const cameraFromObject = compose(fromTranslation([0, 0, 0.5]), fromAxisAngle([1, 0, 0], (5 * Math.PI) / 6));
    const renderer = await createRenderer();
    const { min, max } = meshBounds(BODY);
    const shell = {
      mesh: openBoxMesh(min, max, []),
      isOfBody: (p: readonly number[]) => p.every((x, i) => x > min[i] - 0.002 && x < max[i] + 0.002),
    };
    const { parts } = bodyAndParts(mesh);
    const opened = openPainted(parts, closed, shell, { camera, cameraFromObject }, renderer);
    const pictureOf = (set: typeof closed, view: Mat4): Float32Array =>
      renderer.render(camera, [{ set: renderer.prepare(set), cameraFromSet: view, label: 1 }], {}).rgb;
    const [before, after] = [closed, opened.gaussians].map((set) => pictureOf(set, cameraFromObject));
    const difference = before.reduce((sum, value, i) => sum + Math.abs(value - after[i]), 0) / before.length;
    expect(difference).toBeLessThan(0.02);
    // Straight from above the middle of the floor lies 6 cm deeper than the lid did.
    const above = compose(fromTranslation([0, 0, 0.5]), fromAxisAngle([1, 0, 0], Math.PI));
    const depthOf = (set: typeof closed): number =>
      renderer.render(camera, [{ set: renderer.prepare(set), cameraFromSet: above, label: 1 }], {}).medianDepthM[
        60 * 160 + 80
      ];
    expect(depthOf(closed)).toBeCloseTo(0.47, 2);
    expect(depthOf(opened.gaussians)).toBeCloseTo(0.529, 2);
    const handle = opened.gaussians.position.filter((value, i) => i % 3 === 0 && value < -0.11);
    expect(handle.length).toBeGreaterThan(100);
  });
});
