/** The objects whose poses are known already: what the next one can rest on, and what it would hide. */
import type { FloatImage } from '../image/image.js';
import type { Intrinsics } from '../math/camera.js';
import { compose, type Mat4 } from '../math/se3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { createDepthBuffer, rasterizeMesh } from '../objects/rasterize.js';
import { type HeightField, heightFieldOf } from './support.js';
import type { Trajectory } from './trajectory.js';

interface Body {
  readonly id: number;
  readonly mesh: TriangleMesh;
  readonly trajectory: Trajectory;
}

interface Placed {
  readonly mesh: TriangleMesh;
  readonly cameraFromObject: Mat4;
}

export class KnownBodies {
  private readonly bodies: Body[] = [];
  /** Of the last set of rests that was asked for: neighbouring frames mostly have the same one. */
  private last: { key: string; field: HeightField | null; depth: FloatImage | null } | null = null;

  constructor(
    private readonly camera: Intrinsics,
    private readonly worldFromCamera: Mat4,
  ) {}

  add(id: number, mesh: TriangleMesh, trajectory: Trajectory): void {
    this.bodies.push({ id, mesh, trajectory });
    this.last = null;
  }

  /** Height over the table of what rests in a frame; null when nothing does. */
  supportIn(frameIdx: number): HeightField | null {
    return this.restingIn(frameIdx).field;
  }

  /** z-depth of what rests in a frame, at frame size; null when nothing does. */
  depthIn(frameIdx: number): FloatImage | null {
    return this.restingIn(frameIdx).depth;
  }

  private restingIn(frameIdx: number): { field: HeightField | null; depth: FloatImage | null } {
    const placed: Placed[] = [];
    let key = '';
    for (const { id, mesh, trajectory } of this.bodies) {
      const { cameraFromObject, state } = trajectory[frameIdx];
      if (state !== 'resting' || cameraFromObject === null) continue;
      placed.push({ mesh, cameraFromObject });
      key += `${id}:${cameraFromObject.join()};`;
    }
    if (this.last?.key !== key) {
      const bodies = placed.map(({ mesh, cameraFromObject }) => ({
        mesh,
        worldFromObject: compose(this.worldFromCamera, cameraFromObject),
      }));
      const none = placed.length === 0;
      this.last = { key, field: none ? null : heightFieldOf(bodies), depth: none ? null : this.draw(placed) };
    }
    return this.last;
  }

  private draw(placed: readonly Placed[]): FloatImage {
    const buffer = createDepthBuffer(this.camera.widthPx, this.camera.heightPx);
    for (const { mesh, cameraFromObject } of placed) rasterizeMesh(mesh, cameraFromObject, this.camera, buffer, true);
    return { widthPx: buffer.widthPx, heightPx: buffer.heightPx, data: buffer.depthM };
  }
}
