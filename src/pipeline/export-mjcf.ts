/** An episode's scene as one MJCF file: opens in MuJoCo's own viewer. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { readNpy } from '../base/npy.js';
import { episodeFolder, readEpisodes } from '../episode/episode-record.js';
import { loadEpisodeInputs } from '../episode/load-inputs.js';
import { physicsObject, physicsScene } from '../episode/physics.js';
import { toMjcf } from '../physics/mjcf.js';

/** The scene as episode `number` begins; the first accepted episode when `number` is null. */
export async function exportMjcf(runFolder: string, number: number | null): Promise<{ number: number; mjcf: string }> {
  const folder = (name: string): string => path.join(runFolder, name);
  if (!existsSync(path.join(folder('episodes'), 'episodes.json'))) {
    throw new UserError(`${runFolder} has no finished episodes`, 'make some with v2r run VIDEO --out FOLDER');
  }
  const { episodes, objectIds } = await readEpisodes(folder('episodes'));
  const accepted = episodes.filter((episode) => episode.accepted).map((episode) => episode.number);
  const chosen = number ?? accepted[0];
  if (chosen === undefined || !accepted.includes(chosen)) {
    const list = accepted.slice(0, 10).join(', ') || 'none';
    throw new UserError(`${runFolder} has no accepted episode ${number ?? ''}`.trim(), `accepted are: ${list}`);
  }
  const { inputs } = await loadEpisodeInputs({
    objects: folder('objects'),
    poses: folder('poses'),
    skill: folder('skill'),
    scene: folder('scene'),
  });
  const own = episodeFolder(folder('episodes'), chosen);
  const state = Float32Array.from((await readNpy(path.join(own, 'state.npy'))).data);
  const poses = Float64Array.from((await readNpy(path.join(own, 'objects.npy'))).data);
  const numJoints = inputs.robot.joints.length;
  const start = {
    jointPositions: state.slice(0, numJoints),
    gripperWidth: state.slice(numJoints, numJoints + 1),
    objectPoses: objectIds.map((id, k) => ({ id, worldFromObject: poses.slice(k * 16, k * 16 + 16) })),
  };
  return { number: chosen, mjcf: toMjcf(physicsScene(inputs, inputs.objects.map(physicsObject), start)) };
}
