/** Turns option tables into commander flags and parsed flags back into option values: one truth for both. */
import { type Command, Option } from 'commander';
import { UserError } from '../base/errors.js';
import { type OptionSpec, type OptionTable, toFlag } from '../base/options.js';

/** Adds one flag per option. Two tables may not use the same name: that would be a bug, found at start-up. */
export function addOptionFlags(command: Command, tables: readonly OptionTable[]): void {
  for (const table of tables) {
    for (const [name, spec] of Object.entries(table)) command.addOption(flagOf(name, spec));
  }
}

function flagOf(name: string, spec: OptionSpec): Option {
  const flag = toFlag(name);
  switch (spec.kind) {
    case 'boolean':
      return spec.default ? new Option(`--no-${flag}`, `switch off: ${spec.help}`) : new Option(`--${flag}`, spec.help);
    case 'enum':
      return new Option(`--${flag} <${spec.values.join('|')}>`, `${spec.help} (default: ${spec.default})`).choices([
        ...spec.values,
      ]);
    case 'number':
      return new Option(`--${flag} <number>`, `${spec.help} (default: ${spec.default})`);
    case 'optional-number':
      return new Option(`--${flag} <number>`, spec.help);
    case 'list':
      return new Option(`--${flag} <text...>`, spec.help);
    case 'string':
      return new Option(
        `--${flag} <text>`,
        spec.default === '' ? spec.help : `${spec.help} (default: ${spec.default})`,
      );
  }
}

/** The values that were given on the command line, for `resolveOptions`. Names that belong to no table are left out. */
export function givenValues(parsed: Record<string, unknown>, tables: readonly OptionTable[]): Record<string, unknown> {
  const names = new Set(tables.flatMap((table) => Object.keys(table)));
  return Object.fromEntries(Object.entries(parsed).filter(([name]) => names.has(name)));
}

/** @throws UserError (exit code 2) naming the flag if the text is not a whole number of at least `min`. */
export function wholeNumber(flag: string, text: string, min: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value < 2 ** 31) return value;
  throw new UserError(`${flag}: expected a whole number of at least ${min}, got ${text}`, undefined, 2);
}
