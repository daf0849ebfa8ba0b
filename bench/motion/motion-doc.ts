/** The tables of docs/motion.md. */
import type { FixtureMotion, MotionResult } from './result.js';

const percent = (share: number | null): string => (share === null ? '-' : `${(100 * share).toFixed(0)} %`);
const fixed = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));
const reasons = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${count} ${reason}`)
    .join('; ') || '-';

const HEAD = [
  'fixture',
  'roles',
  'events within 3 frames, mean off',
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

function row(name: string, scores: FixtureMotion | { finding: string }): string[] {
  if (!('yield' in scores)) return [name, '-', '-', '-', scores.finding, ...HEAD.slice(5).map(() => '-')];
  return [
    name,
    scores.rolesRight ? 'right' : 'wrong',
    `${scores.eventsWithin3}, ${fixed(scores.eventErrorFrames, 1)}`,
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
  const silhouette = result.silhouetteIou;
  return `Made by \`${command}\`: ${result.episodes} episodes per fixture, planned and replayed in MuJoCo, not drawn. ${from}

${table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Inverse kinematics takes ${fixed(result.ikMs, 3)} ms per waypoint${silhouette === null ? '' : `; the Gaussian arm overlaps the real one's silhouette by ${fixed(silhouette, 3)} (IoU)`}.
`;
}
