import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findGrasps } from '../../src/episode/grasps.js';
import { loadEpisodeInputs } from '../../src/episode/load-inputs.js';
import { compose, fromTranslation } from '../../src/math/se3.js';
import { writeArtifacts } from './run-artifacts.js';
import { placeInputs } from './synthetic.js';

describe('grasps that the user gives', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'v2r-given-grasp-'));
  afterAll(() => rm(root, { recursive: true, force: true }));
  const inputs = placeInputs();
  const [source] = inputs.objects;
  const { objectFromTool, widthM } = findGrasps(source.mesh, inputs.robot, source)[0];

  const loadWith = async (raisedM: number): Promise<unknown> => {
    const grasp = {
      objectId: source.id,
      objectFromTool: compose(fromTranslation([0, 0, raisedM]), objectFromTool),
      widthM,
    };
    const skill = { ...inputs.skill, grasps: [grasp] };
    const loaded = await loadEpisodeInputs(await writeArtifacts(path.join(root, `${raisedM}`), { ...inputs, skill }));
    return loaded.inputs.objects.find(({ id }) => id === source.id)!.grasps;
  };

  it('are taken where both pads are at the object', async () => {
    expect(await loadWith(0)).toHaveLength(1);
  });

  it('are refused, with the distance, where they close on nothing', async () => {
    await expect(loadWith(0.3)).rejects.toThrow(
      /number 1 of object \d+ does not hold it: a pad is \d+ mm from its surface/,
    );
  });
});
