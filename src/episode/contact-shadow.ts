/**
 * Soft shadows that ground the robot and the objects: the table's pixels are darkened below whatever stands or hovers over it, as under
 * a wide lamp overhead. Not physics, but without them everything floats.
 */
import { type Intrinsics, project, rayOf } from '../math/camera.js';
import { inverse, type Mat4, transformDirection, transformPoint, translationOf } from '../math/se3.js';
import type { StaticLayer } from '../splat/renderer.js';

/** Something over the table, seen from above: an ellipse or a bar with a height. World frame, metres. */
export interface Caster {
  /** Line on the table (both ends alike for a blob). */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** Half width across the line. */
  readonly radiusM: number;
  /** Lowest point over the table. */
  readonly heightM: number;
  /** Darkness right below it when it touches the table, 0..1. */
  readonly strength: number;
}

/** Pixels whose depth is this near to the table's belong to it, metres. */
const TABLE_TOLERANCE_M = 0.015;
/** Width of the soft border of a shadow: what it is on contact, and how much wider it gets per metre of height. */
const BORDER_M = 0.018;
const BORDER_PER_HEIGHT = 0.7;
/** Height at which a shadow has lost about two thirds of its darkness, metres. */
const FADE_M = 0.12;
/** Borders are drawn to this many widths: the rest is under 1/255. */
const BORDER_REACH = 2.2;

export class ContactShadow {
  /** [H, W, 2] f32 world x, y of the table seen in each pixel; NaN where something else is. */
  private readonly tableXy: Float32Array;
  /** [H, W] f32 share of the light that is taken away; scratch. */
  private readonly darkness: Float32Array;

  constructor(
    private readonly camera: Intrinsics,
    private readonly cameraFromWorld: Mat4,
    private readonly layer: StaticLayer,
  ) {
    this.darkness = new Float32Array(camera.widthPx * camera.heightPx);
    this.tableXy = tableCoordinates(camera, cameraFromWorld, layer);
  }

  /** The layer with the casters' shadows on it; the given one is left as it is. */
  shade(casters: readonly Caster[]): StaticLayer {
    this.darkness.fill(0);
    for (const caster of casters) this.darken(caster);
    const rgb = this.layer.rgb.slice();
    for (let i = 0; i < this.darkness.length; i++) {
      const light = 1 - this.darkness[i];
      if (light === 1) continue;
      for (let c = 3 * i; c < 3 * i + 3; c++) rgb[c] = Math.round(rgb[c] * light);
    }
    return { rgb, depthM: this.layer.depthM };
  }

  /** Shadows do not add up: where several fall, the darkest counts. */
  private darken(caster: Caster): void {
    const { widthPx } = this.camera;
    const heightM = Math.max(0, caster.heightM);
    const border = BORDER_M + BORDER_PER_HEIGHT * heightM;
    const strength = caster.strength * Math.exp(-heightM / FADE_M);
    if (strength < 1 / 255) return;
    const box = this.pixelBox(caster, caster.radiusM + BORDER_REACH * border);
    const [ax, ay] = caster.from;
    const [dx, dy] = [caster.to[0] - ax, caster.to[1] - ay];
    const squared = dx * dx + dy * dy;
    for (let y = box.y0; y < box.y1; y++) {
      for (let x = box.x0; x < box.x1; x++) {
        const i = y * widthPx + x;
        const px = this.tableXy[2 * i] - ax;
        const py = this.tableXy[2 * i + 1] - ay;
        if (Number.isNaN(px)) continue;
        const t = squared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
        // Part of a wide border lies inside the outline, so that a high thing's faint shadow has no hard core.
        const inside = Math.min(caster.radiusM, BORDER_PER_HEIGHT * heightM);
        const outside = Math.hypot(px - t * dx, py - t * dy) - caster.radiusM + inside;
        const amount = outside <= 0 ? strength : strength * Math.exp(-((outside / border) ** 2));
        if (amount > this.darkness[i]) this.darkness[i] = amount;
      }
    }
  }

  private pixelBox(caster: Caster, reachM: number): { x0: number; y0: number; x1: number; y1: number } {
    const { widthPx, heightPx } = this.camera;
    const corners = [caster.from, caster.to].flatMap(([x, y]) =>
      [-1, 1].flatMap((i) =>
        [-1, 1].map((j) =>
          project(this.camera, transformPoint(this.cameraFromWorld, [x + i * reachM, y + j * reachM, 0])),
        ),
      ),
    );
    // A corner behind the camera: the shadow may reach anywhere.
    const isWild = corners.some(([x]) => Number.isNaN(x));
    const low = (k: 0 | 1): number => (isWild ? 0 : Math.max(0, Math.floor(Math.min(...corners.map((p) => p[k])))));
    const high = (k: 0 | 1, size: number): number =>
      isWild ? size : Math.min(size, Math.ceil(Math.max(...corners.map((p) => p[k]))));
    return { x0: low(0), y0: low(1), x1: high(0, widthPx), y1: high(1, heightPx) };
  }
}

function tableCoordinates(camera: Intrinsics, cameraFromWorld: Mat4, layer: StaticLayer): Float32Array {
  const { widthPx, heightPx } = camera;
  const worldFromCamera = inverse(cameraFromWorld);
  const eye = translationOf(worldFromCamera);
  const xy = new Float32Array(2 * widthPx * heightPx).fill(Number.NaN);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const depth = layer.depthM[i];
      const ray = transformDirection(worldFromCamera, rayOf(camera, x + 0.5, y + 0.5));
      if (!(depth > 0) || !Number.isFinite(depth) || ray[2] >= 0) continue;
      // Rays have z = 1 in the camera, so the factor is the z-depth.
      const tableDepth = -eye[2] / ray[2];
      if (Math.abs(tableDepth - depth) > TABLE_TOLERANCE_M * Math.max(1, tableDepth)) continue;
      xy[2 * i] = eye[0] + tableDepth * ray[0];
      xy[2 * i + 1] = eye[1] + tableDepth * ray[1];
    }
  }
  return xy;
}
