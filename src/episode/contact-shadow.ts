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
const BORDER_M = 0.014;
const BORDER_PER_HEIGHT = 0.7;
/** Height at which a shadow has lost about two thirds of its darkness, metres. */
const FADE_M = 0.12;
/** Fainter shadows are not drawn: a change of two levels in 255. */
const FAINTEST = 0.01;
/** Borders are drawn to this many widths: the rest is under 1/255. */
const BORDER_REACH = 2.2;

/** Shadows are soft: they are worked out at every so many pixels and interpolated between. */
const STEP_PX = 4;

export class ContactShadow {
  private readonly columns: number;
  private readonly rows: number;
  /** [rows, columns, 2] f32 world x, y of the table plane at every STEP_PX-th pixel corner; NaN where it is not seen. */
  private readonly tableXy: Float32Array;
  /** [rows, columns] f32 share of the light that is taken away; scratch. */
  private readonly darkness: Float32Array;
  /** [H, W] u8: 1 where the layer shows the table. */
  private readonly isTable: Uint8Array;
  /** [H, W, 3] u8: what `shade` returns. */
  private readonly rgb: Uint8Array;

  constructor(
    private readonly camera: Intrinsics,
    private readonly cameraFromWorld: Mat4,
    private readonly layer: StaticLayer,
  ) {
    this.columns = Math.ceil(camera.widthPx / STEP_PX) + 1;
    this.rows = Math.ceil(camera.heightPx / STEP_PX) + 1;
    this.darkness = new Float32Array(this.columns * this.rows);
    this.tableXy = new Float32Array(2 * this.columns * this.rows);
    this.isTable = new Uint8Array(camera.widthPx * camera.heightPx);
    this.rgb = new Uint8Array(layer.rgb.length);
    this.findTable();
  }

  /** The layer with the casters' shadows on it, until the next call; the given layer is left as it is. */
  shade(casters: readonly Caster[]): StaticLayer {
    this.darkness.fill(0);
    for (const caster of casters) this.darken(caster);
    const { rgb } = this;
    rgb.set(this.layer.rgb);
    for (let row = 0; row + 1 < this.rows; row++) {
      for (let column = 0; column + 1 < this.columns; column++) this.darkenCell(rgb, row, column);
    }
    return { rgb, depthM: this.layer.depthM };
  }

  /** Darkens the STEP_PX x STEP_PX pixels between four grid points by bilinear interpolation. */
  private darkenCell(rgb: Uint8Array, row: number, column: number): void {
    const at = row * this.columns + column;
    const [a, b] = [this.darkness[at], this.darkness[at + 1]];
    const [c, d] = [this.darkness[at + this.columns], this.darkness[at + this.columns + 1]];
    if (a + b + c + d === 0) return;
    const { widthPx, heightPx } = this.camera;
    const yEnd = Math.min(heightPx, (row + 1) * STEP_PX);
    const xEnd = Math.min(widthPx, (column + 1) * STEP_PX);
    for (let y = row * STEP_PX; y < yEnd; y++) {
      const fy = (y + 0.5) / STEP_PX - row;
      const left = a + (c - a) * fy;
      const right = b + (d - b) * fy;
      for (let x = column * STEP_PX; x < xEnd; x++) {
        const i = y * widthPx + x;
        if (this.isTable[i] === 0) continue;
        const light = 1 - left - (right - left) * ((x + 0.5) / STEP_PX - column);
        rgb[3 * i] = rgb[3 * i] * light + 0.5;
        rgb[3 * i + 1] = rgb[3 * i + 1] * light + 0.5;
        rgb[3 * i + 2] = rgb[3 * i + 2] * light + 0.5;
      }
    }
  }

  /** Shadows do not add up: where several fall, the darkest counts. */
  private darken(caster: Caster): void {
    const heightM = Math.max(0, caster.heightM);
    const border = BORDER_M + BORDER_PER_HEIGHT * heightM;
    const strength = caster.strength * Math.exp(-heightM / FADE_M);
    if (strength < FAINTEST) return;
    // Part of a wide border lies inside the outline, so that a high thing's faint shadow has no hard core.
    const radius = caster.radiusM - Math.min(caster.radiusM, BORDER_PER_HEIGHT * heightM);
    const reach = radius + BORDER_REACH * border;
    const box = this.gridBox(caster, reach);
    const [ax, ay] = caster.from;
    const [dx, dy] = [caster.to[0] - ax, caster.to[1] - ay];
    const squared = dx * dx + dy * dy;
    for (let y = box.y0; y < box.y1; y++) {
      for (let x = box.x0; x < box.x1; x++) {
        const i = y * this.columns + x;
        const px = this.tableXy[2 * i] - ax;
        const py = this.tableXy[2 * i + 1] - ay;
        const t = squared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / squared)) : 0;
        const distance = Math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2);
        // Also passes over NaN, where the plane is not seen.
        if (!(distance < reach)) continue;
        const outside = Math.max(0, distance - radius) / border;
        const amount = strength * Math.exp(-outside * outside);
        if (amount > this.darkness[i]) this.darkness[i] = amount;
      }
    }
  }

  private gridBox(caster: Caster, reachM: number): { x0: number; y0: number; x1: number; y1: number } {
    const corners = [caster.from, caster.to].flatMap(([x, y]) =>
      [-1, 1].flatMap((i) =>
        [-1, 1].map((j) =>
          project(this.camera, transformPoint(this.cameraFromWorld, [x + i * reachM, y + j * reachM, 0])),
        ),
      ),
    );
    // A corner behind the camera: the shadow may reach anywhere.
    const isWild = corners.some(([x]) => Number.isNaN(x));
    const range = (k: 0 | 1, size: number): [number, number] => {
      if (isWild) return [0, size];
      const values = corners.map((corner) => corner[k] / STEP_PX);
      return [Math.max(0, Math.floor(Math.min(...values))), Math.min(size, Math.ceil(Math.max(...values)) + 1)];
    };
    const [x0, x1] = range(0, this.columns);
    const [y0, y1] = range(1, this.rows);
    return { x0, y0, x1, y1 };
  }

  private findTable(): void {
    const { widthPx, heightPx } = this.camera;
    const worldFromCamera = inverse(this.cameraFromWorld);
    const eye = translationOf(worldFromCamera);
    const rayAt = (xPx: number, yPx: number) => transformDirection(worldFromCamera, rayOf(this.camera, xPx, yPx));
    for (let y = 0, i = 0; y < this.rows; y++) {
      for (let x = 0; x < this.columns; x++, i++) {
        const ray = rayAt(x * STEP_PX, y * STEP_PX);
        // Rays have z = 1 in the camera, so the factor is the z-depth.
        const depth = ray[2] < 0 ? -eye[2] / ray[2] : Number.NaN;
        this.tableXy[2 * i] = eye[0] + depth * ray[0];
        this.tableXy[2 * i + 1] = eye[1] + depth * ray[1];
      }
    }
    for (let y = 0, i = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++, i++) {
        const depth = this.layer.depthM[i];
        if (!(depth > 0) || !Number.isFinite(depth)) continue;
        const ray = rayAt(x + 0.5, y + 0.5);
        const tableDepth = -eye[2] / ray[2];
        if (Math.abs(tableDepth - depth) <= TABLE_TOLERANCE_M * Math.max(1, tableDepth)) this.isTable[i] = 1;
      }
    }
  }
}
