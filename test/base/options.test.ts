import { describe, expect, it } from 'vitest';
import { defineOptions, resolveOptions, toFlag } from '../../src/base/options.js';

const table = defineOptions({
  fps: { kind: 'number', default: 20, min: 1, max: 120, help: 'frames per second' },
  episodes: { kind: 'number', default: 10, min: 1, integer: true, help: 'how many' },
  focalPx: { kind: 'optional-number', min: 1, help: 'focal length in pixels' },
  segment: { kind: 'enum', values: ['auto', 'classical'], default: 'auto', help: 'provider' },
  trackLoss: { kind: 'boolean', default: true, help: 'use tracks' },
});

describe('resolveOptions', () => {
  it('fills in defaults', () => {
    expect(resolveOptions(table)).toEqual({ fps: 20, episodes: 10, focalPx: null, segment: 'auto', trackLoss: true });
  });

  it('takes numbers from text, as a command line gives them', () => {
    expect(resolveOptions(table, { fps: '30', focalPx: '512.5' })).toMatchObject({ fps: 30, focalPx: 512.5 });
  });

  it.each([
    [{ fps: 'fast' }, '--fps: expected a number, got "fast"'],
    [{ fps: 0 }, '--fps: expected at least 1'],
    [{ fps: Number.NaN }, '--fps: expected a number'],
    [{ episodes: 2.5 }, '--episodes: expected a whole number'],
    [{ focalPx: -1 }, '--focal-px: expected at least 1'],
    [{ segment: 'sam' }, '--segment: expected one of auto, classical'],
  ])('refuses %j', (given, message) => {
    expect(() => resolveOptions(table, given)).toThrow(message);
  });
});

it('toFlag makes kebab case', () => expect(toFlag('maxSizePx')).toBe('max-size-px'));
