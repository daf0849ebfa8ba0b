import { createLeRobotWriter } from '../../dataset/lerobot-writer.js';
import { verifyLeRobot } from '../../dataset/verify.js';
import { readEpisodeData, readEpisodes } from '../../episode/episode-record.js';
import type { Stage } from '../stage.js';

export const datasetStage: Stage = {
  name: 'dataset',
  version: 1,
  inputs: ['episodes'],
  options: {},
  run: async (io, _options, ctx) => {
    const folder = io.input('episodes');
    const made = await readEpisodes(folder);
    const names = [...made.jointNames.map((name) => `${name}.pos`), 'gripper.pos'];
    const writer = await createLeRobotWriter(
      io.output,
      {
        fps: made.fps,
        robotType: made.robot,
        stateNames: names,
        actionNames: names,
        cameras: [made.camera],
        video: made.video,
        description: `Made from one video: ${made.instruction}`,
      },
      ctx,
    );
    const accepted = made.episodes.filter((episode) => episode.accepted);
    for (const [done, { number }] of accepted.entries()) {
      ctx.progress(done, accepted.length, 'episodes written');
      const { state, action, videoFile, colours } = await readEpisodeData(folder, made, number);
      await writer.addEpisode({
        task: made.instruction,
        state,
        action,
        videoFiles: { [made.camera.name]: videoFile },
        imageStats: { [made.camera.name]: colours },
      });
    }
    await writer.finish();
    const report = await verifyLeRobot(io.output);
    if (!report.ok) {
      throw new Error(`the dataset just written does not verify: ${report.errors.map((e) => e.message).join('; ')}`);
    }
    return undefined;
  },
};
