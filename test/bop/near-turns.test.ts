import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { renderColours } from '../../src/bop/draw/render-colours.js';
import { renderDepth } from '../../src/bop/draw/render-depth.js';
import { nearTurns, tellByPrint } from '../../src/bop/settle/near-turns.js';
import { createBytes, createRgb } from '../../src/image/image.js';
import { compose, fromAxisAngle, identity, type Mat4, rotationAngleBetween } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { type ColouredMesh, vertexColours } from '../../src/mesh/coloured-mesh.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

const camera = { widthPx: 120, heightPx: 120, fx: 500, fy: 500, cx: 60, cy: 60 };
const RADIUS_M = 0.04;

/** A disc whose four coloured sectors repeat each quarter turn; `stain`: a faint smooth one on one of them. */
function paint([x, y]: Vec3, stain: number): Vec3 {
  const sector = ((Math.atan2(y, x) * 8) / (2 * Math.PI) + 8) % 2 < 1;
  const near = Math.exp(-((x - 0.024) ** 2 + (y - 0.01) ** 2) / (2 * 0.003 ** 2));
  const base: Vec3 = sector ? [0.75, 0.7, 0.65] : [0.35, 0.45, 0.6];
  return base.map((v) => v - stain * near) as Vec3;
}

/** Flat disc of fine triangles facing -z (towards the camera). */
function disc(stain: number): ColouredMesh {
  const n = 80;
  const at = (k: number): number => RADIUS_M * ((2 * k) / n - 1);
  const vertices = new Float64Array(3 * (n + 1) ** 2);
  const colours = new Float32Array(vertices.length);
  for (let j = 0, v = 0; j <= n; j++) {
    for (let i = 0; i <= n; i++, v += 3) {
      vertices.set([at(i), at(j), 0], v);
      colours.set(paint([at(i), at(j), 0], stain), v);
    }
  }
  const triangles: number[] = [];
  for (let j = 0; j < n; j++) {
    for (let i = 0; i < n; i++) {
      if (Math.hypot(at(i + 0.5), at(j + 0.5)) > RADIUS_M) continue;
      const a = j * (n + 1) + i;
      triangles.push(a, a + 1, a + n + 2, a, a + n + 2, a + n + 1);
    }
  }
  const corners = Uint32Array.from(triangles);
  return { vertices, triangles: corners, colourAt: vertexColours(corners, colours) };
}

async function scene(stain: number) {
  const looks = disc(stain);
  const gaussians = gaussiansFromMesh(looks.vertices, looks.triangles, (p) => paint(p, stain), 0.0016, new Random(1));
  const renderer = await createRenderer();
  const object = {
    ...{ id: 1, renderer, gaussians, set: renderer.prepare(gaussians), scale: 1 },
    extremes: extremePoints(gaussians.position, gaussians.count),
    radiusM: RADIUS_M,
    worldFromCamera: identity(),
    weights: { mask: 1, rgb: 1.5, depth: 0, track: 0, contact: 0 },
  };
  const truth = compose(fromAxisAngle([1, 0, 0], 0.5, [0.002, -0.001, 0.45]), fromAxisAngle([0, 0, 1], 0.3));
  const drawn = renderColours(looks, truth, camera);
  const rgb = createRgb(camera.widthPx, camera.heightPx);
  const idMap = createBytes(camera.widthPx, camera.heightPx);
  const noise = new Random(4);
  for (let i = 0; i < idMap.data.length; i++) {
    idMap.data[i] = drawn.alpha[i] > 0.5 ? 1 : 0;
    for (let c = 0; c < 3; c++) rgb.data[3 * i + c] = Math.max(0, 255 * drawn.rgb[3 * i + c] + noise.normal(0, 2));
  }
  return { looks, object, truth, frame: { rgb, idMap } };
}

const quarter = (pose: Mat4, k: number): Mat4 => compose(pose, fromAxisAngle([0, 0, 1], (k * Math.PI) / 2));

describe('turns that look almost alike', () => {
  it('are found: the quarter turns of a print that repeats four times, and no others', async () => {
    const { object, truth } = await scene(0.08);
    const turns = nearTurns(object, truth, camera).map((pose) => rotationAngleBetween(pose, truth));
    expect(turns.map((turn) => Math.round((turn * 180) / Math.PI)).sort((a, b) => a - b)).toEqual([0, 90, 90, 180]);
  });

  it('are told apart by a stain of a few grey levels, whichever comes first, from a pose half a pixel off', async () => {
    const { looks, object, truth, frame } = await scene(0.08);
    const off = [...truth];
    off[3] += (0.5 * 0.45) / camera.fx;
    for (let first = 0; first < 4; first++) {
      const poses = [0, 1, 2, 3].map((k) => quarter(off, first + k));
      expect(tellByPrint(looks, object, poses, [frame], camera)).toBe((4 - first) % 4);
    }
  });

  it('leaves the first one where nothing can be compared', async () => {
    const { looks, object, truth, frame } = await scene(0.08);
    const poses = [quarter(truth, 1), truth];
    expect(tellByPrint({ ...looks, colourAt: null }, object, poses, [frame], camera)).toBe(0);
    const unseen = { rgb: frame.rgb, idMap: createBytes(camera.widthPx, camera.heightPx) };
    expect(tellByPrint(looks, object, poses, [unseen], camera)).toBe(0);
  });
});

describe('renderColours', () => {
  it('covers the pixels that the exact depth covers, in the colours of the vertices', () => {
    const looks = disc(0);
    const pose = fromAxisAngle([1, 0, 0], 0.5, [0.002, -0.001, 0.45]);
    const { alpha, rgb } = renderColours(looks, pose, camera);
    const depth = renderDepth(looks, pose, camera);
    for (let i = 0; i < depth.length; i++) {
      if (alpha[i] === 0) expect(depth[i]).toBe(0);
      if (alpha[i] > 0.999) expect(depth[i]).toBeGreaterThan(0);
      if (alpha[i] > 0.999) for (let c = 0; c < 3; c++) expect(rgb[3 * i + c]).toBeGreaterThan(0.34);
    }
    expect(renderColours({ ...looks, colourAt: null }, pose, camera).rgb.some((v) => Math.abs(v - 0.5) < 1e-6)).toBe(
      true,
    );
  });
});
