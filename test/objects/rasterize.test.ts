import { describe, expect, it } from 'vitest';
import { createBytes, createRgb } from '../../src/image/image.js';
import { fromTranslation } from '../../src/math/se3.js';
import { addBilinear, cropAround, sampleMask, sampleRgb } from '../../src/objects/crop.js';
import { boxMesh, makeMesh } from '../../src/objects/mesh.js';
import { createDepthBuffer, rasterizeMesh } from '../../src/objects/rasterize.js';

const camera = { widthPx: 20, heightPx: 16, fx: 10, fy: 10, cx: 10, cy: 8 };

describe('rasterizeMesh', () => {
  it('covers exactly the pixel centres of a facing square and interpolates its depth', () => {
    // A square from -0.35 to 0.35 at z = 1 covers x 6.5..13.5: centres 6.5 (edge), 7.5 .. 13.5 (edge).
    const square = makeMesh([-0.34, -0.34, 0, 0.34, -0.34, 0, 0.34, 0.34, 0, -0.34, 0.34, 0], [0, 1, 2, 0, 2, 3]);
    const buffer = createDepthBuffer(20, 16);
    rasterizeMesh(square, fromTranslation([0, 0, 1]), camera, buffer);
    const columns = Array.from({ length: 20 }, (_, x) => buffer.depthM[8 * 20 + x] > 0);
    expect(columns.map((c, x) => (c ? x : -1)).filter((x) => x >= 0)).toEqual([7, 8, 9, 10, 11, 12]);
    expect(buffer.depthM[8 * 20 + 10]).toBeCloseTo(1, 6);
  });

  it('interpolates depth perspectively on a slanted plane', () => {
    // Plane z = 1 + x: the pixel ray x = u z gives z = 1 / (1 - u).
    const plane = makeMesh([-0.5, -1, 0.5, 1, -1, 2, 1, 1, 2, -0.5, 1, 0.5], [0, 1, 2, 0, 2, 3]);
    const buffer = createDepthBuffer(20, 16);
    rasterizeMesh(plane, fromTranslation([0, 0, 0]), camera, buffer);
    const u = (12.5 - 10) / 10;
    expect(buffer.depthM[8 * 20 + 12]).toBeCloseTo(1 / (1 - u), 5);
  });

  it('keeps the nearer of two surfaces and drops what is behind the camera', () => {
    const buffer = createDepthBuffer(20, 16);
    const box = boxMesh(0.4, 0.4, 0.4);
    rasterizeMesh(box, fromTranslation([0, 0, 1]), camera, buffer);
    expect(buffer.depthM[8 * 20 + 10]).toBeCloseTo(1, 5);
    rasterizeMesh(box, fromTranslation([0, 0, -3]), camera, buffer);
    expect(buffer.depthM.some((z) => z > 0)).toBe(false);
  });
});

describe('crops', () => {
  it('maps window pixels to frame pixels and keeps the projection', () => {
    const crop = cropAround(camera, { x0: 4, y0: 4, x1: 12, y1: 8 }, 0.25, 24);
    expect([crop.x0Px, crop.y0Px]).toEqual([2, 2]);
    expect(crop.scale).toBe(2);
    // A point on the axis: frame pixel (10, 8) is window pixel ((10 - 2) * 2, (8 - 2) * 2).
    expect([crop.camera.cx, crop.camera.cy]).toEqual([16, 12]);
  });

  it('takes foreign ids and their neighbours, and everything outside the frame, out of care', () => {
    const ids = createBytes(6, 4);
    for (let y = 0; y < 4; y++) for (let x = 0; x < 3; x++) ids.data[y * 6 + x] = 1;
    for (let y = 0; y < 4; y++) ids.data[y * 6 + 5] = 255;
    const crop = { x0Px: -1, y0Px: 0, scale: 1, camera: { ...camera, widthPx: 8, heightPx: 4 } };
    const { inside, care } = sampleMask(ids, 1, crop, 1);
    expect([...inside.slice(8, 16)]).toEqual([0, 1, 1, 1, 0, 0, 0, 0]);
    expect([...care.slice(8, 16)]).toEqual([0, 1, 1, 1, 1, 0, 0, 0]);
  });

  it('reads colours at pixel centres exactly and halfway between them as the mean', () => {
    const image = createRgb(4, 2);
    for (let x = 0; x < 4; x++) for (let y = 0; y < 2; y++) image.data[3 * (y * 4 + x)] = 60 * x;
    const out = new Float64Array(3);
    addBilinear(image, 1.5, 0.5, 1, out, 0);
    addBilinear(image, 2, 1, 1, out, 0);
    expect(out[0]).toBeCloseTo(60 + 90, 9);
    const crop = { x0Px: 0, y0Px: 0, scale: 0.5, camera: { ...camera, widthPx: 2, heightPx: 1 } };
    expect(sampleRgb(image, crop)[0]).toBeCloseTo(30 / 255, 5);
  });
});
