import { describe, expect, it } from 'vitest';
import { rolesRight, scoreEvents } from '../../bench/pipeline/events.js';

const found = (kind: 'grasp' | 'lift' | 'contact' | 'release', objectId: number, frame: number) => ({
  kind,
  objectId,
  frame,
  confidence: 1,
  evidence: '',
});
const real = (kind: 'contact' | 'lift' | 'down' | 'hit', objectId: number, frame: number) => ({
  kind,
  objectId,
  frame,
  timeSec: frame / 30,
});
/** Found 7 is true 1, found 8 is true 2. */
const MATCHES = new Map([
  [7, 1],
  [8, 2],
]);

describe('events', () => {
  it('pairs what means the same and counts what is missing', () => {
    const truth = [real('contact', 1, 40), real('lift', 1, 49), real('down', 1, 100), real('lift', 2, 120)];
    const scores = scoreEvents(
      truth,
      [40, 49, 100, 120],
      [found('grasp', 7, 52), found('lift', 7, 60), found('release', 7, 99)],
      MATCHES,
    );
    // Starts 3 frames late, ends 1 early; that object 2 moves was not seen; touching is not looked for.
    expect(scores).toMatchObject({ errorFrames: 2, found: 2, expected: 3 });
    expect(scores.each.map(({ differenceFrames }) => differenceFrames)).toEqual([3, -1, null]);
  });

  it('uses each contact for one hit only', () => {
    const hits = [real('hit', 2, 50), real('hit', 2, 70)];
    const one = scoreEvents(hits, [50, 70], [found('contact', 7, 68)], MATCHES);
    expect(one).toMatchObject({ found: 1, expected: 2 });
    const two = scoreEvents(hits, [50, 70], [found('contact', 7, 71), found('contact', 7, 49)], MATCHES);
    expect(two).toMatchObject({ errorFrames: 1, found: 2 });
  });

  it('says nothing of an error when nothing was found', () => {
    expect(scoreEvents([real('lift', 1, 5)], [5], [], MATCHES)).toMatchObject({
      errorFrames: null,
      found: 0,
      expected: 1,
    });
  });
});

describe('roles', () => {
  const truth = [
    { id: 1, role: 'source' as const },
    { id: 2, role: 'target' as const },
    { id: 3, role: 'distractor' as const },
  ];
  it('are right when source and target are, and nothing else is either', () => {
    const right = [
      { id: 7, role: 'source' as const },
      { id: 8, role: 'target' as const },
    ];
    expect(rolesRight(truth, right, MATCHES)).toBe(true);
    expect(
      rolesRight(
        truth,
        [
          { id: 7, role: 'target' },
          { id: 8, role: 'source' },
        ],
        MATCHES,
      ),
    ).toBe(false);
    expect(rolesRight(truth, [...right, { id: 9, role: 'target' }], MATCHES)).toBe(false);
    expect(rolesRight(truth, [right[0]], MATCHES)).toBe(false);
  });
});
