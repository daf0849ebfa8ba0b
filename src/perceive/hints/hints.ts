/** What the user says on the command line about the scene, read and checked. All of it is optional. */
import { UserError } from '../../base/errors.js';
import type { PerceiveOptions } from '../options.js';

/** A named thing and a pixel on it (of the decoded frames). */
export interface ObjectHint {
  readonly name: string;
  readonly xPx: number;
  readonly yPx: number;
  readonly frame: number;
}

export interface SizeHint {
  readonly name: string;
  readonly sizeM: number;
}

export interface Hints {
  readonly objects: readonly ObjectHint[];
  readonly source: string | null;
  readonly target: string | null;
  /** Pixels on the bare table; empty or at least three. */
  readonly tablePx: readonly (readonly [number, number])[];
  readonly sizes: readonly SizeHint[];
}

const usage = (flag: string, expected: string, found: string): UserError =>
  new UserError(`${flag}: expected ${expected}, got "${found}"`, undefined, 2);

const METRES: Readonly<Record<string, number>> = { mm: 0.001, cm: 0.01, m: 1 };

export function readHints(options: PerceiveOptions): Hints {
  const objects = options.object.map((text) => {
    const match = /^(.+?)@(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)(?:@(\d+))?$/.exec(text);
    if (!match) throw usage('--object', 'NAME@X,Y or NAME@X,Y@FRAME, as mug@412,300', text);
    return { name: match[1].trim(), xPx: Number(match[2]), yPx: Number(match[3]), frame: Number(match[4] ?? 0) };
  });
  const tablePx = options.table.map((text): [number, number] => {
    const match = /^(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(text);
    if (!match) throw usage('--table', 'pixels as 100,200', text);
    return [Number(match[1]), Number(match[2])];
  });
  if (tablePx.length > 0 && tablePx.length < 3) {
    throw usage('--table', 'at least three pixels on the table', options.table.join(' '));
  }
  const sizes = options.size.map((text) => {
    const match = /^(.+?)=(\d+(?:\.\d+)?) ?(mm|cm|m)$/.exec(text);
    const sizeM = match ? Number(match[2]) * METRES[match[3]] : 0;
    if (!match || !(sizeM > 0.002 && sizeM < 2))
      throw usage('--size', 'NAME=LENGTH with mm, cm or m, as mug=95mm', text);
    return { name: match[1].trim(), sizeM };
  });
  return {
    objects,
    source: options.source === '' ? null : options.source,
    target: options.target === '' ? null : options.target,
    tablePx,
    sizes,
  };
}

export const hasObjectHints = ({ objects, source, target, tablePx }: Hints): boolean =>
  objects.length > 0 || source !== null || target !== null || tablePx.length > 0;
