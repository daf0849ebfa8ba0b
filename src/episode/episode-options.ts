import { defineOptions, type OptionsOf } from '../base/options.js';

export const episodeOptions = defineOptions({
  episodes: { kind: 'number', default: 10, min: 1, max: 1_000_000, integer: true, help: 'Episodes to attempt.' },
  episodeFps: {
    kind: 'number',
    default: 20,
    min: 1,
    max: 60,
    integer: true,
    help: 'Frames per second of the episodes.',
  },
  imageWidth: {
    kind: 'optional-number',
    min: 32,
    max: 3840,
    help: "Width of the episodes' images in pixels; default the video's, limited to 640 x 480.",
  },
  yawRangeDeg: {
    kind: 'number',
    default: 60,
    min: 0,
    max: 180,
    help: 'Objects are turned by up to this much either way from how they stood in the video, degrees.',
  },
  speed: {
    kind: 'number',
    default: 0.5,
    min: 0.05,
    max: 1.5,
    help: 'Mean speed of the tool on free ways, m/s; joint limits slow it further.',
  },
  limitShare: {
    kind: 'number',
    default: 0.7,
    min: 0.1,
    max: 1,
    help: "Share of the arm's velocity, acceleration and jerk limits that may be used.",
  },
  clearance: {
    kind: 'number',
    default: 0.005,
    min: 0,
    max: 0.1,
    help: 'Distance that arm and carried object keep from everything they should not touch, metres.',
  },
  attempts: {
    kind: 'number',
    default: 8,
    min: 1,
    max: 100,
    integer: true,
    help: 'Arrangements tried per episode before it is rejected.',
  },
  physics: {
    kind: 'enum',
    values: ['off', 'report', 'require'],
    // A replay costs about a third of drawing the episode at 640 x 480: worth knowing, too dear to repeat planning for unasked.
    default: 'report',
    help: 'Replay each episode in a physics engine: report records what came of it, require rejects what fails there.',
  },
  contactShadow: { kind: 'boolean', default: true, help: 'Darken the table softly under objects and hand.' },
});
export type EpisodeOptions = OptionsOf<typeof episodeOptions>;
