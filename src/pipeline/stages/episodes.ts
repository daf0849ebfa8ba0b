import { type EpisodeOptions, episodeOptions } from '../../episode/episode-options.js';
import { runEpisodes } from '../../episode/run-episodes.js';
import type { Stage } from '../stage.js';

export const episodesStage: Stage = {
  name: 'episodes',
  version: 16,
  inputs: ['objects', 'poses', 'skill', 'scene'],
  options: episodeOptions,
  resumable: true,
  run: async (io, options, ctx) => {
    const folders = {
      objects: io.input('objects'),
      poses: io.input('poses'),
      skill: io.input('skill'),
      scene: io.input('scene'),
    };
    const { episodes } = await runEpisodes(folders, io.output, options as EpisodeOptions, ctx);
    if (episodes.some((episode) => episode.accepted)) return undefined;
    return {
      finding: `None of ${episodes.length} planned episodes passed its checks: ${episodes[0].detail}. Look at the scene in the report; another --seed or more --attempts may help.`,
    };
  },
};
