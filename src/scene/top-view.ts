/** The scene seen from above: workspace, objects, robot base and what the camera sees of the table. */
import { rayOf } from '../math/camera.js';
import { compose, inverse, type Mat4, transformDirection, translationOf } from '../math/se3.js';
import type { ObjectModel } from '../objects/object-model.js';
import type { Poses } from '../pose/poses.js';
import { escapeXml } from '../skill/timeline.js';
import { circlePolygon, type Point2 } from './polygon.js';
import type { Scene } from './scene.js';

const SIZE_PX = 480;
/** The footprint of the camera is cut off this far from the world's origin, metres. */
const FOOTPRINT_LIMIT_M = 1.2;
/** Foot of the arm seen from above, metres: along its x and y. */
const BASE_FOOT_M = [0.25, 0.19] as const;
const ROLE_COLOURS = { source: '#d24b40', target: '#3b7a57', passive: '#8b8f96' } as const;

/** A standalone SVG, world x to the right, world y up, one grid square = 10 cm. */
export function sceneTopViewSvg(scene: Scene, objects: readonly ObjectModel[], poses: Poses): string {
  const footprint = cameraFootprint(scene);
  const base: Point2 = [scene.worldFromBase[3], scene.worldFromBase[7]];
  const placed = objects.map((model) => ({ model, pose: firstPose(model, poses) }));
  const shown = [...scene.workspace, base, ...placed.map(({ pose }): Point2 => [pose[3], pose[7]])];
  const reach = 0.2;
  const low = [0, 1].map((k) => Math.min(...shown.map((p) => p[k])) - reach);
  const high = [0, 1].map((k) => Math.max(...shown.map((p) => p[k])) + reach);
  const span = Math.max(high[0] - low[0], high[1] - low[1]);
  const scale = SIZE_PX / span;
  const at = ([x, y]: Point2): string => `${fixed((x - low[0]) * scale)},${fixed((low[1] + span - y) * scale)}`;
  const polygon = (points: readonly Point2[], style: string): string =>
    points.length < 3 ? '' : `<polygon points="${points.map(at).join(' ')}" ${style}/>`;

  const parts = [
    ...gridParts(low, span, at),
    polygon(footprint, 'fill="#f5e7b8" fill-opacity="0.5" stroke="#c9a93c" stroke-dasharray="4 3"'),
    polygon(scene.workspace, 'fill="#bcd4f0" fill-opacity="0.6" stroke="#3458a4"'),
    ...(scene.occupied ?? []).map(([x, y, r]) =>
      polygon(circlePolygon([x, y], r, 8), 'fill="#777" fill-opacity="0.6"'),
    ),
    ...placed.map(({ model, pose }) => objectPart(model, pose, polygon, at)),
    basePart(scene.worldFromBase, polygon, at),
    cameraPart(scene, at),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE_PX} ${SIZE_PX}" width="${SIZE_PX}" height="${SIZE_PX}" font-family="system-ui, sans-serif" font-size="11" fill="#222">`,
    ...parts.filter((part) => part !== ''),
    '</svg>',
  ].join('\n');
}

type ToPixels = (p: Point2) => string;
type DrawPolygon = (points: readonly Point2[], style: string) => string;

function gridParts(low: number[], span: number, at: ToPixels): string[] {
  const step = 0.1;
  const parts: string[] = [];
  const line = (a: Point2, b: Point2): void => {
    const [x1, y1] = at(a).split(',');
    const [x2, y2] = at(b).split(',');
    parts.push(`<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#e6e6e6"/>`);
  };
  for (let k = Math.ceil(low[0] / step); k * step < low[0] + span; k++)
    line([k * step, low[1]], [k * step, low[1] + span]);
  for (let k = Math.ceil(low[1] / step); k * step < low[1] + span; k++)
    line([low[0], k * step], [low[0] + span, k * step]);
  return parts;
}

function objectPart(model: ObjectModel, pose: Mat4, polygon: DrawPolygon, at: ToPixels): string {
  const [sx, sy] = model.sizeM;
  const colour = ROLE_COLOURS[model.role];
  const [x, y] = at([pose[3], pose[7]]).split(',');
  const style = `fill="${colour}" fill-opacity="0.55" stroke="${colour}"`;
  const sides = model.symmetry === 'z' ? 24 : 4;
  const outline = Array.from({ length: sides }, (_, k): Point2 => {
    const angle = (2 * Math.PI * (k + 0.5)) / sides;
    // For four sides this gives the corners of the box, else points on the ellipse.
    const grow = sides === 4 ? Math.SQRT1_2 : 0.5;
    const lx = grow * sx * Math.cos(angle);
    const ly = grow * sy * Math.sin(angle);
    return [pose[0] * lx + pose[1] * ly + pose[3], pose[4] * lx + pose[5] * ly + pose[7]];
  });
  const label = `<text x="${x}" y="${y}" text-anchor="middle" dy="4">${escapeXml(model.name)}</text>`;
  return `${polygon(outline, style)}${label}`;
}

function basePart(worldFromBase: Mat4, polygon: DrawPolygon, at: ToPixels): string {
  const m = worldFromBase;
  const corner = (x: number, y: number): Point2 => [m[0] * x + m[1] * y + m[3], m[4] * x + m[5] * y + m[7]];
  const [half, wide] = [BASE_FOOT_M[0] / 2, BASE_FOOT_M[1] / 2];
  const foot = polygon(
    [corner(-half, -wide), corner(half, -wide), corner(half, wide), corner(-half, wide)],
    'fill="#444" fill-opacity="0.8"',
  );
  const nose = polygon([corner(half, -0.04), corner(half + 0.08, 0), corner(half, 0.04)], 'fill="#444"');
  const [x, y] = at([m[3], m[7]]).split(',');
  return `${foot}${nose}<text x="${x}" y="${y}" text-anchor="middle" dy="4" fill="#fff">robot</text>`;
}

function cameraPart(scene: Scene, at: ToPixels): string {
  const [x, y, z] = translationOf(inverse(scene.cameraFromWorld));
  const [px, py] = at([x, y]).split(',').map(Number);
  const shownX = Math.min(SIZE_PX - 40, Math.max(40, px));
  const shownY = Math.min(SIZE_PX - 14, Math.max(14, py));
  const outside = shownX !== px || shownY !== py ? ' (farther out)' : '';
  return `<text x="${shownX}" y="${shownY}" text-anchor="middle" fill="#8a6d00">camera, ${z.toFixed(2)} m up${outside}</text>`;
}

/** Where the picture's border meets the table, clipped to a disc about the origin. */
function cameraFootprint(scene: Scene): Point2[] {
  const { camera } = scene;
  const worldFromCamera = inverse(scene.cameraFromWorld);
  const [ox, oy, oz] = translationOf(worldFromCamera);
  const corners: [number, number][] = [
    [0, camera.heightPx],
    [camera.widthPx, camera.heightPx],
    [camera.widthPx, 0],
    [0, 0],
  ];
  return corners.map(([u, v]): Point2 => {
    const ray = transformDirection(worldFromCamera, rayOf(camera, u, v));
    const length = Math.hypot(ray[0], ray[1]);
    const limit = (FOOTPRINT_LIMIT_M + Math.hypot(ox, oy)) / Math.max(1e-9, length);
    // Rays that do not come down to the table are cut off far away.
    const s = ray[2] < 0 ? Math.min(-oz / ray[2], limit) : limit;
    return [ox + s * ray[0], oy + s * ray[1]];
  });
}

function firstPose(model: ObjectModel, poses: Poses): Mat4 {
  const frames = poses.objects.find((o) => o.id === model.id)?.frames ?? [];
  const known = frames.find((f) => f.cameraFromObject !== null)?.cameraFromObject ?? model.cameraFromObject;
  return compose(inverse(poses.cameraFromWorld), known);
}

const fixed = (value: number): string => value.toFixed(1);
