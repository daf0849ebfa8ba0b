/** Puts true poses and the true table in place of what the poses stage made; shapes stay as they were found. */
import path from 'node:path';
import { compose, inverse, type Mat4 } from '../../../src/math/se3.js';
import { readObjects } from '../../../src/objects/objects-io.js';
import type { PoseFrame, Poses } from '../../../src/pose/poses.js';
import { readPoses, writePoses } from '../../../src/pose/poses-io.js';
import type { AlignedTruth } from '../frames.js';
import type { TrueScene } from '../truth.js';
import { conventionalWorld } from './perception.js';

/** Numbers of a perfect pose: half a millimetre, a tenth of a degree. */
const SURE = { loss: 0, sdM: 5e-4, sdRad: 0.002 } as const;

export async function putPoses(
  scene: TrueScene,
  aligned: AlignedTruth,
  matches: ReadonlyMap<number, number>,
  folder: string,
): Promise<void> {
  const poses = await readPoses(path.join(folder, 'poses'));
  const { objects } = await readObjects(path.join(folder, 'objects'));
  const objectsNow: Poses['objects'] = poses.objects.flatMap((entry) => {
    const trueId = matches.get(entry.id);
    const model = objects.find(({ id }) => id === entry.id);
    if (trueId === undefined || !model) return [];
    const truth = aligned.poses.get(trueId)!;
    const foundFromTrue = turnOnly(compose(inverse(model.cameraFromObject), truth[model.referenceFrame]));
    const visible = aligned.visible.get(trueId)!;
    const frames = truth.map((pose, k): PoseFrame => {
      const isMoving = (other: number): boolean => truth[other]?.some((value, i) => value !== pose[i]) ?? false;
      return {
        ...SURE,
        cameraFromObject: compose(pose, inverse(foundFromTrue)),
        state: isMoving(k - 1) || isMoving(k + 1) ? 'moving' : 'resting',
        visibleFraction: visible[k],
      };
    });
    return [{ id: entry.id, frames }];
  });
  const cameraFromWorld = conventionalWorld(scene.truth.frames[aligned.truthFrame[0]].cameraFromWorld);
  await writePoses(path.join(folder, 'poses'), { ...poses, cameraFromWorld, objects: objectsNow });
}

/** Both object frames have their origin at the centre of the object's box: only the axes differ. */
function turnOnly(pose: Mat4): Mat4 {
  const turn = [...pose];
  [turn[3], turn[7], turn[11]] = [0, 0, 0];
  return turn;
}
