/** Shapes taken from the outline itself: an inflated upright silhouette, and a flat prism lying on the table. */
import type { ByteImage } from '../image/image.js';
import { maskMoments } from '../image/image.js';
import { distanceTo } from '../image/morphology.js';
import { type Intrinsics, rayOf } from '../math/camera.js';
import { inverse, type Mat4, transformDirection, translationOf } from '../math/se3.js';
import { dot, sub, type Vec3 } from '../math/vec3.js';
import { makeMesh, prismMesh, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import { onPlane, type StandingGuess } from './standing.js';

/** Cells along the longer side of the outline. */
const GRID = 44;
/** The upright middle sheet stands this share of the half thickness behind the front contact. */
const SHEET_BEHIND_FRONT = 0.6;
const FLAT_CORNERS = 40;

/** Middle sheet: a plane of the world. */
export interface Sheet {
  readonly through: Vec3;
  /** Unit normal, away from the camera. */
  readonly away: Vec3;
}

/**
 * Inflates a mask (frame pixels) on both sides of a sheet: half thickness as of a round bar of the local width. The
 * result is closed, in the world frame; parts that would reach below the table are flattened onto it.
 */
export function inflateMask(
  mask: ByteImage,
  camera: Intrinsics,
  worldFromCamera: Mat4,
  sheet: Sheet,
  thicknessRatio = 1,
): TriangleMesh | null {
  const moments = maskMoments(mask);
  if (moments === null) return null;
  const { box } = moments;
  const cell = Math.max(box.x1 - box.x0, box.y1 - box.y0) / GRID;
  const [nx, ny] = [Math.ceil((box.x1 - box.x0) / cell) + 2, Math.ceil((box.y1 - box.y0) / cell) + 2];
  const [gx, gy] = [box.x0 - cell, box.y0 - cell];
  const filled = new Uint8Array(nx * ny);
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) filled[j * nx + i] = coverage(mask, gx + i * cell, gy + j * cell, cell) >= 0.5 ? 1 : 0;
  }
  const half = halfThickness(filled, nx, ny);
  const eye = translationOf(worldFromCamera);
  const reach = dot(sub(sheet.through, eye), sheet.away);
  const vertices: number[] = [];
  const index = new Int32Array((nx + 1) * (ny + 1) * 2).fill(-1);
  const corner = (i: number, j: number, side: 0 | 1): number => {
    const k = j * (nx + 1) + i;
    const t = half[k];
    // Corners on the outline have no thickness: front and back share them, which closes the mesh.
    const slot = 2 * k + (t > 0 ? side : 0);
    if (index[slot] >= 0) return index[slot];
    const ray = transformDirection(worldFromCamera, rayOf(camera, gx + i * cell, gy + j * cell));
    const s = reach / dot(ray, sheet.away);
    const metresPerCell = (s * cell) / camera.fx;
    const offset = (side === 0 ? -1 : 1) * t * metresPerCell * thicknessRatio;
    // Along the ray, so that the outline stays the mask's own.
    const stretch = 1 + offset / reach;
    vertices.push(
      eye[0] + ray[0] * s * stretch,
      eye[1] + ray[1] * s * stretch,
      Math.max(0, eye[2] + ray[2] * s * stretch),
    );
    index[slot] = vertices.length / 3 - 1;
    return index[slot];
  };
  const triangles: number[] = [];
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      if (filled[j * nx + i] === 0) continue;
      const front = [corner(i, j, 0), corner(i + 1, j, 0), corner(i + 1, j + 1, 0), corner(i, j + 1, 0)];
      const back = [corner(i, j, 1), corner(i + 1, j, 1), corner(i + 1, j + 1, 1), corner(i, j + 1, 1)];
      triangles.push(front[0], front[2], front[1], front[0], front[3], front[2]);
      triangles.push(back[0], back[1], back[2], back[0], back[2], back[3]);
    }
  }
  return triangles.length > 0 ? makeMesh(vertices, triangles) : null;
}

function coverage(mask: ByteImage, x: number, y: number, size: number): number {
  let hits = 0;
  for (const ty of [0.25, 0.75]) {
    for (const tx of [0.25, 0.75]) {
      const [px, py] = [Math.floor(x + tx * size), Math.floor(y + ty * size)];
      if (px >= 0 && py >= 0 && px < mask.widthPx && py < mask.heightPx)
        hits += mask.data[py * mask.widthPx + px] ? 1 : 0;
    }
  }
  return hits / 4;
}

/** Half thickness in cells at grid corners, 0 on and outside the outline. */
function halfThickness(filled: Uint8Array, nx: number, ny: number): Float64Array {
  const [w, h] = [nx + 1, ny + 1];
  const border = new Uint8Array(w * h);
  for (let j = 0; j < h; j++) {
    for (let i = 0; i < w; i++) {
      const inside = (di: number, dj: number): number => {
        const [x, y] = [i - di, j - dj];
        return x >= 0 && y >= 0 && x < nx && y < ny ? filled[y * nx + x] : 0;
      };
      border[j * w + i] = inside(0, 0) && inside(1, 0) && inside(0, 1) && inside(1, 1) ? 0 : 1;
    }
  }
  const d = distanceTo(border, w, h);
  const half = new Float64Array(w * h);
  for (let j = 0; j < h; j++) {
    for (let i = 0; i < w; i++) {
      const own = d[j * w + i];
      if (own === 0) continue;
      // Radius of the local bar: the largest distance to the outline nearby.
      const r = Math.ceil(1.5 * own);
      let radius = own;
      for (let y = Math.max(0, j - r); y <= Math.min(h - 1, j + r); y++) {
        for (let x = Math.max(0, i - r); x <= Math.min(w - 1, i + r); x++) radius = Math.max(radius, d[y * w + x]);
      }
      half[j * w + i] = Math.sqrt(own * (2 * radius - own));
    }
  }
  return half;
}

/** The whole mask as an inflated upright shape. */
export function fitInflated(
  mask: ByteImage,
  camera: Intrinsics,
  target: SilhouetteTarget,
  guess: StandingGuess,
): ShapeFit | null {
  const worldFromCamera = inverse(target.cameraFromWorld);
  const frontX = guess.x - (guess.away[0] * guess.widthM) / 2;
  const frontY = guess.y - (guess.away[1] * guess.widthM) / 2;
  const thin = Math.min(guess.widthM, guess.heightM) / 2;
  const x = frontX + guess.away[0] * thin * SHEET_BEHIND_FRONT;
  const y = frontY + guess.away[1] * thin * SHEET_BEHIND_FRONT;
  const sheet: Sheet = { through: [x, y, 0], away: [...guess.away, 0] };
  const inWorld = inflateMask(mask, camera, worldFromCamera, sheet);
  if (inWorld === null) return null;
  const iou = silhouetteIou(inWorld, target);
  return {
    family: 'inflated',
    mesh: transformMesh(inWorld, inverse(standingAt(x, y))),
    worldFromMesh: standingAt(x, y),
    iou,
    hollow: false,
    symmetry: 'none',
  };
}

/** The mask read as the top of something flat of the given height: its outline carried down to the table. */
export function fitFlatPrism(
  mask: ByteImage,
  camera: Intrinsics,
  target: SilhouetteTarget,
  heightM: number,
): ShapeFit | null {
  const moments = maskMoments(mask);
  if (moments === null) return null;
  const worldFromCamera = inverse(target.cameraFromWorld);
  const middle = onPlane(camera, worldFromCamera, moments.cx, moments.cy, heightM / 2);
  if (middle === null) return null;
  const radii = new Float64Array(FLAT_CORNERS);
  const { box } = moments;
  for (let y = box.y0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++) {
      if (mask.data[y * mask.widthPx + x] === 0) continue;
      const p = onPlane(camera, worldFromCamera, x + 0.5, y + 0.5, heightM / 2);
      if (p === null) continue;
      const [dx, dy] = [p[0] - middle[0], p[1] - middle[1]];
      const sector = Math.floor((Math.atan2(dy, dx) / (2 * Math.PI) + 1) * FLAT_CORNERS) % FLAT_CORNERS;
      radii[sector] = Math.max(radii[sector], Math.hypot(dx, dy));
    }
  }
  const known = radii.filter((r) => r > 0);
  if (known.length < FLAT_CORNERS / 2) return null;
  const smallest = Math.min(...known);
  const polygon = Array.from(radii, (r, k): [number, number] => {
    const angle = ((k + 0.5) / FLAT_CORNERS) * 2 * Math.PI;
    return [(r || smallest) * Math.cos(angle), (r || smallest) * Math.sin(angle)];
  });
  const mesh = prismMesh(polygon, heightM);
  const worldFromMesh = standingAt(middle[0], middle[1]);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  return { family: 'prism', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none' };
}
