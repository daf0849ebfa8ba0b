/** The exported scene is read again by the engine it was written for. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeFileAtomic, writeJson } from '../../src/base/files.js';
import { encodeNpy } from '../../src/base/npy.js';
import { resolveOptions } from '../../src/base/options.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { episodeFolder, recordOf } from '../../src/episode/episode-record.js';
import { planEpisode } from '../../src/episode/plan.js';
import { openMujoco } from '../../src/physics/simulate.js';
import { exportMjcf } from '../../src/pipeline/export-mjcf.js';
import { writeArtifacts } from '../episode/run-artifacts.js';
import { placeInputs } from '../episode/synthetic.js';

let run: string;
beforeAll(async () => {
  run = await mkdtemp(path.join(tmpdir(), 'v2r-mjcf-'));
});
afterAll(() => rm(run, { recursive: true, force: true }));

it('opens in MuJoCo with everything where the episode begins', async () => {
  const inputs = placeInputs();
  await writeArtifacts(run, inputs);
  const plan = planEpisode(inputs, resolveOptions(episodeOptions, {}) as EpisodeOptions, 1);
  const folder = path.join(run, 'episodes');
  await mkdir(episodeFolder(folder, 4), { recursive: true });
  const state = [...plan.jointPositions.subarray(0, 7), plan.gripperWidth[0]];
  const poses = plan.objectPoses.flatMap(({ worldFromObject }) => [...worldFromObject.subarray(0, 16)]);
  await writeFileAtomic(path.join(episodeFolder(folder, 4), 'state.npy'), encodeNpy([1, 8], Float32Array.from(state)));
  await writeFileAtomic(
    path.join(episodeFolder(folder, 4), 'objects.npy'),
    encodeNpy([1, 2, 16], Float64Array.from(poses)),
  );
  await writeJson(path.join(folder, 'episodes.json'), {
    kind: 'v2r/episodes',
    version: 1,
    robot: 'franka',
    jointNames: inputs.robot.joints.map(({ name }) => name),
    fps: 20,
    camera: { name: 'front', widthPx: 640, heightPx: 480 },
    video: { crf: 23, gop: 10, preset: 'fast' },
    objectIds: [1, 2],
    instruction: 'x',
    task: 'place',
    episodes: [recordOf(plan, 4)],
  });
  const { number, mjcf } = await exportMjcf(run, null);
  expect(number).toBe(4);
  const mujoco = await openMujoco();
  const model = mujoco.MjModel.from_xml_string(mjcf);
  const data = new mujoco.MjData(model);
  mujoco.mj_resetDataKeyframe(model, data, 0);
  mujoco.mj_forward(model, data);
  const qpos = Array.from(data.qpos as Float64Array);
  expect(qpos).toHaveLength(7 + 2 + 2 * 7);
  state.slice(0, 7).forEach((q, i) => {
    expect(qpos[i]).toBeCloseTo(q, 6);
  });
  expect(qpos.slice(9, 12)).toEqual([3, 7, 11].map((e) => expect.closeTo(poses[e], 6)));
  data.delete();
  model.delete();
  await expect(exportMjcf(run, 5)).rejects.toThrow('no accepted episode 5');
});
