/** The data sets' part of docs/accuracy.md. */
import type { BopScores } from '../../src/bop/score/recall.js';
import type { AblationRow, BenchSummary } from '../../src/cli/bench-bop.js';

export interface Row {
  title: string;
  /** A recording, not a rendered film. */
  isReal?: boolean;
  /** What the scenes show, by id. */
  sceneNames: Readonly<Record<string, string>>;
  /** Names of objects, by id. */
  objectNames?: Readonly<Record<string, string>>;
  summary: BenchSummary;
}

const percent = (share: number | null | undefined): string =>
  typeof share === 'number' ? (100 * share).toFixed(1) : '-';

const table = (rows: string[][]): string =>
  rows
    .flatMap((row, i) => [`| ${row.join(' | ')} |`, ...(i === 0 ? [`|${' --- |'.repeat(row.length)}`] : [])])
    .join('\n');

function scoreTable(rows: readonly Row[]): string {
  const scoreRow = (name: string, what: string, s: BopScores): string[] => [
    name,
    what,
    ...[s.ar, s.arVsd, s.arMssd, s.arMspd, s.recallAdd, s.recallAdi].map(percent),
    `${s.targets}`,
  ];
  const scores = rows.flatMap(({ title, sceneNames, summary }) => [
    scoreRow(`**${title}**`, 'all', summary),
    ...Object.entries(summary.sequences).map(([id, s]) => scoreRow('', sceneNames[id] ?? id, s)),
    ...(summary.scaleFitted
      ? [
          scoreRow(`**${title}, one scale per film fitted**`, 'all', summary.scaleFitted),
          ...Object.entries(summary.scaleFitted.sequences).map(([id, s]) =>
            scoreRow('', `${sceneNames[id] ?? id} (x ${summary.scaleFitted!.scales[id]?.toFixed(2) ?? '-'})`, s),
          ),
        ]
      : []),
  ]);
  return table([['run', 'sequence', 'AR', 'VSD', 'MSSD', 'MSPD', 'ADD 0.1d', 'ADD-S 0.1d', 'targets'], ...scores]);
}

/** Of the fixtures. */
export function bopText(command: string, version: string, rows: readonly Row[]): string {
  return `Written by \`${command}\` (v2r ${version}). Average recall in per cent as the BOP toolkit counts it; "all" is of the
sequences listed under it, and with --scenes those are not all that there are. Do not edit by hand.

${scoreTable(rows)}

Published, on other pictures, so the comparison is one of order: Video2Robo 78.41 and MegaPose 68.13 (average recall of monocular 6D tracking on the recordings
of the Video2Robo paper, CVPR 2026; learned masks and tracks, generated models, learned depth for the scale, a GPU).

Fixtures: rendered films (\`fixtures/\`), colour and intrinsics only, every fifth frame of each object with a part in the task. "Our masks": our own
perception of the film without any hint; what it does not find counts as missed. "Models given": the models with their colours. "Reconstructed": shapes from
the film itself, one constant offset between the object frames fitted to the truth; their scale is what perception estimated, in the second group one factor per
film fitted to the truth. "True masks" come from the renderer and go into perception as files; hand, camera, table, scale and tracks are still ours.

${restText(rows)}${speedText(rows)}`;
}

/** Of recordings. */
export function realText(command: string, version: string, rows: readonly Row[]): string {
  return `### Real sequences

Written by \`${command}\` (v2r ${version}). As above; colour and intrinsics only. Do not edit by hand.

${scoreTable(rows)}

visp_rbt: 99 frames of a RealSense camera held by hand, 640 by 480, two things standing still on a desk: no test of masks, which are drawn from its reference
poses (PnP on the cube's pictures, good to some millimetres along the ray); models with colours baked from the same film. visp_mbt_cube: a hand drags a
cube, grey pictures without depth (no VSD, so no AR); the reference poses come from another tracker (2 degrees, 12 mm), masks drawn from them do not leave out
the hand, and the model has no print, so all quarter turns of the cube count as the same. Our own perception
finds no hand in grey pictures: it took the sleeve for a moved thing and a third of the cube for the cube (looked at with v2r 0.1.0).

${speedText(rows)}`;
}

function restText(rows: readonly Row[]): string {
  const head = ['run', 'object', 'frames at rest', 'moved, mm (95 % / worst)', 'turned, degrees (95 % / worst)'];
  const found = rows.flatMap(({ title, summary, objectNames = {} }) =>
    Object.entries(summary.restMotion).map(([id, { frames, mm95, worstMm, deg95, worstDeg }]) => [
      title,
      objectNames[id] ?? `object ${id}`,
      `${frames}`,
      `${mm95.toFixed(2)} / ${worstMm.toFixed(2)}`,
      `${deg95.toFixed(2)} / ${worstDeg.toFixed(2)}`,
    ]),
  );
  if (found.length === 0) return '';
  return `### How still rests are

How far an object that truly rests moves and turns in the trajectory, against its pose in the middle of that rest, over all frames of all its rests. Where it
moves by more, its rest was taken to begin later or end sooner than it does.

${table([head, ...found])}

`;
}

/** Degrees per second below which a table's turning is not worth a column. */
const SHOWN_SPIN = 3;

/** The ablation's own section. */
export function ablationText(command: string, version: string, rows: readonly Row[]): string {
  const ablated = rows.find(({ summary }) => summary.ablation !== null);
  if (!ablated) return '';
  const { summary, sceneNames, objectNames = {} } = ablated;
  const rates = [summary, ...Object.values(summary.ablation ?? {})].map(({ spinDegPerSec }) => spinDegPerSec);
  const spinning = Object.keys(summary.spinDegPerSec).filter((id) =>
    rates.some((rate) => (rate[id] ?? 0) >= SHOWN_SPIN),
  );
  const scenes = Object.keys(summary.sequences);
  const row = (name: string, s: AblationRow): string[] => [
    name,
    ...[s.ar, s.arVsd, s.arMssd, s.arMspd].map(percent),
    ...scenes.map((id) => percent(s.sequences[id]?.ar)),
    ...spinning.map((id) => s.spinDegPerSec[id]?.toFixed(1) ?? '-'),
  ];
  const films = scenes.map((id) => sceneNames[id] ?? id);
  const head = [
    '',
    'AR',
    'VSD',
    'MSSD',
    'MSPD',
    ...films.map((film) => `AR of ${film}`),
    ...spinning.map((id) => `turning of ${objectNames[id] ?? id}, degrees/s`),
  ];
  const others = Object.entries(summary.ablation ?? {}).map(([name, s]) => row(name, s));
  return `### What each ingredient does

Written by \`${command}\` (v2r ${version}). Over the films ${films.join(' and ')}, one run each; true masks as files, models given, window of 72 px and 900 Gaussians.
Turning: spurious rotation about their axis of bodies that look the same from all sides, mean over all frames, rests included, where
any run has ${SHOWN_SPIN} degrees/s or more. Do not edit by hand.

${table([head, row('all', summary), ...others])}`;
}

function speedText(rows: readonly Row[]): string {
  const speeds = rows.map(({ title, summary }) => `${title}: ${summary.framesPerSecond?.toFixed(1) ?? '-'}`);
  return `Frames per second, all objects of the film together, first pose included, perception not: ${speeds.join('; ')}.`;
}
