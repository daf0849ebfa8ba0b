import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import type { Vec3 } from '../../src/math/vec3.js';
import {
  type Body,
  bowlMesh,
  HIDDEN_CUBE,
  type Keyframe,
  model,
  movingBox,
  NUM_FRAMES,
  noisyPoses,
  parse,
  throughKeyframes,
} from './synthetic.js';

const NOISE = { sdM: 0.002, sdRad: 0.01 };
const bowl = (id: number, at: Vec3): Body => ({
  model: model(id, 'bowl', [0.16, 0.16, 0.06], { hollow: true, symmetry: 'z' }),
  mesh: bowlMesh(),
  worldFromObject: throughKeyframes(NUM_FRAMES, [{ frame: 0, at }]),
});

/** A brush pushes a cube from frame 65 to 110 up to a tray, and is put down again. */
function sweeping(): Body[] {
  const push = (t: number, x: number): Keyframe => ({ frame: t, at: [x, 0, 0.02] });
  return [
    movingBox(
      1,
      'brush',
      [0.02, 0.12, 0.1],
      [
        { frame: 15, at: [-0.3, 0.1, 0.05] },
        { frame: 30, at: [-0.3, 0.05, 0.15] },
        { frame: 50, at: [-0.2, 0, 0.055] },
        { frame: 65, at: [-0.132, 0, 0.055] },
        { frame: 110, at: [0.068, 0, 0.055] },
        { frame: 130, at: [0.0, 0.1, 0.15] },
        { frame: 150, at: [-0.1, 0.2, 0.05] },
      ],
    ),
    movingBox(2, 'cube', [0.04, 0.04, 0.04], [push(65, -0.1), push(110, 0.1)]),
    movingBox(3, 'tray', [0.16, 0.2, 0.01], [{ frame: 0, at: [0.205, 0, 0.005] }]),
  ];
}

describe('manners', () => {
  it('knows pouring: tilted over the bowl, upright again, back on the table', () => {
    const bodies = [
      movingBox(
        1,
        'bottle',
        [0.06, 0.06, 0.16],
        [
          { frame: 20, at: [-0.2, 0, 0.08] },
          { frame: 40, at: [-0.1, 0, 0.25] },
          { frame: 60, at: [0.1, -0.12, 0.25] },
          { frame: 85, at: [0.1, -0.1, 0.2], tilt: -1.9 },
          { frame: 105, at: [0.1, -0.1, 0.2], tilt: -1.9 },
          { frame: 125, at: [0.1, -0.12, 0.25] },
          { frame: 145, at: [-0.1, 0, 0.2] },
          { frame: 165, at: [-0.2, 0, 0.08] },
        ],
      ),
      bowl(2, [0.1, 0, 0.03]),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(1)));
    expect(skill.task).toBe('pour');
    expect(skill.instruction).toBe('pour from the bottle into the bowl');
    expect(skill.segments.map((s) => [s.kind, s.targetId, s.word])).toEqual([
      ['grasp', null, undefined],
      ['task', 2, 'pour'],
      ['task', null, 'move'],
      ['release', null, undefined],
    ]);
    const [, pour, back] = skill.segments;
    // Tilting starts in frame 60; by minimum jerk it passes 10 degrees, where the task begins, 6 frames later.
    expect(pour.fromFrame).toBeLessThanOrEqual(67);
    expect(pour.toFrame).toBeGreaterThan(110);
    expect(back.fromFrame).toBeGreaterThanOrEqual(pour.toFrame);
    // The deepest tilt is kept: 1.9 rad is 109 degrees, the up axis points 19 degrees below the horizon.
    const up = skill.relativeMotions[0].targetFromSource.map((m) => m[10]);
    expect(Math.min(...up)).toBeCloseTo(Math.cos(1.9), 1);
  });

  it('knows sweeping: a tool pushes a block to a tray; only the tool is grasped', () => {
    const bodies = sweeping();
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(3)));
    expect(skill.task).toBe('sweep');
    expect(skill.segments.filter((s) => s.kind === 'grasp').map((s) => s.sourceId)).toEqual([1]);
    // What is pushed starts and stops too.
    const ofBlock = skill.events!.filter(({ evidence }) => evidence.startsWith('pushed by'));
    expect(ofBlock.map(({ kind }) => kind)).toEqual(['grasp', 'release']);
    expect(ofBlock[0].frame).toBeLessThan(ofBlock[1].frame);
    const sweep = skill.segments.find((s) => s.word === 'sweep')!;
    expect(sweep.targetId).toBe(3);
    expect(skill.instruction).toBe('sweep the cube to the tray with the brush');
    const driven = skill.relativeMotions.find((m) => m.sourceId === 2)!;
    expect(driven.drivenBy).toBe(1);
    // The cube goes from x = -0.1 to 0.1 in the world, the tray stands at 0.205.
    expect(driven.targetFromSource[0][3]).toBeCloseTo(-0.305, 1);
    expect(driven.targetFromSource.at(-1)![3]).toBeCloseTo(-0.105, 1);
  });

  it('believes a push that the tool hides when perception saw the thing leave and arrive', () => {
    const bodies = sweeping();
    const poses = noisyPoses(bodies, NOISE, new Random(3), { 2: [64, 111] });
    expect(parse(bodies, poses).skill.task).not.toBe('sweep');
    const { skill } = parse(bodies, poses, {}, [HIDDEN_CUBE]);
    expect(skill.instruction).toBe('sweep the cube to the tray with the brush');
    expect(skill.segments.filter((s) => s.kind === 'grasp').map((s) => s.sourceId)).toEqual([1]);
  });

  it.each([
    ['stack', [0.05, 0.05, 0.05] as Vec3, 'stack the cube on top of the base'],
    ['place', [0.12, 0.12, 0.008] as Vec3, 'put the cube onto the base'],
  ])('calls putting on top "%s" by the shape of the target', (word, size, sentence) => {
    const bodies = [
      movingBox(
        1,
        'cube',
        [0.04, 0.04, 0.04],
        [
          { frame: 20, at: [-0.2, 0, 0.02] },
          { frame: 45, at: [-0.1, 0, 0.2] },
          { frame: 70, at: [0.1, 0, 0.2] },
          { frame: 95, at: [0.1, 0, size[2] + 0.02] },
        ],
      ),
      movingBox(2, 'base', size, [{ frame: 0, at: [0.1, 0, size[2] / 2] }]),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(4)));
    expect(skill.task).toBe(word);
    expect(skill.instruction).toBe(sentence);
  });

  it('calls sliding one thing into touch with another "attach"', () => {
    const bodies = [
      movingBox(
        1,
        'plug',
        [0.05, 0.03, 0.03],
        [
          { frame: 20, at: [-0.15, 0, 0.015] },
          { frame: 80, at: [0.045, 0, 0.015] },
        ],
      ),
      movingBox(2, 'socket', [0.05, 0.08, 0.04], [{ frame: 0, at: [0.095, 0, 0.02] }]),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(5)));
    expect(skill.task).toBe('attach');
    expect(skill.instruction).toBe('attach the plug to the socket');
  });
});

describe('lids', () => {
  it('calls a lid on an open pot "attach", and a small thing in it "place"', () => {
    const pot = bowl(2, [0.1, 0, 0.03]);
    const carryTo = (z: number): Keyframe[] => [
      { frame: 20, at: [-0.2, 0, 0.012] },
      { frame: 45, at: [-0.1, 0, 0.2] },
      { frame: 70, at: [0.1, 0, 0.2] },
      { frame: 95, at: [0.1, 0, z] },
    ];
    // The lid reaches 4 mm below the rim, which is at 60 mm.
    const lid = movingBox(1, 'lid', [0.14, 0.14, 0.016], carryTo(0.064));
    const coin = movingBox(1, 'coin', [0.03, 0.03, 0.016], carryTo(0.014));
    const words = [lid, coin].map((thing) => parse([thing, pot], noisyPoses([thing, pot], NOISE, new Random(8))).skill);
    expect(words.map((skill) => skill.instruction)).toEqual([
      'attach the lid to the bowl',
      'put the coin into the bowl',
    ]);
  });
});
