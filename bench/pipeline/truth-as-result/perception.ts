/** Puts true cameras, tables, masks and tracks in place of what perception found. */
import path from 'node:path';
import { writeJson } from '../../../src/base/files.js';
import { writeNpy } from '../../../src/base/npy.js';
import { Random } from '../../../src/base/random.js';
import { type ByteImage, createBytes } from '../../../src/image/image.js';
import { project } from '../../../src/math/camera.js';
import { axisOf, fromAxes, type Mat4, transformDirection, transformPoint } from '../../../src/math/se3.js';
import { cross, dot, normalize, scale, type Vec3 } from '../../../src/math/vec3.js';
import { HAND_ID } from '../../../src/perceive/perception.js';
import { readPerception, writeMask } from '../../../src/perceive/store.js';
import { sampleMesh } from '../../../src/splat/sample-mesh.js';
import type { AlignedTruth } from '../frames.js';
import type { TrueScene } from '../truth.js';

export async function putCamera(scene: TrueScene, aligned: AlignedTruth, folder: string): Promise<void> {
  const perception = await readPerception(folder);
  const cameraFromWorld = conventionalWorld(scene.truth.frames[aligned.truthFrame[0]].cameraFromWorld);
  await writeJson(path.join(folder, 'perception.json'), {
    ...perception,
    camera: { ...aligned.camera, source: 'file', focalLogSd: 0.001 },
    table: { cameraFromWorld, normalSource: 'truth', normalSdDeg: 0.1, scaleSource: 'truth', scaleLogSd: 0.001 },
  });
}

/** The same table with the origin on the optical axis and x to the image's right (docs/conventions.md). */
export function conventionalWorld(cameraFromWorld: Mat4): Mat4 {
  const up = axisOf(cameraFromWorld, 2);
  const onTable: Vec3 = [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]];
  const origin: Vec3 = [0, 0, dot(onTable, up) / up[2]];
  const right = normalize([1 - up[0] * up[0], -up[0] * up[1], -up[0] * up[2]]);
  return fromAxes(right, cross(up, right), up, origin);
}

/** `matches`: true id of each found one, whose reference frame is kept. */
export async function putMasks(
  scene: TrueScene,
  matches: ReadonlyMap<number, number>,
  aligned: AlignedTruth,
  folder: string,
): Promise<void> {
  const { truth } = scene;
  const perception = await readPerception(folder);
  const task = truth.objects.filter(({ role }) => role !== 'distractor');
  const idOf = new Map(task.map(({ id }) => [id, id]));
  const masks: ByteImage[] = [];
  for (let k = 0; k < aligned.numFrames; k++) {
    const real = await aligned.mask(k);
    const out = createBytes(real.widthPx, real.heightPx, new Uint8Array(real.data.length));
    real.data.forEach((id, i) => {
      out.data[i] = id === HAND_ID ? HAND_ID : (idOf.get(id) ?? 0);
    });
    masks.push(out);
    await writeMask(folder, k, out);
  }
  await putTracks(scene, aligned, task, masks, folder);
  await writeJson(path.join(folder, 'perception.json'), {
    ...perception,
    manipulated: true,
    objects: task.map(({ id, word, role }) => {
      const foundId = [...matches].find(([, trueId]) => trueId === id)?.[0];
      const seen = perception.objects.find((object) => object.id === foundId);
      const moving = movingFrames(aligned.poses.get(id)!);
      return {
        id,
        name: word,
        role: role === 'source' || role === 'target' ? role : 'passive',
        confidence: 1,
        evidence: 'truth',
        motion: moving,
        referenceFrame: seen?.referenceFrame ?? 0,
      };
    }),
  });
}

function movingFrames(poses: readonly Mat4[]): { firstFrame: number; lastFrame: number } | null {
  const moved = poses.flatMap((pose, k) => (k > 0 && pose.some((value, i) => value !== poses[k - 1][i]) ? [k] : []));
  return moved.length > 0 ? { firstFrame: moved[0] - 1, lastFrame: moved[moved.length - 1] } : null;
}

/** Points per object: about what the tracker gives. */
const NUM_POINTS = 60;

/** Surface points of each object where they truly are, as far as they face the camera and nothing covers them. */
async function putTracks(
  scene: TrueScene,
  aligned: AlignedTruth,
  task: readonly { id: number }[],
  masks: readonly ByteImage[],
  folder: string,
): Promise<void> {
  const points = task.flatMap(({ id }) => {
    const mesh = scene.meshes.get(id)!;
    const samples = sampleMesh(mesh.vertices, mesh.triangles, 0.008, new Random(id));
    const count = samples.points.length / 3;
    const step = Math.max(1, Math.floor(count / (2 * NUM_POINTS)));
    const at = (list: Float64Array, i: number): Vec3 => [list[3 * i], list[3 * i + 1], list[3 * i + 2]];
    return Array.from({ length: Math.floor(count / step) }, (_, i) => ({
      id,
      point: at(samples.points, i * step),
      normal: at(samples.normals, i * step),
    }));
  });
  const xyPx = new Float32Array(aligned.numFrames * points.length * 2).fill(Number.NaN);
  for (let k = 0; k < aligned.numFrames; k++) {
    points.forEach(({ id, point, normal }, n) => {
      const pose = aligned.poses.get(id)![k];
      const inCamera = transformPoint(pose, point);
      const [x, y] = project(aligned.camera, inCamera);
      const facing = dot(transformDirection(pose, normal), normalize(scale(inCamera, -1)));
      const [column, row] = [Math.floor(x), Math.floor(y)];
      const { widthPx, heightPx, data } = masks[k];
      if (!(column >= 0 && row >= 0 && column < widthPx && row < heightPx)) return;
      // Grazing points may lie on the next object's silhouette.
      if (facing < 0.2 || data[row * widthPx + column] !== id) return;
      xyPx.set([x, y], 2 * (k * points.length + n));
    });
  }
  await writeNpy(path.join(folder, 'tracks.npy'), [aligned.numFrames, points.length, 2], xyPx);
  await writeJson(path.join(folder, 'tracks.json'), {
    kind: 'v2r/tracks',
    version: 1,
    numFrames: aligned.numFrames,
    numTracks: points.length,
    objectIds: points.map(({ id }) => id),
  });
}
