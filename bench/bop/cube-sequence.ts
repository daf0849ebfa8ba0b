/**
 * The film of a dragged cube (ViSP's model-based tracker) as a BOP data set of one scene. Its poses are not measured: another tracker made
 * them, good to about 2 degrees and 12 mm; the masks are drawn from them, hand and cylinder not taken off. The model is a box without print.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { createContext } from '../../src/base/context.js';
import { readJson, writeFileAtomic, writeJson } from '../../src/base/files.js';
import { resolveOptions } from '../../src/base/options.js';
import { renderDepth } from '../../src/bop/draw/render-depth.js';
import { createBytes } from '../../src/image/image.js';
import { writePng } from '../../src/image/image-io.js';
import { maskWhere } from '../../src/image/morphology.js';
import { fromTranslation } from '../../src/math/se3.js';
import { boxMesh, transformMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { decodeVideo, videoOptions } from '../../src/video/decode.js';
import { frameFileName } from '../../src/video/open-frames.js';

const EDGE_MM = 84;
const MM = 1000;
/** Every fifth image is a target. */
const TARGET_STEP = 5;

const PosesSchema = z.object({
  image_size: z.array(z.number()).length(2),
  K: z.array(z.array(z.number()).length(3)).length(3),
  T_camera_object: z.array(z.array(z.array(z.number()).length(4)).length(4)),
});

export async function writeCubeSequence(source: string, folder: string): Promise<void> {
  const reference = await readJson(path.join(source, 'reference_poses.json'), PosesSchema);
  const [width, height] = reference.image_size;
  const videoFolder = path.join(folder, 'video');
  const ctx = createContext('video');
  await decodeVideo(path.join(source, 'video.mp4'), videoFolder, resolveOptions(videoOptions), ctx);
  const scene = path.join(folder, 'test', '000001');
  await mkdir(path.join(scene, 'rgb'), { recursive: true });
  const poses = reference.T_camera_object;
  const nameOf = (k: number): string => `${k}`.padStart(6, '0');
  for (const k of poses.keys()) {
    await copyFile(path.join(videoFolder, 'frames', frameFileName(k)), path.join(scene, 'rgb', `${nameOf(k)}.jpg`));
  }
  const perImage = <T>(value: (k: number) => T): Record<string, T> =>
    Object.fromEntries(poses.map((_, k) => [`${k}`, value(k)]));
  await writeJson(
    path.join(scene, 'scene_camera.json'),
    perImage(() => ({ cam_K: reference.K.flat() })),
  );
  await writeJson(
    path.join(scene, 'scene_gt.json'),
    perImage((k) => {
      const rows = poses[k].slice(0, 3);
      return [
        {
          obj_id: 1,
          cam_R_m2c: rows.flatMap((row) => row.slice(0, 3)),
          cam_t_m2c: rows.map((row) => MM * row[3]),
        },
      ];
    }),
  );
  await mkdir(path.join(scene, 'mask_visib'), { recursive: true });
  const { K } = reference;
  const camera = { widthPx: width, heightPx: height, fx: K[0][0], fy: K[1][1], cx: K[0][2], cy: K[1][2] };
  const mesh = cubeMesh();
  for (const [k, pose] of poses.entries()) {
    const drawn = maskWhere(renderDepth(mesh, pose.flat(), camera), (z) => z > 0).map((inside) => 255 * inside);
    await writePng(path.join(scene, 'mask_visib', `${nameOf(k)}_000000.png`), createBytes(width, height, drawn));
  }
  const targets = [...poses.keys()].filter((k) => k % TARGET_STEP === 0);
  await writeJson(
    path.join(folder, 'test_targets_bop19.json'),
    targets.map((k) => ({ scene_id: 1, im_id: k, obj_id: 1, inst_count: 1 })),
  );
  await writeJson(path.join(folder, 'camera.json'), { width, height });
  const size = { size_x: EDGE_MM, size_y: EDGE_MM, size_z: EDGE_MM };
  const info = { 1: { ...size, diameter: EDGE_MM * Math.sqrt(3), symmetries_discrete: quarterTurns() } };
  await writeJson(path.join(folder, 'models_eval', 'models_info.json'), info);
  await writeFileAtomic(path.join(folder, 'models_eval', 'obj_000001.ply'), cubePly());
}

/** In the source's frame, metres: x from -edge to 0, y and z from 0 to edge. */
function cubeMesh(): TriangleMesh {
  const edge = EDGE_MM / MM;
  const mesh = boxMesh(edge, edge, edge);
  return transformMesh(mesh, fromTranslation([-edge / 2, edge / 2, 0]));
}

function cubePly(): string {
  const { vertices: inMetres, triangles } = cubeMesh();
  const vertices = inMetres.map((v) => MM * v);
  const lines = ['ply', 'format ascii 1.0', `element vertex ${vertices.length / 3}`];
  lines.push(...['x', 'y', 'z'].map((name) => `property float ${name}`));
  lines.push(`element face ${triangles.length / 3}`, 'property list uchar int vertex_indices', 'end_header');
  for (let i = 0; i < vertices.length; i += 3) lines.push(vertices.subarray(i, i + 3).join(' '));
  for (let f = 0; f < triangles.length; f += 3) lines.push(`3 ${[...triangles.subarray(f, f + 3)].join(' ')}`);
  return `${lines.join('\n')}\n`;
}

/** Without print nothing tells a cube's 24 orientations apart: all but the identity, about its centre. */
function quarterTurns(): number[][] {
  const centre = [-EDGE_MM / 2, EDGE_MM / 2, EDGE_MM / 2];
  const turns: number[][] = [];
  const orders = [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
    [0, 2, 1],
    [2, 1, 0],
    [1, 0, 2],
  ];
  for (const [n, order] of orders.entries()) {
    for (let signs = 0; signs < 8; signs++) {
      const sign = [0, 1, 2].map((k) => ((signs >> k) & 1 ? -1 : 1));
      // Proper rotations only: the parity of the permutation times the signs is one.
      if ((n < 3 ? 1 : -1) * sign[0] * sign[1] * sign[2] < 0) continue;
      const r = order.map((column, row) => [0, 1, 2].map((k): number => (k === column ? sign[row] : 0)));
      if (r[0][0] + r[1][1] + r[2][2] === 3) continue;
      const t = centre.map((c, row) => c - r[row].reduce((sum, value, k) => sum + value * centre[k], 0));
      turns.push([...r.flatMap((row, k) => [...row, t[k]]), 0, 0, 0, 1]);
    }
  }
  return turns;
}
