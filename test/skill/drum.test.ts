import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { prominentLows } from '../../src/skill/drum.js';
import type { Skill } from '../../src/skill/skill.js';
import { type Body, boxMesh, type Keyframe, model, noisyPoses, parse, throughKeyframes } from './synthetic.js';

const NOISE = { sdM: 0.002, sdRad: 0.01 };
const STICK: Vec3 = [0.2, 0.02, 0.02];
/** The stick's centre when it lies on the drum. */
const TOUCHING_Z = 0.08;

/** A stick is taken from the table at its left, led through `keys` over a drum 7 cm high, and, unless it stays, laid back. */
function withStick(keys: Keyframe[], stays = false): Body[] {
  const last = keys[keys.length - 1].frame;
  const back: Keyframe[] = [
    { frame: last + 20, at: [-0.25, 0, 0.1] },
    { frame: last + 35, at: [-0.25, 0, 0.01] },
  ];
  const body = (id: number, name: string, size: Vec3, way: Keyframe[]): Body => ({
    model: model(id, name, size),
    mesh: boxMesh(size),
    worldFromObject: throughKeyframes(240, way),
  });
  const start: Keyframe = { frame: 20, at: [-0.25, 0, 0.01] };
  return [
    body(1, 'stick', STICK, [start, ...keys, ...(stays ? [] : back)]),
    body(2, 'drum', [0.14, 0.14, 0.07], [{ frame: 0, at: [0.15, 0, 0.035] }]),
  ];
}

/** Down to `lowM` above the skin and up to `highM`, once per frame of `hits`. */
const strokes = (hits: readonly number[], lowsM: readonly number[], highM: number): Keyframe[] =>
  hits.flatMap((frame, k): Keyframe[] => [
    { frame, at: [0.1, 0, TOUCHING_Z + lowsM[k]] },
    { frame: frame + 8, at: [0.1, 0, TOUCHING_Z + highM] },
  ]);

const read = (bodies: Body[], seed: number, noise = NOISE): Skill =>
  parse(bodies, noisyPoses(bodies, noise, new Random(seed))).skill;

function expectHits(skill: Skill, hits: readonly number[]): void {
  expect(skill.task).toBe('drum');
  const contacts = skill.events!.filter(({ kind, objectId }) => kind === 'contact' && objectId !== 2);
  expect(contacts).toHaveLength(hits.length);
  const errors = hits.map((frame, k) => Math.abs(contacts[k].frame - frame));
  expect(Math.max(...errors)).toBeLessThanOrEqual(2);
}

describe('drumming', () => {
  const above: Keyframe = { frame: 50, at: [0.1, 0, 0.15] };

  it('is known by repeated contacts, also when the stick goes back to its place', () => {
    const hits = [58, 74, 90];
    const skill = read(withStick([above, ...strokes(hits, [0, 0, 0], 0.07)]), 2);
    expectHits(skill, hits);
    expect(skill.instruction).toBe('drum on the drum with the stick');
    expect(skill.segments.find((s) => s.word === 'drum')!.evidence).toMatch(/touches drum 3 times/);
    expect(skill.segments.at(-1)!.kind).toBe('release');
  });

  it('is known by light strokes in rhythm, though the gap hardly opens and the poses are some millimetres off', () => {
    const hits = [60, 76, 92, 108];
    expectHits(read(withStick([above, ...strokes(hits, [0, 0.007, 0, 0.004], 0.022)]), 3), hits);
    // The tracker puts the stick a centimetre into the skin at one of them.
    expectHits(read(withStick([above, ...strokes(hits, [-0.01, 0.006, 0, 0], 0.02)]), 4), hits);
  });

  it('is not seen in a thing that is put there and nudged three times', () => {
    const nudged: Keyframe[] = [
      above,
      { frame: 65, at: [0.1, 0, TOUCHING_Z] },
      ...[70, 80, 90].flatMap((frame, k): Keyframe[] => [
        { frame, at: [0.1 + 0.01 * k, 0, TOUCHING_Z + 0.012] },
        { frame: frame + 5, at: [0.11 + 0.01 * k, 0, TOUCHING_Z] },
      ]),
    ];
    expect(read(withStick(nudged, true), 5).task).not.toBe('drum');
  });

  it('is not seen in wiping, whether the stick stays down or is lifted between wipes', () => {
    const wipes = (liftM: number): Keyframe[] => [
      above,
      { frame: 60, at: [0.1, -0.06, TOUCHING_Z] },
      ...[75, 105, 135].flatMap((frame): Keyframe[] => [
        { frame, at: [0.1, 0.06, TOUCHING_Z] },
        { frame: frame + 7, at: [0.1, 0, TOUCHING_Z + liftM] },
        { frame: frame + 15, at: [0.1, -0.06, TOUCHING_Z] },
      ]),
      { frame: 160, at: [0.1, 0, 0.15] },
    ];
    for (const liftM of [0.001, 0.015, 0.04]) expect(read(withStick(wipes(liftM)), 6).task).not.toBe('drum');
  });

  it('is not seen in hovering: going lower and higher without rhythm before it is laid back', () => {
    expect(read(withStick([above, ...strokes([60, 70, 110], [0.004, 0.006, 0.005], 0.02)]), 7).task).not.toBe('drum');
  });
});

describe('prominentLows', () => {
  it('takes lows that stand out on both sides, and the deepest of what lies between', () => {
    //                 0  1  2  3  4  5  6  7  8  9
    const values = [9, 3, 4, 2, 8, 7, 8, 1, 6, 2];
    expect(prominentLows(values, 4, false)).toEqual([3, 7]);
    expect(prominentLows(values, 4, true)).toEqual([3, 7, 9]);
    expect(prominentLows(values, 2, false)).toEqual([3, 7]);
    expect(prominentLows(values, 1, false)).toEqual([1, 3, 5, 7]);
    expect(prominentLows([1, 2, 3], 1, false)).toEqual([]);
  });
});
