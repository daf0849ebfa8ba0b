/** docs/accuracy.md. */
import { writeFileAtomic } from '../../src/base/files.js';
import type { FixtureScores } from './evaluate.js';
import type { Replacement } from './replace.js';

/** By fixture: scores of runs with the truth in place of a part of perception. */
export type Replaced = Record<string, Partial<Record<Replacement, FixtureScores>>>;

type Cell = (scores: FixtureScores) => string;

const fixed = (value: number | null | undefined, digits: number): string =>
  typeof value === 'number' ? value.toFixed(digits) : '-';

const COLUMNS: [string, Cell][] = [
  ['mask IoU source', (s) => fixed(s.maskIouSource, 3)],
  ['target', (s) => fixed(s.maskIouTarget, 3)],
  ['hand', (s) => fixed(s.maskIouHand, 3)],
  ['tracks within 1/2/4/8/16 px, %', (s) => s.tracks.within?.map((share) => (100 * share).toFixed(0)).join('/') ?? '-'],
  ['focal %', (s) => fixed(s.focalErrorPct, 1)],
  ['table normal deg', (s) => fixed(s.tableNormalErrorDeg, 1)],
  ['scale %', (s) => fixed(s.scaleErrorPct, 1)],
  ['shape %', (s) => fixed(s.shapeErrorPct, 1)],
  ['pose cm', (s) => fixed(s.poseErrorCm, 2)],
  ['less scale cm', (s) => fixed(s.poseErrorScaledCm, 2)],
  ['deg', (s) => fixed(s.poseErrorDeg, 1)],
  ['T_rel cm', (s) => fixed(s.relErrorCm, 2)],
  ['less scale cm', (s) => fixed(s.relErrorScaledCm, 2)],
  ['deg', (s) => fixed(s.relErrorDeg, 1)],
  ['events frames', (s) => `${fixed(s.eventErrorFrames, 1)} (${s.eventsFound})`],
  ['roles', (s) => (s.rolesRight ? 'right' : 'wrong')],
];

const OBJECT_COLUMNS: [string, (o: FixtureScores['objects'][number]) => string][] = [
  ['role', (o) => o.role],
  ['mask IoU', (o) => fixed(o.maskIou, 3)],
  ['size, found / true', (o) => fixed(o.scaleRatio, 3)],
  ['shape %', (o) => fixed(o.shapeErrorPct, 1)],
  ['pose cm', (o) => fixed(o.pose?.errorCm, 2)],
  ['less scale cm', (o) => fixed(o.poseScaled?.errorCm, 2)],
  ['while moving, less scale cm', (o) => fixed(o.poseScaled?.movingCm, 2)],
  ['centre, less scale cm', (o) => fixed(o.poseScaled?.centreCm, 2)],
  ['deg', (o) => fixed(o.pose?.errorDeg, 1)],
  ['tilt deg', (o) => fixed(o.pose?.tiltDeg, 1)],
];

const table = (rows: string[][]): string =>
  rows
    .flatMap((row, i) => [`| ${row.join(' | ')} |`, ...(i === 0 ? [`|${' --- |'.repeat(row.length)}`] : [])])
    .join('\n');

export function accuracyText(
  command: string,
  version: string,
  fixtures: Readonly<Record<string, FixtureScores>>,
  replaced: Readonly<Replaced> = {},
): string {
  const names = Object.keys(fixtures);
  const rows = [
    ['fixture', ...COLUMNS.map(([title]) => title)],
    ...names.map((name) => [name, ...COLUMNS.map(([, cell]) => cell(fixtures[name]))]),
  ];
  const objectRows = [
    ['fixture', 'object', ...OBJECT_COLUMNS.map(([title]) => title)],
    ...names.flatMap((name) =>
      fixtures[name].objects
        .filter((o) => o.role !== 'distractor' || o.foundId !== null)
        .map((o) => [
          name,
          o.foundId === null ? `${o.word} (not found)` : o.word,
          ...OBJECT_COLUMNS.map(([, cell]) => cell(o)),
        ]),
    ),
  ];
  return `# Accuracy

Written by \`${command}\` (v2r ${version}), which runs the chain on films made with known truth (\`fixtures/\`) and compares. Do not edit by hand.

${table(rows)}

Masks: mean over frames. Tracks: against where the true surface point went, over all frames in which it is seen. Scale: found against true size, source
and target. Shape: mean distance between the surfaces over the true diagonal, size taken out. Pose: mean over frames, after the best constant offset
between the object frames, symmetry respected; "less scale" with all found positions multiplied by the one factor that fits best. T_rel: the skill's
relative motion along the task. Events: mean distance of those found, and how many of the expected were. "-": not found.

## By object

${table(objectRows)}

"Centre" is the distance between the box centres without any offset: where the object is. "Tilt" leaves out the turn about the object's own axis.
${costText(fixtures, replaced)}`;
}

export async function writeAccuracy(file: string, text: string): Promise<void> {
  await writeFileAtomic(file, text);
}

/** What is left when a part of perception is true; "perception" is all of it: the rest is the cost of objects, poses and skill. */
function costText(fixtures: Readonly<Record<string, FixtureScores>>, replaced: Readonly<Replaced>): string {
  const names = Object.keys(replaced);
  if (names.length === 0) return '';
  const row = (name: string, what: string, scores: FixtureScores): string[] => [
    name,
    what,
    fixed(scores.scaleErrorPct, 1),
    fixed(scores.poseErrorCm, 2),
    fixed(scores.poseErrorDeg, 1),
    fixed(scores.relErrorCm, 2),
    fixed(scores.relErrorDeg, 1),
    fixed(scores.relEndErrorCm, 2),
    fixed(scores.eventErrorFrames, 1),
  ];
  const rows = names.flatMap((name) => [
    row(name, 'nothing', fixtures[name]),
    ...Object.entries(replaced[name]).map(([what, scores]) => row(name, what, scores)),
  ]);
  const head = [
    'fixture',
    'replaced by truth',
    'scale %',
    'pose cm',
    'deg',
    'T_rel cm',
    'deg',
    'at the end cm',
    'events frames',
  ];
  return `
## What each part costs

The later stages run again with the truth in place of what perception found. With all of perception true, what is left is made by objects, poses and skill.

${table([head, ...rows])}
`;
}
