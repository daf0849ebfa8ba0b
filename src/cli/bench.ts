/** `v2r bench bop DATASET`: 6D pose tracking scored the BOP way. */
import type { Command } from 'commander';
import { objectOptions } from '../objects/options.js';
import { perceiveOptions } from '../perceive/options.js';
import { poseOptions } from '../pose/options.js';
import { type BenchFlags, type BenchSummary, benchBop } from './bench-bop.js';
import { addOptionFlags } from './flags.js';
import { createProgressView } from './progress.js';
import { formatTable, printJson } from './verb.js';

export function addBenchVerb(program: Command): void {
  const bench = program.command('bench').description('measure accuracy on data sets with ground truth').exitOverride();
  const command = bench
    .command('bop <dataset>')
    .description(
      '6D pose tracking on a data set in BOP layout, or the scores of a results file: VSD, MSSD, MSPD, ADD(-S), AR',
    )
    .option('--models <given|reconstructed>', "the data set's models, or shapes made from its pictures", 'given')
    .option(
      '--masks <perceived|true|files>',
      "masks by our own perception of the pictures, or the data set's, alone (true) or with our tracks and table (files)",
      'true',
    )
    .option('--ablate', 'also track with each ingredient switched off in turn')
    .option('--results <csv>', 'score this file of the BOP toolkit instead of tracking')
    .option('--split <folder>', 'folder of images (default: the one that begins with "test")')
    .option('--scenes <ids>', 'only these scenes, such as 1,4')
    .option('--frames <number>', 'only the first frames of each scene')
    .option('--sensor-depth', 'give the tracker the sensor depth as well (default: colour and masks)')
    .option('-o, --out <folder>', 'results, report and page go here, and finished scenes (default: runs/bop-NAME)')
    .option(
      '--perception <folder>',
      'our perception of the scenes is kept here, for several runs (default: OUT/perceive)',
    )
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--json', 'print one JSON object on stdout')
    .option('--quiet', 'no progress')
    .exitOverride();
  addOptionFlags(command, [perceiveOptions, objectOptions, poseOptions]);
  command.action(async (folder: string, flags: BenchFlags) => {
    const view = createProgressView(process.stderr, Boolean(flags.quiet));
    const abort = new AbortController();
    const onInterrupt = (): void => abort.abort();
    process.once('SIGINT', onInterrupt);
    try {
      const summary = await benchBop(folder, flags, abort.signal, (event) => view.onEvent(event));
      view.close();
      if (flags.json) printJson(summary);
      else process.stdout.write(describe(summary));
    } finally {
      view.close();
      process.off('SIGINT', onInterrupt);
    }
  });
}

function describe(summary: BenchSummary): string {
  const percent = (share: number | null): string => (share === null ? 'none' : (100 * share).toFixed(2));
  const row = (name: string, s: BenchSummary['objects'][string]): string[] => [
    name,
    ...[s.ar, s.arVsd, s.arMssd, s.arMspd, s.recallAdd, s.recallAdi].map(percent),
    String(s.targets),
  ];
  const rows = [
    ['', 'AR', 'VSD', 'MSSD', 'MSPD', 'ADD 0.1d', 'ADD-S 0.1d', 'targets'],
    row('all', summary),
    ...(summary.scaleFitted ? [row('all, scale fitted', summary.scaleFitted)] : []),
    ...Object.entries(summary.sequences).map(([id, s]) => row(`scene ${id}`, s)),
    ...Object.entries(summary.scaleFitted?.sequences ?? {}).map(([id, s]) => row(`scene ${id}, scale fitted`, s)),
    ...Object.entries(summary.objects).map(([id, s]) => row(`object ${id}`, s)),
    ...Object.entries(summary.ablation ?? {}).map(([name, s]) => row(name, s)),
  ];
  const speed = summary.framesPerSecond === null ? '' : `, ${summary.framesPerSecond.toFixed(2)} frames per second`;
  const lines = [`${summary.dataset}/${summary.split}, given: ${summary.given}${speed}`, formatTable(rows)];
  const spins = Object.entries(summary.spinDegPerSec);
  if (spins.length > 0) {
    lines.push(
      `spurious turning: ${spins.map(([id, rate]) => `object ${id} ${rate.toFixed(1)} degrees/s`).join(', ')}`,
    );
  }
  if (summary.page) lines.push(`worst frames: ${summary.page}`);
  lines.push(...summary.warnings.map((warning) => `warning: ${warning}`));
  return `${lines.join('\n')}\n`;
}
