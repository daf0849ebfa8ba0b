import { defineOptions, type OptionsOf } from '../base/options.js';

/** Options of the skill stage. */
export const skillOptions = defineOptions({
  contactDistance: {
    kind: 'number',
    default: 0.03,
    min: 0.002,
    max: 0.2,
    help: 'Two objects nearer than this take part in a task together, metres.',
  },
  approachDistance: {
    kind: 'number',
    default: 0.05,
    min: 0.01,
    max: 0.3,
    help: 'The recorded relative motion begins this far from the target (or above the table), metres.',
  },
  minTravel: {
    kind: 'number',
    default: 0.025,
    min: 0.005,
    max: 0.5,
    help: 'An object that moves less than this was only touched, metres.',
  },
  minRest: {
    kind: 'number',
    default: 0.3,
    min: 0.05,
    max: 5,
    help: 'Pauses shorter than this belong to the motion, seconds.',
  },
  minConfidence: {
    kind: 'number',
    default: 0.5,
    min: 0,
    max: 1,
    help: 'Motions trusted less than this are left out when there is a better one.',
  },
  smoothing: {
    kind: 'number',
    default: 0.07,
    min: 0,
    max: 1,
    help: 'Standard deviation of the smoothing of relative motions, seconds.',
  },
  edit: { kind: 'string', default: '', help: 'Corrected skill.json to use instead of what the motion says.' },
  grasp: {
    kind: 'string',
    default: '',
    help: 'How to hold the source: a frame in which the hand shows it, or a file of grasps (docs/formats/skill.md).',
  },
  settleDistance: {
    kind: 'number',
    default: 0.05,
    min: 0,
    max: 0.2,
    help: 'Final poses are corrected by up to this much so that things rest on their support, metres.',
  },
});
export type SkillOptions = OptionsOf<typeof skillOptions>;
