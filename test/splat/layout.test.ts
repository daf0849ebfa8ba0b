import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as constants from '../../src/splat/constants.js';
import * as layout from '../../src/splat/wasm/layout.js';

/** Named numbers of an AssemblyScript file, `export const NAME: type = number;`. */
function numbersOf(file: string): Map<string, number> {
  const text = readFileSync(new URL(`../../kernels/${file}`, import.meta.url), 'utf8');
  const found = text.matchAll(/^export const (\w+): \w+ = (-?[\d.e-]+|0x[0-9a-f]+);$/gm);
  return new Map([...found].map(([, name, value]) => [name, Number(value)]));
}

describe('numbers that the kernels and the host both state', () => {
  const kernels = numbersOf('layout.ts');
  it('the formula: kernels/layout.ts and src/splat/constants.ts', () => {
    expect(kernels.get('LOW_PASS')).toBe(constants.LOW_PASS_PX2);
    expect(kernels.get('ALPHA_MAX')).toBe(constants.ALPHA_MAX);
    expect(kernels.get('T_STOP')).toBe(constants.TRANSMITTANCE_STOP);
    expect(kernels.get('T_HALF')).toBe(1 - constants.COVERED);
    expect(2 ** kernels.get('LOG2_CUT')!).toBeCloseTo(constants.ALPHA_CUT, 12);
    expect(kernels.get('SOLID')).toBe(constants.SOLID);
    expect(kernels.get('SOFT')).toBe(constants.SOFT);
  });
  it('the memory: kernels/layout.ts and src/splat/wasm/layout.ts', () => {
    expect(kernels.get('RECORD_BYTES')).toBe(layout.RECORD_BYTES);
    expect(kernels.get('NUM_BLOCKS')! * kernels.get('BLOCK_BYTES')!).toBe(layout.TILE_BYTES);
    expect(kernels.get('REC_C')).toBe(4 * layout.RECORD_C);
    expect(kernels.get('REC_OWNER')).toBe(4 * layout.RECORD_OWNER);
    expect(kernels.get('REC_GAUSSIAN')).toBe(4 * layout.RECORD_GAUSSIAN);
    expect((-2 * Math.LN2) / kernels.get('EXP_G')!).toBe(layout.CONIC_FACTOR);
  });
});
