/** Imports a robot: description and meshes in, a folder with its model, its Gaussians and a picture out. */
import path from 'node:path';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import { readDescription } from '../description/read-description.js';
import type { RobotGaussians } from '../robot-gaussians.js';
import { type RobotFile, writeRobot } from '../robot-io.js';
import { type BuiltRobot, buildModel } from './build-model.js';
import { meshesOf } from './link-surface.js';
import { MeshLibrary } from './mesh-library.js';
import { writePreview } from './preview.js';
import { visibleSkin } from './visible-skin.js';

/** Gaussians of the fine level: near this, at most 60,000. */
const WANTED_COUNT = 50_000;
/** Finer than this nothing is seen of, at an arm's length and 640 pixels, metres. */
const FINEST_M = 0.0025;
const TRIAL_SPACING_M = 0.01;
/** Spacing of the level for small images, per that of the fine one. */
const COARSE_FACTOR = 1.8;

export type ImportProgress = (what: string) => void;

export async function importRobot(file: string, folder: string, progress: ImportProgress): Promise<RobotFile> {
  const description = await readDescription(file);
  const library = new MeshLibrary();
  progress('reading meshes, fitting capsules, finding the gripper');
  const built = await buildModel(description, library);
  const meshes = await partMeshes(built, library);
  progress('making Gaussians');
  const trial = skinOf(meshes, TRIAL_SPACING_M);
  const fine = Math.max(FINEST_M, TRIAL_SPACING_M * Math.sqrt(trial.count / WANTED_COUNT));
  const levels = [fine, COARSE_FACTOR * fine].map((spacingM) => ({ spacingM, gaussians: skinOf(meshes, spacingM) }));
  const { model, notes } = built;
  const robot = await writeRobot(folder, { source: path.basename(file), model, notes }, levels);
  progress('drawing the preview');
  await writePreview(path.join(folder, 'preview.png'), model, levels[0].gaussians);
  return robot;
}

interface PartMeshes {
  readonly links: readonly (readonly ColouredMesh[])[];
  readonly fingers: readonly (readonly ColouredMesh[])[];
}

async function partMeshes({ parts }: BuiltRobot, library: MeshLibrary): Promise<PartMeshes> {
  const links: ColouredMesh[][] = [];
  for (const part of [parts.base, ...parts.arm.map(({ part }) => part), parts.hand]) {
    links.push(await meshesOf(part.visual, library));
  }
  const fingers: ColouredMesh[][] = [];
  for (const finger of parts.fingers) fingers.push(await meshesOf(finger.visual, library));
  return { links, fingers };
}

function skinOf({ links, fingers }: PartMeshes, spacingM: number): RobotGaussians {
  const linkSets = links.map((meshes) => visibleSkin(meshes, spacingM));
  // Fingers are small and in the middle of the picture: finer.
  const fingerSets = fingers.map((meshes) => visibleSkin(meshes, spacingM / 2));
  const count = [...linkSets, ...fingerSets].reduce((sum, set) => sum + set.count, 0);
  return { links: linkSets, fingers: fingerSets, count };
}
