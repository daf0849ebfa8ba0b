/**
 * Compares the Gaussian Franka with meshes of the real arm: silhouettes (intersection over union) and depth from random
 * configurations and views, and a side-by-side sheet.
 *
 *   npx tsx scripts/robot/compare-franka.ts FOLDER [--out FOLDER] [--views 50]
 *
 * FOLDER holds a MuJoCo model of the arm as in MuJoCo Menagerie: panda.xml and assets/*.obj. The meshes are only looked at.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../src/base/random.js';
import { createRgb } from '../../src/image/image.js';
import { writePng } from '../../src/image/image-io.js';
import type { Intrinsics } from '../../src/math/camera.js';
import { compose, fromAxes, inverse, type Mat4, transformPoint } from '../../src/math/se3.js';
import { cross, normalize, sub, type Vec3 } from '../../src/math/vec3.js';
import { loadMesh } from '../../src/mesh/load-mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { createFranka } from '../../src/robot/franka.js';
import { FRANKA_SHAPES } from '../../src/robot/franka-shapes.js';
import { armFrames, fingerFrames } from '../../src/robot/kinematics.js';
import { robotGaussians, spacingFor } from '../../src/robot/robot-gaussians.js';
import { createRenderer } from '../../src/splat/create-renderer.js';

const SIZE_PX = 400;
const CAMERA: Intrinsics = {
  widthPx: SIZE_PX,
  heightPx: SIZE_PX,
  fx: 460,
  fy: 460,
  cx: SIZE_PX / 2,
  cy: SIZE_PX / 2,
};
const COLOURS: Record<string, Vec3> = {
  white: [0.945, 0.95, 0.955],
  off_white: [0.87, 0.88, 0.885],
  black: [0.2, 0.205, 0.215],
};

interface ColouredMesh {
  mesh: TriangleMesh;
  colour: Vec3;
}

/** Visual meshes per link, with the colour of their material. */
async function loadMeshes(folder: string): Promise<Map<string, ColouredMesh[]>> {
  const xml = await readFile(path.join(folder, 'panda.xml'), 'utf8');
  const meshes = new Map<string, ColouredMesh[]>();
  for (const [, attributes] of xml.matchAll(/<geom ([^>]*class="visual"[^>]*)\/>/g)) {
    const name = /mesh="(\w+)"/.exec(attributes)?.[1];
    if (!name) continue;
    const link = name.replace(/_\d+$/, '');
    const known = meshes.get(link) ?? [];
    meshes.set(link, known);
    // Both fingers use the same meshes.
    if (link === 'finger' && known.length >= 2) continue;
    const colour = COLOURS[/material="(\w+)"/.exec(attributes)?.[1] ?? 'white'] ?? COLOURS.white;
    known.push({ mesh: await loadMesh(path.join(folder, 'assets', `${name}.obj`)), colour });
  }
  return meshes;
}

interface Picture {
  rgb: Uint8Array;
  depthM: Float32Array;
}

function blank(): Picture {
  return {
    rgb: new Uint8Array(SIZE_PX * SIZE_PX * 3).fill(200),
    depthM: new Float32Array(SIZE_PX * SIZE_PX).fill(Number.POSITIVE_INFINITY),
  };
}

/** Plain z-buffer with a lamp at the camera; enough for outlines and depth. */
function drawMesh(picture: Picture, { mesh, colour }: ColouredMesh, cameraFromMesh: Mat4): void {
  const { vertices, triangles } = mesh;
  const points: Vec3[] = [];
  for (let k = 0; k < vertices.length; k += 3) {
    points.push(transformPoint(cameraFromMesh, [vertices[k], vertices[k + 1], vertices[k + 2]]));
  }
  for (let f = 0; f < triangles.length; f += 3) {
    const corners = [points[triangles[f]], points[triangles[f + 1]], points[triangles[f + 2]]] as const;
    fillTriangle(picture, corners, colour);
  }
}

function fillTriangle(picture: Picture, corners: readonly [Vec3, Vec3, Vec3], colour: Vec3): void {
  const [a, b, c] = corners;
  if (Math.min(a[2], b[2], c[2]) < 0.05) return;
  const px = corners.map(([x, y, z]) => [(CAMERA.fx * x) / z + CAMERA.cx, (CAMERA.fy * y) / z + CAMERA.cy]);
  const area = (px[1][0] - px[0][0]) * (px[2][1] - px[0][1]) - (px[1][1] - px[0][1]) * (px[2][0] - px[0][0]);
  if (Math.abs(area) < 1e-12) return;
  const normal = cross(sub(b, a), sub(c, a));
  const facing = Math.abs(normal[0] * a[0] + normal[1] * a[1] + normal[2] * a[2]);
  const shade = 0.52 + (0.48 * facing) / (Math.hypot(...normal) * Math.hypot(...a) + 1e-12);
  const range = (axis: 0 | 1): [number, number] => [
    Math.max(0, Math.floor(Math.min(px[0][axis], px[1][axis], px[2][axis]) - 0.5)),
    Math.min(SIZE_PX - 1, Math.ceil(Math.max(px[0][axis], px[1][axis], px[2][axis]) - 0.5)),
  ];
  const [x0, x1] = range(0);
  const [y0, y1] = range(1);
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const [u, v] = [x + 0.5, y + 0.5];
      const wb = ((u - px[0][0]) * (px[2][1] - px[0][1]) - (v - px[0][1]) * (px[2][0] - px[0][0])) / area;
      const wc = ((px[1][0] - px[0][0]) * (v - px[0][1]) - (px[1][1] - px[0][1]) * (u - px[0][0])) / area;
      if (wb < 0 || wc < 0 || wb + wc > 1) continue;
      const depth = 1 / ((1 - wb - wc) / a[2] + wb / b[2] + wc / c[2]);
      const at = y * SIZE_PX + x;
      if (depth >= picture.depthM[at]) continue;
      picture.depthM[at] = depth;
      for (let k = 0; k < 3; k++) picture.rgb[3 * at + k] = Math.round(255 * colour[k] * shade);
    }
  }
}

function lookAt(eye: Vec3, target: Vec3): Mat4 {
  const z = normalize(sub(target, eye));
  const x = normalize(cross(z, [0, 0, 1]));
  return inverse(fromAxes(x, cross(z, x), z, eye));
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { out: { type: 'string' }, views: { type: 'string', default: '50' } },
});
const [folder] = positionals;
if (!folder) throw new Error('usage: compare-franka.ts FOLDER [--out FOLDER] [--views 50]');
const meshes = await loadMeshes(folder);
const robot = createFranka();
const renderer = await createRenderer();
const gaussians = robotGaussians(FRANKA_SHAPES, robot.joints.length + 2, spacingFor(640));
const links = gaussians.links.map((set) => renderer.prepare(set));
const fingerSets = gaussians.fingers.map((set) => renderer.prepare(set));
const random = new Random(7);
const overlaps: number[] = [];
/** Share of the disagreement where ours covers and theirs does not: one half is balanced. */
const excess: number[] = [];
const depthErrors: number[] = [];
const colourErrors: number[] = [];
const sheetRows: Uint8Array[] = [];
for (let view = 0; view < Number(flags.views); view++) {
  const q = robot.joints.map((joint, i) =>
    // Around home: arms in use are not folded onto themselves.
    Math.min(joint.upperRad, Math.max(joint.lowerRad, robot.home[i] + random.normal(0, 0.5))),
  );
  const azimuth = random.uniform(0, 2 * Math.PI);
  const eye: Vec3 = [0.25 + 1.3 * Math.cos(azimuth), 1.3 * Math.sin(azimuth), random.uniform(0.2, 1.2)];
  const cameraFromBase = lookAt(eye, [0.25, 0, 0.4]);
  const widthM = random.uniform(0, 0.08);
  const { links: frames, tool } = armFrames(robot, q);
  const fingers = fingerFrames(robot, tool, widthM);
  const theirs = blank();
  frames.forEach((frame, i) => {
    const name = i === frames.length - 1 ? 'hand' : `link${i}`;
    for (const mesh of meshes.get(name) ?? []) drawMesh(theirs, mesh, compose(cameraFromBase, frame));
  });
  for (const frame of fingers) {
    for (const mesh of meshes.get('finger') ?? []) drawMesh(theirs, mesh, compose(cameraFromBase, frame));
  }
  const ours = renderer.render(
    CAMERA,
    [
      ...frames.map((frame, i) => ({ set: links[i], cameraFromSet: compose(cameraFromBase, frame), label: 255 })),
      ...fingers.map((frame, i) => ({ set: fingerSets[i], cameraFromSet: compose(cameraFromBase, frame), label: 255 })),
    ],
    { layer: { rgb: blank().rgb, depthM: new Float32Array(SIZE_PX * SIZE_PX) } },
  );
  let both = 0;
  let either = 0;
  let oursOnly = 0;
  for (let i = 0; i < SIZE_PX * SIZE_PX; i++) {
    const inOurs = ours.alpha[i] > 0.5;
    const inTheirs = Number.isFinite(theirs.depthM[i]);
    if (inOurs || inTheirs) either++;
    if (inOurs && !inTheirs) oursOnly++;
    if (!inOurs || !inTheirs) continue;
    both++;
    if (i % 17 !== 0) continue;
    depthErrors.push(Math.abs(ours.depthM[i] - theirs.depthM[i]));
    colourErrors.push(Math.abs(ours.rgb[3 * i + 1] * 255 - theirs.rgb[3 * i + 1]));
  }
  overlaps.push(both / either);
  excess.push(oursOnly / (either - both));
  if (view < 5) {
    const row = new Uint8Array(SIZE_PX * SIZE_PX * 6);
    for (let y = 0; y < SIZE_PX; y++) {
      row.set(theirs.rgb.subarray(y * SIZE_PX * 3, (y + 1) * SIZE_PX * 3), y * SIZE_PX * 6);
      for (let x = 0; x < SIZE_PX * 3; x++) {
        row[y * SIZE_PX * 6 + SIZE_PX * 3 + x] = Math.max(0, Math.min(255, ours.rgb[y * SIZE_PX * 3 + x] * 255));
      }
    }
    sheetRows.push(row);
  }
}
const mean = overlaps.reduce((sum, value) => sum + value, 0) / overlaps.length;
console.log(
  JSON.stringify({
    views: overlaps.length,
    gaussians: gaussians.count,
    silhouetteIou: Number(mean.toFixed(4)),
    worstIou: Number(Math.min(...overlaps).toFixed(4)),
    excessShare: Number((excess.reduce((sum, value) => sum + value, 0) / excess.length).toFixed(3)),
    medianDepthErrorMm: Number((1000 * median(depthErrors)).toFixed(2)),
    medianColourError: Number(median(colourErrors).toFixed(1)),
  }),
);
if (flags.out) {
  const sheet = new Uint8Array(sheetRows.length * SIZE_PX * SIZE_PX * 6);
  for (const [k, row] of sheetRows.entries()) sheet.set(row, k * row.length);
  await writePng(
    path.join(flags.out, 'franka-compared.png'),
    createRgb(2 * SIZE_PX, sheetRows.length * SIZE_PX, sheet),
  );
}
