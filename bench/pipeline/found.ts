/** What a run found, read from its folder. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ByteImage } from '../../src/image/image.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { readObjectMesh } from '../../src/objects/objects-io.js';
import type { Tracks } from '../../src/perceive/perception.js';
import { readMask, readPerception, readTracks } from '../../src/perceive/store.js';
import { exportTrajectory, type Trajectory } from '../../src/pipeline/export-trajectory.js';
import type { RelativeMotion } from '../../src/skill/skill.js';
import { readSkill } from '../../src/skill/skill-io.js';

export interface FoundScene {
  readonly trajectory: Trajectory;
  readonly meshes: ReadonlyMap<number, TriangleMesh>;
  readonly tracks: Tracks;
  /** By object id: the frame in which it is seen best. */
  readonly referenceFrames: ReadonlyMap<number, number>;
  readonly relativeMotions: readonly RelativeMotion[];
  /** Id map of a frame, in pixels of frame 0. */
  mask(frame: number): Promise<ByteImage>;
}

export async function readFound(runFolder: string): Promise<FoundScene> {
  const trajectory = await exportTrajectory(runFolder);
  const perceiveFolder = path.join(runFolder, 'perceive');
  const { objects } = await readPerception(perceiveFolder);
  const meshes = new Map<number, TriangleMesh>();
  for (const { id, mesh } of trajectory.objects) {
    if (mesh) meshes.set(id, await readObjectMesh(path.join(runFolder, 'objects'), id));
  }
  const skillFolder = path.join(runFolder, 'skill');
  return {
    trajectory,
    meshes,
    tracks: await readTracks(perceiveFolder),
    referenceFrames: new Map(objects.map(({ id, referenceFrame }) => [id, referenceFrame])),
    relativeMotions: existsSync(skillFolder) ? (await readSkill(skillFolder)).relativeMotions : [],
    mask: (frame) => readMask(perceiveFolder, frame),
  };
}
