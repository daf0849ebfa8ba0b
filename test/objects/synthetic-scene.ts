/**
 * Little scenes with known truth, drawn by casting rays at exact shapes (nothing of the product's own drawing is used):
 * a table, a few textured solids at given poses, and a ball for a hand.
 */
import { type ByteImage, createBytes, createRgb, type RgbImage } from '../../src/image/image.js';
import { type Intrinsics, rayOf } from '../../src/math/camera.js';
import {
  compose,
  fromAxes,
  inverse,
  type Mat4,
  transformDirection,
  transformPoint,
  translationOf,
} from '../../src/math/se3.js';
import { cross, normalize, sub, type Vec3 } from '../../src/math/vec3.js';
import type { Perception } from '../../src/perceive/perception.js';
import type { FrameSource } from '../../src/video/frames.js';

/** Nearest hit of a ray with a solid in the solid's frame (origin at the centre of its bounding box). */
type Hit = { t: number; normal: Vec3; colour: Vec3 };
export type Solid = (origin: Vec3, direction: Vec3) => Hit | null;

export const checker = (a: Vec3, b: Vec3, u: number, v: number): Vec3 =>
  (Math.floor(u) + Math.floor(v)) % 2 === 0 ? a : b;

export function boxSolid(size: Vec3, colourAt: (p: Vec3, face: number) => Vec3): Solid {
  return (o, d) => {
    let tNear = -Infinity;
    let tFar = Infinity;
    let axis = 0;
    for (let k = 0; k < 3; k++) {
      const t1 = (-size[k] / 2 - o[k]) / d[k];
      const t2 = (size[k] / 2 - o[k]) / d[k];
      if (Math.min(t1, t2) > tNear) {
        tNear = Math.min(t1, t2);
        axis = k;
      }
      tFar = Math.min(tFar, Math.max(t1, t2));
    }
    if (tNear > tFar || tNear <= 0) return null;
    const normal: Vec3 = [0, 0, 0];
    normal[axis] = d[axis] > 0 ? -1 : 1;
    const p: Vec3 = [o[0] + tNear * d[0], o[1] + tNear * d[1], o[2] + tNear * d[2]];
    return { t: tNear, normal, colour: colourAt(p, 2 * axis + (normal[axis] > 0 ? 1 : 0)) };
  };
}

/** A solid elsewhere: `fromSolid` puts it there. */
export const movedSolid = (solid: Solid, fromSolid: Mat4): Solid => {
  const back = inverse(fromSolid);
  return (o, d) => {
    const hit = solid(transformPoint(back, o), transformDirection(back, d));
    return hit && { ...hit, normal: transformDirection(fromSolid, hit.normal) };
  };
};

/** Several solids as one. */
export const joinedSolids =
  (...solids: readonly Solid[]): Solid =>
  (o, d) =>
    solids.reduce<Hit | null>((nearest, solid) => {
      const hit = solid(o, d);
      return hit && (nearest === null || hit.t < nearest.t) ? hit : nearest;
    }, null);

/** Frustum about z, solid or (with a wall) open at the top. `colourAt` gets the point and whether it lies inside the vessel. */
export function frustumSolid(
  bottomRadius: number,
  topRadius: number,
  height: number,
  colourAt: (p: Vec3, inside: boolean) => Vec3,
  wall = 0,
): Solid {
  const side = (o: Vec3, d: Vec3, r0: number, r1: number, z0: number, z1: number, inward: boolean): Hit | null => {
    const slope = (r1 - r0) / (z1 - z0);
    const rz = r0 + slope * (o[2] - z0);
    const a = d[0] * d[0] + d[1] * d[1] - slope * slope * d[2] * d[2];
    const b = 2 * (o[0] * d[0] + o[1] * d[1] - slope * rz * d[2]);
    const c = o[0] * o[0] + o[1] * o[1] - rz * rz;
    const root = b * b - 4 * a * c;
    if (root < 0) return null;
    const roots = [(-b - Math.sqrt(root)) / (2 * a), (-b + Math.sqrt(root)) / (2 * a)].sort((x, y) => x - y);
    for (const t of roots) {
      const p: Vec3 = [o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]];
      if (t <= 1e-9 || p[2] < z0 || p[2] > z1) continue;
      const sign = inward ? -1 : 1;
      const normal = normalize([sign * p[0], sign * p[1], -sign * slope * Math.hypot(p[0], p[1])]);
      if (normal[0] * d[0] + normal[1] * d[1] + normal[2] * d[2] > 0) continue;
      return { t, normal, colour: colourAt(p, inward) };
    }
    return null;
  };
  const disc = (o: Vec3, d: Vec3, z: number, rMin: number, rMax: number, up: boolean, inside: boolean): Hit | null => {
    const t = (z - o[2]) / d[2];
    if (!(t > 1e-9) || d[2] > 0 === up) return null;
    const p: Vec3 = [o[0] + t * d[0], o[1] + t * d[1], z];
    const r = Math.hypot(p[0], p[1]);
    return r < rMin || r > rMax ? null : { t, normal: [0, 0, up ? 1 : -1], colour: colourAt(p, inside) };
  };
  const [low, high] = [-height / 2, height / 2];
  return (o, d) => {
    const hits = [
      side(o, d, bottomRadius, topRadius, low, high, false),
      disc(o, d, low, 0, bottomRadius, false, false),
      ...(wall > 0
        ? [
            side(o, d, bottomRadius - wall, topRadius - wall, low + wall, high, true),
            disc(o, d, low + wall, 0, bottomRadius - wall, true, true),
            disc(o, d, high, topRadius - wall, topRadius, true, false),
          ]
        : [disc(o, d, high, 0, topRadius, true, false)]),
    ].filter((hit) => hit !== null);
    return hits.length > 0 ? hits.reduce((a, b) => (b.t < a.t ? b : a)) : null;
  };
}

export function ballSolid(radius: number, colour: Vec3): Solid {
  return (o, d) => {
    const a = d[0] ** 2 + d[1] ** 2 + d[2] ** 2;
    const b = 2 * (o[0] * d[0] + o[1] * d[1] + o[2] * d[2]);
    const c = o[0] ** 2 + o[1] ** 2 + o[2] ** 2 - radius ** 2;
    const root = b * b - 4 * a * c;
    if (root < 0) return null;
    const t = (-b - Math.sqrt(root)) / (2 * a);
    if (t <= 0) return null;
    return { t, normal: normalize([o[0] + t * d[0], o[1] + t * d[1], o[2] + t * d[2]]), colour };
  };
}

export interface Actor {
  readonly id: number;
  readonly solid: Solid;
  worldFromSolid(frameIdx: number): Mat4;
}

/** Camera looking at the table point (0, 0, 0) from behind (negative y), `distanceM` away, `tiltDeg` below the horizon. */
export function lookingCamera(
  widthPx: number,
  heightPx: number,
  distanceM: number,
  tiltDeg: number,
): { camera: Intrinsics; cameraFromWorld: Mat4 } {
  const tilt = (tiltDeg * Math.PI) / 180;
  const focal = widthPx / 2 / Math.tan((60 * Math.PI) / 360);
  const camera = { widthPx, heightPx, fx: focal, fy: focal, cx: widthPx / 2, cy: heightPx / 2 };
  const eye: Vec3 = [0, -distanceM * Math.cos(tilt), distanceM * Math.sin(tilt)];
  const forward = normalize(sub([0, 0, 0], eye));
  const right: Vec3 = [1, 0, 0];
  return { camera, cameraFromWorld: inverse(fromAxes(right, cross(forward, right), forward, eye)) };
}

const LIGHT = normalize([-0.4, -0.5, 1]);
const SAMPLES = [0.25, 0.75];

/** One frame: 2 x 2 rays per pixel; the id map takes the object that most rays hit. */
export function castFrame(
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  actors: readonly Actor[],
  frameIdx: number,
): { rgb: RgbImage; ids: ByteImage } {
  const worldFromCamera = inverse(cameraFromWorld);
  const views = actors.map((actor) => {
    const solidFromCamera = compose(inverse(actor.worldFromSolid(frameIdx)), worldFromCamera);
    return { actor, solidFromCamera, origin: translationOf(solidFromCamera), toWorld: actor.worldFromSolid(frameIdx) };
  });
  const eye = translationOf(worldFromCamera);
  const { widthPx, heightPx } = camera;
  const rgb = createRgb(widthPx, heightPx);
  const ids = createBytes(widthPx, heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const sum = [0, 0, 0];
      const votes = new Map<number, number>();
      for (const sy of SAMPLES) {
        for (const sx of SAMPLES) {
          const ray = rayOf(camera, x + sx, y + sy);
          const down = transformDirection(worldFromCamera, ray);
          let t = -eye[2] / down[2];
          let id = 0;
          let colour: Vec3 = [0.45, 0.5, 0.55];
          if (t > 0 && t < 4) {
            colour = checker(
              [0.75, 0.7, 0.6],
              [0.7, 0.62, 0.5],
              (eye[0] + t * down[0]) * 9,
              (eye[1] + t * down[1]) * 9,
            );
          } else t = Infinity;
          for (const { actor, solidFromCamera, origin, toWorld } of views) {
            const hit = actor.solid(origin, transformDirection(solidFromCamera, ray));
            if (hit === null || hit.t >= t) continue;
            t = hit.t;
            id = actor.id;
            const n = transformDirection(toWorld, hit.normal);
            const light = 0.6 + 0.4 * Math.max(0, n[0] * LIGHT[0] + n[1] * LIGHT[1] + n[2] * LIGHT[2]);
            colour = [hit.colour[0] * light, hit.colour[1] * light, hit.colour[2] * light];
          }
          for (let c = 0; c < 3; c++) sum[c] += colour[c];
          votes.set(id, (votes.get(id) ?? 0) + 1);
        }
      }
      const i = y * widthPx + x;
      for (let c = 0; c < 3; c++) rgb.data[3 * i + c] = Math.round((255 * sum[c]) / 4);
      ids.data[i] = [...votes].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    }
  }
  return { rgb, ids };
}

export interface SyntheticClip {
  readonly frames: FrameSource;
  readonly perception: Perception;
  readMask(frameIdx: number): Promise<ByteImage>;
  /** Exact pose of an actor. */
  cameraFromSolid(id: number, frameIdx: number): Mat4;
}

/** A clip with true camera, table and masks. Frames are cast when first asked for. */
export function syntheticClip(
  view: { camera: Intrinsics; cameraFromWorld: Mat4 },
  actors: readonly Actor[],
  objects: Perception['objects'],
  numFrames: number,
  fps = 15,
): SyntheticClip {
  const cache = new Map<number, { rgb: RgbImage; ids: ByteImage }>();
  const frame = (k: number) => {
    const known = cache.get(k) ?? castFrame(view.camera, view.cameraFromWorld, actors, k);
    cache.set(k, known);
    return known;
  };
  return {
    frames: {
      numFrames,
      fps,
      widthPx: view.camera.widthPx,
      heightPx: view.camera.heightPx,
      read: async (k) => frame(k).rgb,
    },
    readMask: async (k) => frame(k).ids,
    cameraFromSolid: (id, k) => compose(view.cameraFromWorld, actors.find((a) => a.id === id)!.worldFromSolid(k)),
    perception: {
      kind: 'v2r/perception',
      version: 1,
      numFrames,
      fps,
      camera: { ...view.camera, source: 'option', focalLogSd: 0 },
      table: {
        cameraFromWorld: view.cameraFromWorld,
        normalSource: 'truth',
        normalSdDeg: 0,
        scaleSource: 'truth',
        scaleLogSd: 0,
      },
      cameraMotion: { kind: 'static', maxShiftPx: 0 },
      frameFromReference: null,
      hand: { seen: true, confidence: 1, firstFrame: 0, lastFrame: numFrames - 1 },
      objects,
      finding: 'synthetic',
      manipulated: true,
    },
  };
}

export const perceived = (
  id: number,
  name: string,
  role: 'source' | 'target',
  motion: { firstFrame: number; lastFrame: number } | null,
  referenceFrame = 0,
): Perception['objects'][number] => ({
  id,
  name,
  role,
  confidence: 1,
  evidence: 'synthetic',
  motion,
  referenceFrame,
});

/** The point of a solid under a transform, for comparing poses by what they do to the surface. */
export const pointAt = (aFromSolid: Mat4, p: Vec3): Vec3 => transformPoint(aFromSolid, p);
