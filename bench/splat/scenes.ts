/** Scenes of the splat benchmark, made here so that the figures do not depend on downloads. */
import { Random } from '../../src/base/random.js';
import type { Intrinsics } from '../../src/math/camera.js';
import { fromAxisAngle, identity } from '../../src/math/se3.js';
import { add, cross, norm, normalize, perpendicular, scale, sub, type Vec3 } from '../../src/math/vec3.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';
import { createGaussians, type GaussianSet, SH_C0 } from '../../src/splat/gaussians.js';
import type { StaticLayer } from '../../src/splat/renderer.js';

interface Mesh {
  vertices: number[];
  triangles: number[];
}

/** Closed surface of revolution about a -> b; `profile` gives [share of the length, radius in metres]. */
function addRevolved(mesh: Mesh, a: Vec3, b: Vec3, profile: [number, number][], numSides = 40): void {
  const axis = sub(b, a);
  const direction = normalize(axis);
  const u = perpendicular(direction);
  const v = cross(direction, u);
  const first = mesh.vertices.length / 3;
  for (const [share, radius] of profile) {
    for (let k = 0; k < numSides; k++) {
      const angle = (2 * Math.PI * k) / numSides;
      const offset = add(scale(u, radius * Math.cos(angle)), scale(v, radius * Math.sin(angle)));
      mesh.vertices.push(...add(add(a, scale(axis, share)), offset));
    }
  }
  for (let ring = 0; ring + 1 < profile.length; ring++) {
    for (let k = 0; k < numSides; k++) {
      const p = first + ring * numSides + k;
      const q = first + ring * numSides + ((k + 1) % numSides);
      mesh.triangles.push(p, q, q + numSides, p, q + numSides, p + numSides);
    }
  }
}

function addCapsule(mesh: Mesh, a: Vec3, b: Vec3, radius: number): void {
  const length = norm(sub(b, a));
  const cap = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => (t * Math.PI) / 2);
  const lower = cap.map((t): [number, number] => [(-radius * Math.cos(t)) / length, radius * Math.sin(t)]);
  const upper = lower.map(([share, r]): [number, number] => [1 - share, r]).reverse();
  addRevolved(mesh, a, b, [...lower, ...upper]);
}

/** An arm of seven links with two fingers, a can and a ball, about 60,000 Gaussians, in the camera frame (metres). */
export function robotScene(spacingM = 0.0033): GaussianSet {
  const mesh: Mesh = { vertices: [], triangles: [] };
  const joints: [Vec3, Vec3, number][] = [
    [[-0.35, 0.3, 1.1], [-0.35, 0.02, 1.1], 0.075],
    [[-0.35, 0.02, 1.1], [-0.28, -0.15, 1.08], 0.065],
    [[-0.28, -0.15, 1.08], [-0.15, -0.26, 1.04], 0.06],
    [[-0.15, -0.26, 1.04], [0.02, -0.22, 1.0], 0.055],
    [[0.02, -0.22, 1.0], [0.11, -0.1, 0.97], 0.05],
    [[0.11, -0.1, 0.97], [0.12, 0.02, 0.95], 0.045],
    [[0.09, 0.04, 0.95], [0.15, 0.04, 0.95], 0.025],
    [[0.095, 0.06, 0.95], [0.095, 0.13, 0.95], 0.01],
    [[0.145, 0.06, 0.95], [0.145, 0.13, 0.95], 0.01],
  ];
  for (const [a, b, radius] of joints) addCapsule(mesh, a, b, radius);
  addCapsule(mesh, [-0.05, 0.23, 0.9], [-0.05, 0.26, 0.9], 0.055);
  addRevolved(
    mesh,
    [0.12, 0.29, 0.95],
    [0.12, 0.17, 0.95],
    [
      [0, 0],
      [0, 0.035],
      [1, 0.035],
      [1, 0],
    ],
  );
  const colourAt = (_point: Vec3, n: Vec3): Vec3 => [0.5 + 0.4 * n[0], 0.5 + 0.4 * n[1], 0.5 - 0.4 * n[2]];
  return gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, spacingM, new Random(1));
}

/** A table plane as a finished picture with depth, as the cached layer is. */
export function tableLayer({ widthPx, heightPx, fy, cy }: Intrinsics): StaticLayer {
  const rgb = new Uint8Array(widthPx * heightPx * 3);
  const depthM = new Float32Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    // The plane y = 0.32 m below the camera, seen level.
    const slope = (y + 0.5 - cy) / fy;
    for (let x = 0; x < widthPx; x++) {
      const i = y * widthPx + x;
      depthM[i] = slope > 0.05 ? 0.32 / slope : 0;
      rgb.set([120 + (x % 32), 100 + (y % 24), 90], 3 * i);
    }
  }
  return { rgb, depthM };
}

/** `count` Gaussians on a wavy sheet that fills a 1280x720 picture, as dense as a surface capture. Frame of the camera. */
export function sheetScene(count: number): GaussianSet {
  const rng = new Random(7);
  const set = createGaussians(count);
  const spacing = Math.sqrt((2.4 * 1.4) / count);
  for (let i = 0; i < count; i++) {
    const x = rng.uniform(-1.2, 1.2);
    const y = rng.uniform(-0.7, 0.7);
    set.position.set([x, y, 1.3 + 0.15 * Math.sin(7 * x) * Math.cos(9 * y) + rng.normal(0, 0.01)], 3 * i);
    const size = Math.log(spacing * 0.7);
    set.logScale.set([size + rng.normal(0, 0.4), size + rng.normal(0, 0.4), size - 1.5], 3 * i);
    set.rotation.set([1, rng.normal(0, 0.3), rng.normal(0, 0.3), rng.normal(0, 0.3)], 4 * i);
    set.opacityLogit[i] = rng.normal(2, 1.5);
    for (let c = 0; c < 3; c++) set.sh[3 * i + c] = (0.5 + 0.4 * Math.sin(11 * x + 5 * y + 2 * c) - 0.5) / SH_C0;
  }
  return set;
}

/** An object of about 5,000 Gaussians that fills a quarter of a 160x120 crop. */
export function poseObject(): GaussianSet {
  const mesh: Mesh = { vertices: [], triangles: [] };
  addCapsule(mesh, [0, 0, -0.03], [0, 0, 0.03], 0.035);
  const colourAt = (p: Vec3): Vec3 => [
    0.5 + 0.4 * Math.sin(150 * p[0]),
    0.5 + 0.4 * Math.cos(130 * p[1]),
    0.4 + 3 * p[2],
  ];
  return gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, 0.00215, new Random(2));
}

export const CAMERA_640: Intrinsics = { widthPx: 640, heightPx: 480, fx: 600, fy: 600, cx: 320, cy: 240 };
export const CAMERA_256: Intrinsics = { widthPx: 256, heightPx: 256, fx: 280, fy: 280, cx: 128, cy: 128 };
export const CAMERA_CROP: Intrinsics = { widthPx: 160, heightPx: 120, fx: 300, fy: 300, cx: 80, cy: 60 };
export const CAMERA_720P: Intrinsics = { widthPx: 1280, heightPx: 720, fx: 720, fy: 720, cx: 640, cy: 360 };
export const AT_CAMERA = identity();
export const CROP_POSE = fromAxisAngle([0.6, 0.8, 0], 0.7, [0, 0, 0.4]);
