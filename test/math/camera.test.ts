import { describe, expect, it } from 'vitest';
import { cropIntrinsics, project, rayOf, resizeIntrinsics } from '../../src/math/camera.js';

const camera = { widthPx: 640, heightPx: 480, fx: 500, fy: 520, cx: 320, cy: 240 };

describe('pinhole camera', () => {
  it('projects the worked example of docs/conventions.md', () => {
    const [x, y] = project({ ...camera, fy: 500 }, [0.1, -0.05, 0.5]);
    expect(x).toBeCloseTo(420, 9);
    expect(y).toBeCloseTo(190, 9);
  });

  it('gives NaN behind the camera', () => {
    expect(project(camera, [0, 0, -1]).every(Number.isNaN)).toBe(true);
    expect(project(camera, [0, 0, 0]).every(Number.isNaN)).toBe(true);
  });

  it('rays go back through the pixel they came from', () => {
    const [x, y, z] = rayOf(camera, 17.5, 401.5);
    expect(project(camera, [x * 3, y * 3, z * 3])).toEqual([17.5, 401.5].map((v) => expect.closeTo(v, 9)));
  });

  it('keeps image positions relative when resized and shifted when cropped', () => {
    const point: [number, number, number] = [0.2, 0.1, 1.3];
    const [x, y] = project(camera, point);
    const [halfX, halfY] = project(resizeIntrinsics(camera, 320, 240), point);
    expect([halfX, halfY]).toEqual([expect.closeTo(x / 2, 9), expect.closeTo(y / 2, 9)]);
    const [cropX, cropY] = project(cropIntrinsics(camera, 100, 50, 200, 100, 0.5), point);
    expect([cropX, cropY]).toEqual([expect.closeTo((x - 100) / 2, 9), expect.closeTo((y - 50) / 2, 9)]);
  });
});
