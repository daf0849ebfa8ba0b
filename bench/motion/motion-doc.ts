/** docs/motion.md. */
import type { MotionScores } from './measure.js';
import type { MotionResult } from './result.js';

const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(0)} %`);
const fixed = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
const reasons = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join('; ') || '-';

const HEAD = [
  'fixture',
  'yield',
  'rejected',
  'recheck',
  'physics agrees',
  'where it does not',
  'end in physics mm',
  'plan ms: median, mean',
  'physics ms',
  'episode s',
];

function row(name: string, scores: MotionScores | { finding: string }): string[] {
  if (!('yield' in scores)) return [name, '-', scores.finding, '-', '-', '-', '-', '-', '-', '-'];
  return [
    name,
    percent(scores.yield),
    reasons(scores.rejectReasons),
    reasons(scores.recheckFaults).replace(/^-$/, 'no fault'),
    percent(scores.physicsAgreement),
    reasons(scores.physicsReasons),
    fixed(scores.physicsEndM === null ? null : scores.physicsEndM * 1000, 1),
    `${fixed(scores.planMs, 0)}, ${fixed(scores.planMeanMs, 0)}`,
    fixed(scores.physicsMs, 0),
    fixed(scores.meanSeconds, 1),
  ];
}

export function motionText(command: string, result: MotionResult): string {
  const table = [
    HEAD,
    HEAD.map(() => '---'),
    ...Object.entries(result.fixtures).map(([name, scores]) => row(name, scores)),
  ];
  const from =
    result.inputs === 'true'
      ? 'Masks, shapes and poses are the true ones; skill, scene and all that follows are the program’s own.'
      : 'All inputs are what the program saw in the video.';
  return `# Motion

Made by \`${command}\`: ${result.episodes} episodes per fixture, planned and replayed in MuJoCo, not drawn. ${from}

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Yield is the share of episodes whose plan passes every check within its attempts. Recheck: what \`v2r verify --kinematics\` finds in the
accepted episodes when it measures them anew. Physics agrees when every object is lifted, stays within 3 cm and 20 degrees
of the plan while held, and ends within 3 cm and 20 degrees of it, and nothing else is moved by more than 3 cm (docs/formats/episodes.md). In the reasons \`#\`
stands for a figure. Times are CPU time on one core: planning an episode with all its attempts, and the mean of replaying one. Inverse
kinematics takes ${fixed(result.ikMs, 3)} ms per waypoint${result.silhouetteIou === null ? '' : `; the Gaussian arm overlaps the real one's silhouette by ${fixed(result.silhouetteIou, 3)} (IoU)`}.
`;
}
