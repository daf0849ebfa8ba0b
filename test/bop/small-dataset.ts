/** A BOP data set of two boxes in two images, written by hand into a folder: millimetres, one scene. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { renderDepth } from '../../src/bop/draw/render-depth.js';
import { fromAxisAngle, type Mat4 } from '../../src/math/se3.js';
import { boxMesh, makeMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';

export const CAMERA = { fx: 150, fy: 150, cx: 40, cy: 30, widthPx: 80, heightPx: 60 };
export const IMAGE_IDS = [0, 7];
/** Edge lengths in metres, by object id. */
export const SIZES = { 1: [0.1, 0.08, 0.06], 2: [0.06, 0.06, 0.12] } as const;
const DEPTH_SCALE_MM = 0.5;

export const truthOf = (objId: number, imageId: number): Mat4 =>
  fromAxisAngle([0.6, 0, 0.8], 0.3 * objId + 0.05 * imageId, [objId === 1 ? -0.08 : 0.08, 0.01 * imageId, 0.7]);

export function meshOf(objId: 1 | 2): TriangleMesh {
  const [x, y, z] = SIZES[objId];
  return boxMesh(x, y, z);
}

export function asciiPly(mesh: TriangleMesh, rgb: readonly number[] | null): string {
  const colour = rgb === null ? [] : ['red', 'green', 'blue'].map((c) => `property uchar ${c}`);
  const lines = ['ply', 'format ascii 1.0', 'comment a box', `element vertex ${mesh.vertices.length / 3}`];
  lines.push(...['x', 'y', 'z', 'confidence'].map((c) => `property float ${c}`), ...colour);
  lines.push(`element face ${mesh.triangles.length / 3}`, 'property list uchar int vertex_indices', 'end_header');
  for (let i = 0; i < mesh.vertices.length; i += 3) {
    const mm = [...mesh.vertices.subarray(i, i + 3)].map((value) => 1000 * value);
    lines.push([...mm, 0.5, ...(rgb ?? [])].join(' '));
  }
  for (let f = 0; f < mesh.triangles.length; f += 3) lines.push(`3 ${mesh.triangles.subarray(f, f + 3).join(' ')}`);
  return `${lines.join('\n')}\n`;
}

export async function writeSmallDataset(folder: string): Promise<void> {
  const scene = path.join(folder, 'test', '000003');
  for (const name of ['rgb', 'depth', 'mask', 'mask_visib']) await mkdir(path.join(scene, name), { recursive: true });
  await mkdir(path.join(folder, 'models_eval'));
  const json = (file: string, value: unknown) => writeFile(path.join(folder, file), JSON.stringify(value));
  const infos: Record<string, unknown> = {};
  for (const id of [1, 2] as const) {
    const [x, y, z] = SIZES[id].map((value) => 1000 * value);
    infos[id] = { diameter: Math.hypot(x, y, z), size_x: x, size_y: y, size_z: z };
    const name = `models_eval/obj_00000${id}.ply`;
    await writeFile(path.join(folder, name), asciiPly(meshOf(id), id === 1 ? [255, 0, 51] : null));
  }
  await json('models_eval/models_info.json', infos);
  await json('camera.json', { width: CAMERA.widthPx, height: CAMERA.heightPx, fx: 1, fy: 1, cx: 0, cy: 0 });
  const images = Object.fromEntries(IMAGE_IDS.map((id) => [id, [1, 2].map((objId) => truthOf(objId, id))]));
  const k = [CAMERA.fx, 0, CAMERA.cx, 0, CAMERA.fy, CAMERA.cy, 0, 0, 1];
  const perImage = (value: (imageId: number) => unknown) =>
    Object.fromEntries(IMAGE_IDS.map((id) => [String(id), value(id)]));
  await json(
    'test/000003/scene_camera.json',
    perImage(() => ({ cam_K: k, depth_scale: DEPTH_SCALE_MM })),
  );
  await json(
    'test/000003/scene_gt.json',
    perImage((id) =>
      images[id].map((m, i) => ({
        obj_id: i + 1,
        cam_R_m2c: [m[0], m[1], m[2], m[4], m[5], m[6], m[8], m[9], m[10]],
        cam_t_m2c: [m[3], m[7], m[11]].map((value) => 1000 * value),
      })),
    ),
  );
  await json(
    'test/000003/scene_gt_info.json',
    perImage(() => [{ visib_fract: 1 }, { visib_fract: 0.8 }]),
  );
  await json(
    'test_targets_bop19.json',
    IMAGE_IDS.flatMap((id) => [1, 2].map((objId) => ({ scene_id: 3, im_id: id, obj_id: objId, inst_count: 1 }))),
  );
  for (const id of IMAGE_IDS) await writePictures(scene, id);
}

async function writePictures(scene: string, imageId: number): Promise<void> {
  const { widthPx: width, heightPx: height } = CAMERA;
  const name = String(imageId).padStart(6, '0');
  const near = new Float64Array(width * height);
  for (const objId of [1, 2] as const) {
    const depth = renderDepth(meshOf(objId), truthOf(objId, imageId), CAMERA);
    depth.forEach((z, i) => {
      if (z > 0 && (near[i] === 0 || z < near[i])) near[i] = z;
    });
    const mask = Buffer.from(Uint8Array.from(depth, (z) => (z > 0 ? 255 : 0)));
    const png = sharp(mask, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png();
    await png.toFile(path.join(scene, 'mask_visib', `${name}_00000${objId - 1}.png`));
  }
  const stored = Uint16Array.from(near, (z) => Math.round((1000 * z) / DEPTH_SCALE_MM));
  const depthPng = sharp(stored, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png();
  await depthPng.toFile(path.join(scene, 'depth', `${name}.png`));
  const rgb = sharp({ create: { width, height, channels: 3, background: '#204060' } });
  await rgb.jpeg().toFile(path.join(scene, 'rgb', `${name}.jpg`));
}

/** A mesh without faces. */
export const pointCloud = makeMesh([0, 0, 0, 0.1, 0, 0, 0, 0.1, 0], []);
