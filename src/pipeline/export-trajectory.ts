/**
 * `v2r export RUN --to trajectory`: what a run found, as one neutral JSON for anyone's evaluation (docs/formats/trajectory.md).
 * Nothing is computed here: the artifacts are joined.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import { IntrinsicsSchema } from '../math/camera.js';
import { readObjects } from '../objects/objects-io.js';
import { Mat4Schema, ObjectRoleSchema } from '../perceive/perception.js';
import { readPerception } from '../perceive/store.js';
import { readPoses } from '../pose/poses-io.js';
import { SkillEventSchema, SkillSegmentSchema } from '../skill/skill.js';
import { readSkill } from '../skill/skill-io.js';
import { VideoInfoSchema } from '../video/video-info.js';
import { RunFolder } from './run-folder.js';

export const TrajectorySchema = z.object({
  kind: z.literal('v2r/trajectory'),
  version: z.literal(1),
  fps: z.number().positive(),
  numFrames: z.int(),
  /** Where frame 0 lies in the video. */
  startSec: z.number(),
  camera: IntrinsicsSchema,
  cameraFromWorld: Mat4Schema,
  frameFromReference: z.array(z.array(z.number()).length(9)).nullable(),
  objects: z.array(
    z.object({
      id: z.int(),
      name: z.string(),
      role: ObjectRoleSchema,
      /** Folder of id maps, relative to the run folder: pixels of this object have the value `id`. */
      maskFolder: z.string(),
      /** Closed mesh in the object frame, relative to the run folder; null before the objects stage. */
      mesh: z.string().nullable(),
      sizeM: z.tuple([z.number(), z.number(), z.number()]).nullable(),
      symmetry: z.enum(['none', 'z']).nullable(),
      cameraFromObject: z.array(Mat4Schema.nullable()),
    }),
  ),
  task: z.string().nullable(),
  events: z.array(SkillEventSchema),
  segments: z.array(SkillSegmentSchema),
});
export type Trajectory = z.infer<typeof TrajectorySchema>;

/** Reads a run up to where it got: poses of a run that ended before the poses stage are all null. */
export async function exportTrajectory(runFolder: string): Promise<Trajectory> {
  if (!existsSync(path.join(runFolder, 'run.json'))) {
    throw new UserError(`${runFolder} is not a run folder (no run.json)`, 'name a folder that v2r run has made');
  }
  const run = new RunFolder(runFolder);
  const [perceiveFolder, objectsFolder, posesFolder, skillFolder] = (
    ['perceive', 'objects', 'poses', 'skill'] as const
  ).map((name) => run.folderOf(name));
  if (!existsSync(perceiveFolder)) {
    throw new UserError(
      `${runFolder} ended before anything was perceived`,
      'finish it with v2r run VIDEO --out FOLDER',
    );
  }
  const video = await readJson(path.join(run.folderOf('video'), 'video.json'), VideoInfoSchema);
  const perception = await readPerception(perceiveFolder);
  const objects = existsSync(objectsFolder) ? (await readObjects(objectsFolder)).objects : [];
  const poses = existsSync(posesFolder) ? await readPoses(posesFolder) : null;
  const skill = existsSync(skillFolder) ? await readSkill(skillFolder) : null;
  const unseen = new Array<null>(perception.numFrames).fill(null);
  return TrajectorySchema.parse({
    kind: 'v2r/trajectory',
    version: 1,
    fps: perception.fps,
    numFrames: perception.numFrames,
    startSec: video.startSec,
    camera: perception.camera,
    cameraFromWorld: poses?.cameraFromWorld ?? perception.table.cameraFromWorld,
    frameFromReference: perception.frameFromReference,
    objects: perception.objects.map(({ id, name, role }) => {
      const model = objects.find((object) => object.id === id);
      const frames = poses?.objects.find((object) => object.id === id)?.frames;
      return {
        id,
        name,
        role: skill?.roles?.find((entry) => entry.id === id)?.role ?? role,
        maskFolder: 'perceive/masks',
        mesh: model ? `objects/${model.mesh}` : null,
        sizeM: model?.sizeM ?? null,
        symmetry: model?.symmetry ?? null,
        cameraFromObject: frames?.map((frame) => frame.cameraFromObject) ?? unseen,
      };
    }),
    task: skill && skill.segments.length > 0 ? skill.task : null,
    events: skill?.events ?? [],
    segments: skill?.segments ?? [],
  } satisfies Trajectory);
}
