/**
 * Option tables: each stage declares its options once, and that table is the type, the default, the range, the help
 * text, the command-line flag and the docs at the same time (house style, rule 12).
 */
import { UserError } from './errors.js';

interface OptionBase {
  /** One sentence for help and docs, with the unit. */
  help: string;
}
export interface NumberOption extends OptionBase {
  kind: 'number';
  default: number;
  min?: number;
  max?: number;
  integer?: boolean;
}
export interface OptionalNumberOption extends OptionBase {
  kind: 'optional-number';
  min?: number;
  max?: number;
}
export interface EnumOption<V extends string = string> extends OptionBase {
  kind: 'enum';
  values: readonly V[];
  default: V;
}
export interface BooleanOption extends OptionBase {
  kind: 'boolean';
  default: boolean;
}
export interface StringOption extends OptionBase {
  kind: 'string';
  default: string;
  /** What any text must match, and what to call that in a complaint. */
  form?: { pattern: RegExp; expected: string };
}
/** Several texts: the flag takes several values and may be given several times. */
export interface ListOption extends OptionBase {
  kind: 'list';
}
export type OptionSpec = NumberOption | OptionalNumberOption | EnumOption | BooleanOption | StringOption | ListOption;
export type OptionTable = Record<string, OptionSpec>;

type ValueOf<S extends OptionSpec> = S extends NumberOption
  ? number
  : S extends OptionalNumberOption
    ? number | null
    : S extends EnumOption<infer V>
      ? V
      : S extends BooleanOption
        ? boolean
        : S extends ListOption
          ? readonly string[]
          : string;
export type OptionsOf<T extends OptionTable> = { [K in keyof T]: ValueOf<T[K]> };

/** Declares a table while keeping the literal types of enum values. */
export function defineOptions<const T extends OptionTable>(table: T): T {
  return table;
}

function defaultOf(spec: OptionSpec): unknown {
  if (spec.kind === 'list') return [];
  return spec.kind === 'optional-number' ? null : spec.default;
}

/** Checks given values against a table and fills in defaults. Throws `UserError` (usage) naming the option and the range. */
export function resolveOptions<T extends OptionTable>(
  table: T,
  given: Readonly<Record<string, unknown>> = {},
): OptionsOf<T> {
  const resolved: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    const value = given[name];
    resolved[name] = value === undefined ? defaultOf(spec) : checkValue(name, spec, value);
  }
  return resolved as OptionsOf<T>;
}

function checkValue(name: string, spec: OptionSpec, value: unknown): unknown {
  const flag = `--${toFlag(name)}`;
  const fail = (expected: string): never => {
    throw new UserError(`${flag}: expected ${expected}, got ${JSON.stringify(value)}`, undefined, 2);
  };
  switch (spec.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? value : fail('true or false');
    case 'string':
      if (typeof value !== 'string') return fail('a text');
      return spec.form && !spec.form.pattern.test(value) ? fail(spec.form.expected) : value;
    case 'list':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : fail('texts');
    case 'enum':
      return spec.values.includes(value as string) ? value : fail(`one of ${spec.values.join(', ')}`);
    case 'optional-number':
      if (value === null) return null;
      break;
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return fail('a number');
  if (spec.min !== undefined && number < spec.min) return fail(`at least ${spec.min}`);
  if (spec.max !== undefined && number > spec.max) return fail(`at most ${spec.max}`);
  if (spec.kind === 'number' && spec.integer && !Number.isInteger(number)) return fail('a whole number');
  return number;
}

/** camelCase option name to its kebab-case flag, without the dashes. */
export function toFlag(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
