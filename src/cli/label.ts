/** `v2r label RUN id=name ...`: better words for what was found, without seeing or planning anything again. */
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { relabel } from '../pipeline/labels.js';
import { STAGES } from '../pipeline/stages.js';
import { printJson } from './verb.js';

export function addLabelVerb(program: Command): void {
  program
    .command('label <run> <names...>')
    .description('rename objects of a run: v2r label runs/demo 1=mug "2=blue bowl"')
    .option('--json', 'print one JSON object on stdout')
    .action(async (run: string, given: string[], flags: { json?: boolean }) => {
      const names = Object.fromEntries(given.map(readName));
      const result = await relabel(run, names, STAGES);
      if (flags.json) {
        printJson({ kind: 'v2r/labelled', run, ...result });
        return;
      }
      for (const { id, name } of result.objects) process.stdout.write(`object ${id}: ${name}\n`);
      if (result.instruction !== null) process.stdout.write(`task: ${result.instruction}\n`);
      if (result.remade.length > 0) process.stdout.write(`written anew: ${result.remade.join(', ')}\n`);
    });
}

function readName(text: string): [string, string] {
  const match = /^(\d+)=(.+)$/.exec(text);
  if (match) return [match[1], match[2].trim()];
  throw new UserError(`expected ID=NAME, as 1=mug, got "${text}"`, 'v2r inspect RUN lists the ids', 2);
}
