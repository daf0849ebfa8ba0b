/** The fixtures' part of docs/accuracy.md. */
import type { FixtureScores } from './evaluate.js';
import type { Replacement } from './replace.js';
import { meanOf } from './stats.js';

/** By fixture: scores of runs with the truth in place of a stage. */
export type Replaced = Record<string, Partial<Record<Replacement, FixtureScores | null>>>;

/** What a run gave: its scores, and why it ended early if it did. */
export type FixtureResult = FixtureScores & { finding: string | null };

interface Column {
  title: string;
  cell: (scores: FixtureScores) => string;
  /** What the last row averages, and to how many digits. */
  mean?: [(scores: FixtureScores) => number | null, number];
}

const fixed = (value: number | null | undefined, digits: number): string =>
  typeof value === 'number' ? value.toFixed(digits) : '-';

const numeric = (title: string, value: (scores: FixtureScores) => number | null, digits: number): Column => ({
  title,
  cell: (scores) => fixed(value(scores), digits),
  mean: [value, digits],
});

const COLUMNS: Column[] = [
  numeric('mask IoU source', (s) => s.maskIouSource, 3),
  numeric('target', (s) => s.maskIouTarget, 3),
  numeric('hand', (s) => s.maskIouHand, 3),
  {
    title: 'tracks within 1/2/4/8/16 px, %',
    cell: (s) => s.tracks.within?.map((share) => (100 * share).toFixed(0)).join('/') ?? '-',
  },
  numeric('focal %', (s) => s.focalErrorPct, 1),
  numeric('table normal deg', (s) => s.tableNormalErrorDeg, 1),
  numeric('scale %', (s) => s.scaleErrorPct, 1),
  numeric('shape %', (s) => s.shapeErrorPct, 1),
  numeric('pose cm', (s) => s.poseErrorCm, 2),
  numeric('less scale cm', (s) => s.poseErrorScaledCm, 2),
  numeric('deg', (s) => s.poseErrorDeg, 1),
  numeric('T_rel cm', (s) => s.relErrorCm, 2),
  numeric('less scale cm', (s) => s.relErrorScaledCm, 2),
  numeric('deg', (s) => s.relErrorDeg, 1),
  {
    title: 'events frames',
    cell: (s) => `${fixed(s.eventErrorFrames, 1)} (${s.eventsFound})`,
    mean: [(s) => s.eventErrorFrames, 1],
  },
  {
    title: 'roles',
    cell: (s) => (s.rolesRight ? 'right' : 'wrong'),
    mean: [(s) => (s.rolesRight ? 1 : 0), 2],
  },
];

/** Mean over the fixtures that have the number, and how many those are if not all. */
function meanRow(all: readonly FixtureScores[]): string[] {
  return COLUMNS.map(({ mean }) => {
    if (!mean) return '';
    const values = all.map(mean[0]);
    const there = values.filter((value) => value !== null).length;
    return `${fixed(meanOf(values), mean[1])}${there < all.length ? ` (of ${there})` : ''}`;
  });
}

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
  fixtures: Readonly<Record<string, FixtureResult>>,
  replaced: Readonly<Replaced> = {},
): string {
  const names = Object.keys(fixtures);
  const rows = [
    ['fixture', ...COLUMNS.map(({ title }) => title)],
    ...names.map((name) => [name, ...COLUMNS.map(({ cell }) => cell(fixtures[name]))]),
    ['mean', ...meanRow(Object.values(fixtures))],
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
  return `Written by \`${command}\` (v2r ${version}), which runs the chain on films made with known truth (\`fixtures/\`) and compares. Do not edit by hand.

${table(rows)}

Masks: mean over frames. Tracks: against where the true surface point went, over all frames in which it is seen. Scale: found against true size, source
and target. Shape: mean distance between the surfaces over the true diagonal, size taken out. Pose: mean over frames, after the best constant offset
between the object frames, symmetry respected; "less scale" with all found positions multiplied by the one factor that fits best. T_rel: the skill's
relative motion along the task, of the source against the target (in the sweep, of the swept thing against the pan). Events: mean distance of those found, and how many of the expected were. "-": not found. Mean: over the fixtures that
have the number; look at what was not found first.
${findingsText(fixtures)}
## By object

${table(objectRows)}

"Centre" is the distance between the box centres without any offset: where the object is. "Tilt" leaves out the turn about the object's own axis.
${costText(fixtures, replaced)}`;
}

/** Why runs ended early, in the program's own words. */
function findingsText(fixtures: Readonly<Record<string, FixtureResult>>): string {
  const lines = Object.entries(fixtures).flatMap(([name, { finding }]) => (finding ? [`- ${name}: ${finding}`] : []));
  return lines.length > 0 ? `\nRuns that ended early:\n\n${lines.join('\n')}\n` : '';
}

const WHAT: Record<'nothing' | Replacement, string> = {
  nothing: 'nothing',
  'camera and table': 'perception: camera and table',
  'masks and tracks': 'perception: masks and tracks',
  perception: 'perception, all of it',
  objects: 'objects',
  poses: 'poses',
  skill: 'skill',
};

/** The final error with each stage in turn replaced by the truth. */
function costText(fixtures: Readonly<Record<string, FixtureScores>>, replaced: Readonly<Replaced>): string {
  const names = Object.keys(replaced);
  if (names.length === 0) return '';
  const row = (name: string, what: keyof typeof WHAT, scores: FixtureScores | null): string[] => [
    name,
    WHAT[what],
    fixed(scores?.scaleErrorPct, 1),
    fixed(scores?.poseErrorCm, 2),
    fixed(scores?.poseErrorDeg, 1),
    fixed(scores?.relErrorCm, 2),
    fixed(scores?.relErrorScaledCm, 2),
    fixed(scores?.relErrorDeg, 1),
    fixed(scores?.relEndErrorCm, 2),
    fixed(scores?.eventErrorFrames, 1),
  ];
  const rows = names.flatMap((name) => [
    row(name, 'nothing', fixtures[name]),
    ...(Object.keys(replaced[name]) as Replacement[]).map((what) => row(name, what, replaced[name][what] ?? null)),
  ]);
  const head = [
    'fixture',
    'replaced by truth',
    'scale %',
    'pose cm',
    'deg',
    'T_rel cm',
    'less scale cm',
    'deg',
    'at the end cm',
    'events frames',
  ];
  return `
## What each stage costs

The result of each stage in turn is replaced by the truth and the stages after it run again: the T_rel error that is left is what the others make.
Objects: true shapes at perception's scale, painted from the film. Poses: true poses, camera and table, with the shapes as found. Skill: the true task
and events, with the relative motion read from the poses as found.

${table([head, ...rows])}
`;
}
