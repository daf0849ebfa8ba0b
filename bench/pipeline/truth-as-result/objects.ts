/** Puts true shapes in place of those the objects stage made, in the world as perception sees it. */
import path from 'node:path';
import { createContext } from '../../../src/base/context.js';
import { resolveOptions } from '../../../src/base/options.js';
import { scaledPose } from '../../../src/bop/score/align.js';
import { compose, inverse, type Mat4, translationOf } from '../../../src/math/se3.js';
import { meshBounds } from '../../../src/objects/mesh.js';
import { paintObject, viewNormal } from '../../../src/objects/object-gaussians.js';
import type { ObjectModel, TriangleMesh } from '../../../src/objects/object-model.js';
import { readObjects, writeObjects } from '../../../src/objects/objects-io.js';
import { objectOptions } from '../../../src/objects/options.js';
import { withBestReference } from '../../../src/objects/reference.js';
import { framesOfRest, gatherRestView } from '../../../src/objects/rest-view.js';
import { readSeen, readShapes } from '../../../src/pipeline/stages/read-inputs.js';
import { createRenderer } from '../../../src/splat/create-renderer.js';
import type { AlignedTruth } from '../frames.js';
import { firstHit } from '../tracks.js';
import type { TrueScene } from '../truth.js';
import { conventionalWorld } from './perception.js';

/** A shape whose middle lies this share of its height below its top is open. */
const HOLLOW_SHARE = 0.3;

/**
 * Matched objects of the run in `folder` get their true shape, painted with what the film shows of them by the program's own
 * painter. A wrong focal length or table is perception's affair: shapes and places are those that perception's camera and table
 * make of the true ones.
 */
export async function putObjects(
  scene: TrueScene,
  aligned: AlignedTruth,
  matches: ReadonlyMap<number, number>,
  folder: string,
): Promise<void> {
  const output = path.join(folder, 'objects');
  const io = { videoFile: '', output, input: (name: string) => path.join(folder, name) };
  const { perception, frames, readMask } = await readSeen(io);
  const kept = await readShapes(io);
  const models = new Map((await readObjects(output)).objects.map((model) => [model.id, model]));
  const options = resolveOptions(objectOptions, {});
  const renderer = await createRenderer();
  const ctx = createContext('objects', { seed: 0, workers: 1 });
  const { camera, table } = perception;
  const seenFromTrue = seenWorld(scene, aligned, camera.fx, table.cameraFromWorld);
  for (const [foundId, trueId] of matches) {
    const seen = perception.objects.find(({ id }) => id === foundId);
    if (!seen) continue;
    const best = await withBestReference(seen, perception.numFrames, readMask);
    const view = await gatherRestView(
      foundId,
      framesOfRest(best, perception.numFrames, options.restFrames),
      frames,
      readMask,
    );
    const cameraFromObject = seenFromTrue.pose(aligned.poses.get(trueId)![best.referenceFrame]);
    const mesh = grown(scene.meshes.get(trueId)!, seenFromTrue.factor);
    const { min, max } = meshBounds(mesh);
    const sizeM: [number, number, number] = [max[0] - min[0], max[1] - min[1], max[2] - min[2]];
    const { gaussians } = paintObject(
      mesh,
      [{ rgb: view.rgb, mask: view.mask, camera, cameraFromObject, trust: 1 }],
      { kind: 'mirror', normal: viewNormal(inverse(cameraFromObject)) },
      Math.max(...sizeM),
      options,
      renderer,
      ctx.random(`surface-${foundId}`),
    );
    const truth = scene.truth.objects.find(({ id }) => id === trueId)!;
    const isRound = truth.symmetry.kind === 'axial' && truth.symmetry.axis[2] === 1;
    const model: ObjectModel = {
      ...{ id: foundId, name: seen.name, role: seen.role, family: 'given', sizeM, hollow: isHollow(mesh) },
      symmetry: isRound ? 'z' : 'none',
      gaussians: `object-${foundId}.ply`,
      mesh: `object-${foundId}.obj`,
      referenceFrame: best.referenceFrame,
      cameraFromObject,
      fitIou: 1,
      confidence: seen.confidence,
    };
    models.set(foundId, model);
    kept.gaussians.set(foundId, gaussians);
    kept.meshes.set(foundId, mesh);
  }
  const objects = { kind: 'v2r/objects' as const, version: 1 as const, objects: [...models.values()] };
  await writeObjects(output, { objects, gaussians: kept.gaussians, meshes: kept.meshes });
}

/**
 * How perception's camera and table see the true world: everything larger by one factor, so that things at the table's middle
 * have their true size in the picture, standing on perception's table where they truly stand on the true one.
 */
function seenWorld(
  scene: TrueScene,
  aligned: AlignedTruth,
  focalPx: number,
  cameraFromTable: Mat4,
): { factor: number; pose: (cameraFromObject: Mat4) => Mat4 } {
  const truly = conventionalWorld(scene.truth.frames[aligned.truthFrame[0]].cameraFromWorld);
  const depth = (cameraFromWorld: Mat4): number => translationOf(cameraFromWorld)[2];
  const factor = (aligned.camera.fx / focalPx) * (depth(cameraFromTable) / depth(truly));
  return {
    factor,
    pose: (cameraFromObject) => compose(cameraFromTable, scaledPose(compose(inverse(truly), cameraFromObject), factor)),
  };
}

const grown = ({ vertices, triangles }: TriangleMesh, factor: number): TriangleMesh => ({
  vertices: vertices.map((x) => factor * x),
  triangles,
});

function isHollow(mesh: TriangleMesh): boolean {
  const { min, max } = meshBounds(mesh);
  const above = max[2] + 1;
  const hit = firstHit(mesh, [(min[0] + max[0]) / 2, (min[1] + max[1]) / 2, above], [0, 0, -1]);
  return hit !== null && hit.point[2] < max[2] - HOLLOW_SHARE * (max[2] - min[2]);
}
