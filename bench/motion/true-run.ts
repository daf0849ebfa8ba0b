/**
 * A run folder as a perfect perception would leave it: true camera, masks, shapes and poses; the skill and all later stages are the
 * program's own. Shows what motion costs apart from what seeing costs.
 */
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import {
  axisOf,
  compose,
  fromTranslation,
  fromYaw,
  inverse,
  type Mat4,
  transformDirection,
  translationOf,
} from '../../src/math/se3.js';
import { distance, type Vec3, vec3 } from '../../src/math/vec3.js';
import { meshBounds, transformMesh } from '../../src/objects/mesh.js';
import { paintObject } from '../../src/objects/object-gaussians.js';
import type { ObjectModel, TriangleMesh } from '../../src/objects/object-model.js';
import { writeObjects } from '../../src/objects/objects-io.js';
import { type ObjectOptions, objectOptions } from '../../src/objects/options.js';
import { readPerception } from '../../src/perceive/store.js';
import type { Poses } from '../../src/pose/poses.js';
import { writePoses } from '../../src/pose/poses-io.js';
import { ShapeField } from '../../src/skill/shape-field.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import { openFrames } from '../../src/video/open-frames.js';
import { symmetryOf } from '../pipeline/evaluate.js';
import { readFound } from '../pipeline/found.js';
import { alignTruth } from '../pipeline/frames.js';
import { matchObjects } from '../pipeline/masks.js';
import { runAlone } from '../pipeline/replace.js';
import type { TrueScene } from '../pipeline/truth.js';
import { putCamera, putMasks } from '../pipeline/truth-as-result/perception.js';

/** What a perfect tracker would still say of its own accuracy, metres and radians. */
const SD_M = 0.0005;
const SD_RAD = 0.002;
/** Slower than this between frames is rest, metres. */
const STILL_M = 1e-5;

/** Makes `outFolder` from the frames and the empty background of `runFolder`, up to the scene stage. */
export async function makeTrueRun(scene: TrueScene, runFolder: string, outFolder: string): Promise<void> {
  await rm(outFolder, { recursive: true, force: true });
  await mkdir(outFolder, { recursive: true });
  for (const name of ['run.json', 'video', 'perceive']) {
    await cp(path.join(runFolder, name), path.join(outFolder, name), { recursive: true });
  }
  const found = await readFound(runFolder);
  const aligned = alignTruth(scene, found);
  const trueIds = scene.truth.objects.map(({ id }) => id);
  const perceiveFolder = path.join(outFolder, 'perceive');
  await putMasks(scene, await matchObjects(found, aligned, trueIds), aligned, perceiveFolder);
  await putCamera(scene, aligned, perceiveFolder);
  const perception = await readPerception(perceiveFolder);
  const frames = await openFrames(path.join(outFolder, 'video'));
  const { cameraFromWorld } = perception.table;
  const renderer = await createRenderer();
  const models: ObjectModel[] = [];
  const meshes = new Map<number, TriangleMesh>();
  const gaussians = new Map<number, GaussianSet>();
  const poses: Poses = {
    kind: 'v2r/poses',
    version: 1,
    fps: perception.fps,
    numFrames: aligned.numFrames,
    cameraFromWorld,
    objects: [],
  };
  for (const { id, word, role, symmetry } of scene.truth.objects) {
    if (role === 'distractor') continue;
    const path0 = aligned.poses.get(id)!;
    const newFromOld = standing(scene.meshes.get(id)!, compose(inverse(cameraFromWorld), path0[0]));
    const mesh = transformMesh(scene.meshes.get(id)!, newFromOld);
    const { min: low, max: high } = meshBounds(mesh);
    const sizeM: Vec3 = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
    const cameraFromObject = path0.map((pose) => compose(pose, inverse(newFromOld)));
    const known = symmetryOf(symmetry);
    const isRound = known.kind === 'axial' && Math.abs(transformDirection(newFromOld, known.axis)[2]) > 0.99;
    const { referenceFrame } = perception.objects.find((object) => object.id === id)!;
    const mask = await aligned.mask(referenceFrame);
    const { gaussians: set } = paintObject(
      mesh,
      [
        {
          rgb: await frames.read(referenceFrame),
          mask: { ...mask, data: mask.data.map((value) => (value === id ? 1 : 0)) },
          camera: aligned.camera,
          cameraFromObject: cameraFromObject[referenceFrame],
          trust: 1,
        },
      ],
      { kind: 'half-turn' },
      Math.max(...sizeM),
      resolveOptions(objectOptions, {}) as ObjectOptions,
      renderer,
      new Random(id),
    );
    meshes.set(id, mesh);
    gaussians.set(id, set);
    models.push({
      id,
      name: word,
      role: role === 'moved' ? 'passive' : role,
      family: 'given',
      sizeM: [...sizeM],
      hollow: isOpenAtTop(mesh),
      symmetry: isRound ? 'z' : 'none',
      gaussians: `object-${id}.ply`,
      mesh: `object-${id}.obj`,
      referenceFrame,
      cameraFromObject: cameraFromObject[referenceFrame],
      fitIou: 1,
      confidence: 1,
    });
    const visible = aligned.visible.get(id)!;
    poses.objects.push({
      id,
      frames: cameraFromObject.map((pose, k) => ({
        cameraFromObject: pose,
        state:
          distance(translationOf(pose), translationOf(cameraFromObject[Math.max(0, k - 1)])) < STILL_M
            ? 'resting'
            : 'moving',
        visibleFraction: Math.max(visible[k], 0.5),
        loss: 0,
        sdM: SD_M,
        sdRad: SD_RAD,
      })),
    });
  }
  for (const name of ['objects', 'poses']) await mkdir(path.join(outFolder, name), { recursive: true });
  await writeObjects(path.join(outFolder, 'objects'), {
    objects: { kind: 'v2r/objects', version: 1, objects: models },
    gaussians,
    meshes,
  });
  await writePoses(path.join(outFolder, 'poses'), poses);
  for (const name of ['skill', 'scene'] as const) await runAlone(name, outFolder, 1);
}

/** Turns a model upright as it stands at `worldFromModel` (all but the yaw) and centres it. */
function standing(mesh: TriangleMesh, worldFromModel: Mat4): Mat4 {
  const x = axisOf(worldFromModel, 0);
  const level = Math.hypot(x[0], x[1]);
  const yaw = level > 0.5 ? Math.atan2(x[1], x[0]) : 0;
  const upright = compose(
    fromYaw(-yaw),
    worldFromModel.map((value, e) => (e === 3 || e === 7 || e === 11 ? 0 : value)),
  );
  const { min: low, max: high } = meshBounds(transformMesh(mesh, upright));
  return compose(fromTranslation(vec3((i) => -(low[i] + high[i]) / 2)), upright);
}

/** A point a third of the height below the middle of the top is outside. */
function isOpenAtTop(mesh: TriangleMesh): boolean {
  const field = new ShapeField(mesh, new Random(1));
  return field.distanceAt([0, 0, field.high[2] - (field.high[2] - field.low[2]) / 3]) > 0.001;
}
