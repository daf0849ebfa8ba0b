import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { writeJson } from '../../src/base/files.js';
import { fromTranslation, identity } from '../../src/math/se3.js';
import { exportTrajectory } from '../../src/pipeline/export-trajectory.js';
import { videoJson } from '../video/video-json.js';
import type { Pose } from './trajectory-run.js';
import { objectsJson, perceptionJson, posesJson, skillJson } from './trajectory-run.js';

let run: string;
const carried: Pose[] = [fromTranslation([0.1, 0, 0.5]), null, fromTranslation([0.2, 0, 0.5])];
beforeEach(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'v2r-export-'));
  await writeJson(path.join(run, 'run.json'), {});
  await writeJson(path.join(run, 'video/video.json'), { ...videoJson(3), startSec: 1.5 });
  await writeJson(path.join(run, 'perceive/perception.json'), perceptionJson(3));
});

it('exports what perception alone found: no poses, no sizes, no events', async () => {
  const { objects, events, task, fps, startSec, camera } = await exportTrajectory(run);
  expect({ fps, startSec, events, task }).toEqual({ fps: 30, startSec: 1.5, events: [], task: null });
  expect(camera).toEqual({ widthPx: 64, heightPx: 48, fx: 50, fy: 50, cx: 32, cy: 24 });
  expect(objects).toEqual([
    {
      id: 1,
      name: 'red object',
      role: 'passive',
      maskFolder: 'perceive/masks',
      mesh: null,
      sizeM: null,
      symmetry: null,
      cameraFromObject: [null, null, null],
    },
  ]);
});

it('joins poses, sizes and events; the role is the one judged from motion', async () => {
  await writeJson(path.join(run, 'objects/objects.json'), objectsJson());
  await writeJson(path.join(run, 'poses/poses.json'), posesJson(carried));
  await writeJson(path.join(run, 'skill/skill.json'), skillJson());
  const { objects, events, task, segments, cameraFromWorld } = await exportTrajectory(run);
  expect(objects[0]).toMatchObject({ role: 'source', mesh: 'objects/object-1.obj', sizeM: [0.1, 0.2, 0.3] });
  expect(objects[0].cameraFromObject).toEqual(carried);
  expect(events).toMatchObject([{ kind: 'grasp', objectId: 1, frame: 1 }]);
  expect(task).toBe('move');
  expect(segments).toHaveLength(1);
  expect(cameraFromWorld).toEqual(identity());
});

it('names what is missing or broken', async () => {
  await expect(exportTrajectory(path.join(run, 'video'))).rejects.toThrow('not a run folder');
  await writeFile(path.join(run, 'perceive/perception.json'), '{"kind": "v2r/perception"}');
  await expect(exportTrajectory(run)).rejects.toThrow('perception.json: version');
});
