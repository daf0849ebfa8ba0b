import { describe, expect, it } from 'vitest';
import { createBytes } from '../../src/image/image.js';
import { withBestReference } from '../../src/objects/reference.js';
import { supportsOf, withSupportsBehind } from '../../src/objects/stands-on.js';
import { perceived } from './synthetic-scene.js';

/** Ids as digits, `.` for background. */
const mapOf = (...rows: string[]) =>
  createBytes(
    rows[0].length,
    rows.length,
    Uint8Array.from(rows.join(''), (c) => (c === '.' ? 0 : Number(c))),
  );

const cup = perceived(1, 'cup', 'source', { firstFrame: 2, lastFrame: 5 });
const objects = [cup, perceived(2, 'tray', 'target', null), perceived(3, 'box', 'target', null)];
const BEFORE = mapOf('........', '.222222.', '.222222.', '.222222.', '3.......');
const AFTER = mapOf('...11...', '.221122.', '.221122.', '.222222.', '33......');

describe('what a thing was put on', () => {
  it('is what it now hides a part of, and never what stands beside it', () => {
    expect([...supportsOf(1, objects, BEFORE, AFTER)]).toEqual([2]);
  });

  it('covers nothing of it but from straight below', () => {
    const seen = withSupportsBehind(AFTER, 1, new Set([2]));
    expect(seen).toEqual(mapOf('...11...', '...11...', '...11...', '...22...', '33......'));
  });
});

describe('withBestReference', () => {
  const readMask = async (frameIdx: number) => (frameIdx < 2 ? mapOf('........', '1.......', '.222222.') : AFTER);
  const trusting = (before: number, after: number) => ({
    ...cup,
    frameConfidence: Array.from({ length: 10 }, (_, k) => (k < 2 ? before : after)),
  });

  it('takes the shape from the rest whose outline is trusted much more', async () => {
    expect((await withBestReference(trusting(0.4, 0.8), 10, readMask)).referenceFrame).toBe(9);
  });

  it('keeps the first rest when both are trusted alike', async () => {
    expect((await withBestReference(trusting(0.7, 0.8), 10, readMask)).referenceFrame).toBe(0);
  });
});
