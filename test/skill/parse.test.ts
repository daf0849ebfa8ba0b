import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { compose, fromTranslation, inverse, type Mat4, transformPoint } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { skillOptions } from '../../src/skill/options.js';
import { parseSkill } from '../../src/skill/parse.js';
import type { Skill, SkillEvent } from '../../src/skill/skill.js';
import {
  type Body,
  bowlMesh,
  boxMesh,
  CAMERA_FROM_WORLD,
  type Keyframe,
  model,
  noisyPoses,
  parse,
  perceptionOf,
  throughKeyframes,
} from './synthetic.js';

const NUM_FRAMES = 150;
const NOISE = { sdM: 0.002, sdRad: 0.01 };

const box = (id: number, name: string, size: Vec3, keys: Keyframe[], numFrames = NUM_FRAMES): Body => ({
  model: model(id, name, size),
  mesh: boxMesh(size),
  worldFromObject: throughKeyframes(numFrames, keys),
});
const bowl = (id: number, at: Vec3, numFrames = NUM_FRAMES): Body => ({
  model: model(id, 'white bowl', [0.16, 0.16, 0.06], { hollow: true, symmetry: 'z' }),
  mesh: bowlMesh(),
  worldFromObject: throughKeyframes(numFrames, [{ frame: 0, at }]),
});
const frameOf = (skill: Skill, kind: SkillEvent['kind'], objectId = 1): number =>
  skill.events!.find((e) => e.kind === kind && e.objectId === objectId)!.frame;
const roleOf = (skill: Skill, id: number) => skill.roles!.find((r) => r.id === id)!.role;
const lowestPoint = (body: Body, pose: Mat4): number => {
  const v = body.mesh.vertices;
  let low = Number.POSITIVE_INFINITY;
  for (let i = 0; i < v.length; i += 3) low = Math.min(low, transformPoint(pose, [v[i], v[i + 1], v[i + 2]])[2]);
  return low;
};

/** From rest at frame 30 up, across and down into the bowl by frame 100; the block's base ends on the bowl's floor. */
const INTO_BOWL: Keyframe[] = [
  { frame: 30, at: [-0.15, 0, 0.03] },
  { frame: 50, at: [-0.15, 0, 0.18] },
  { frame: 75, at: [0.15, 0.05, 0.18] },
  { frame: 100, at: [0.15, 0.05, 0.035] },
];

describe('parseSkill', () => {
  it.each([
    [0, 1],
    [0.002, 2],
    [0.002, 3],
    [0.005, 4],
    [0.005, 5],
  ])('finds a place task and its frames within 3 at %d m of pose noise (seed %d)', (sdM, seed) => {
    const bodies = [box(1, 'red block', [0.05, 0.05, 0.06], INTO_BOWL), bowl(2, [0.15, 0.05, 0.03])];
    const { skill } = parse(bodies, noisyPoses(bodies, { sdM, sdRad: 5 * sdM }, new Random(seed)));
    expect(skill.task).toBe('place');
    expect(skill.instruction).toBe('put the red block into the white bowl');
    expect(skill.segments.map((s) => [s.kind, s.sourceId, s.targetId])).toEqual([
      ['grasp', 1, null],
      ['task', 1, 2],
      ['release', 1, 2],
    ]);
    expect(roleOf(skill, 1)).toBe('source');
    expect(roleOf(skill, 2)).toBe('target');
    expect(Math.abs(frameOf(skill, 'grasp') - 30)).toBeLessThanOrEqual(3);
    expect(Math.abs(frameOf(skill, 'release') - 100)).toBeLessThanOrEqual(3);
    // Minimum jerk over 20 frames: 15 cm * u(t) passes 8 mm (the lift threshold) 4 frames after the start.
    expect(Math.abs(frameOf(skill, 'lift') - 34)).toBeLessThanOrEqual(3);
    expect(skill.confidence).toBeGreaterThan(0.7);
  });

  it('records a relative motion that is close to the truth, one pose per frame, ending at rest', () => {
    const bodies = [box(1, 'red block', [0.05, 0.05, 0.06], INTO_BOWL), bowl(2, [0.15, 0.05, 0.03])];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(6)));
    const [motion] = skill.relativeMotions;
    const task = skill.segments.find((s) => s.kind === 'task')!;
    expect(motion.fromFrame).toBe(task.fromFrame);
    expect(motion.targetFromSource).toHaveLength(task.toFrame - task.fromFrame + 1);
    // It starts at least 5 cm (less 1 cm of noise) clear of the bowl, as the block comes from above: 2 cm above the rim and more.
    expect(motion.targetFromSource[0][11]).toBeGreaterThan(0.03 + 0.03 + 0.04);
    motion.targetFromSource.forEach((pose, i) => {
      const t = motion.fromFrame + i;
      const truth = compose(inverse(bodies[1].worldFromObject[t]), bodies[0].worldFromObject[t]);
      const error = Math.hypot(pose[3] - truth[3], pose[7] - truth[7], pose[11] - truth[11]);
      expect(error).toBeLessThan(0.006);
    });
  });

  it('bridges frames in which the source was lost, with less trust', () => {
    const bodies = [box(1, 'red block', [0.05, 0.05, 0.06], INTO_BOWL), bowl(2, [0.15, 0.05, 0.03])];
    const whole = parse(bodies, noisyPoses(bodies, NOISE, new Random(7))).skill;
    const gapped = parse(bodies, noisyPoses(bodies, NOISE, new Random(7), { 1: [55, 70] })).skill;
    expect(gapped.task).toBe('place');
    expect(Math.abs(frameOf(gapped, 'release') - 100)).toBeLessThanOrEqual(3);
    expect(gapped.confidence).toBeLessThan(whole.confidence);
    const flat = gapped.relativeMotions.flatMap((m) => m.targetFromSource.flat());
    expect(flat.every(Number.isFinite)).toBe(true);
  });

  it('corrects an end that is sunk into its target or floats above the table', () => {
    const sunk = INTO_BOWL.map((k, i): Keyframe => (i === 3 ? { ...k, at: [0.15, 0.05, 0.028] } : k));
    const bodies = [box(1, 'red block', [0.05, 0.05, 0.06], sunk), bowl(2, [0.15, 0.05, 0.03])];
    const { skill, warnings } = parse(bodies, noisyPoses(bodies, { sdM: 0, sdRad: 0 }, new Random(1)));
    const [motion] = skill.relativeMotions;
    // Floor of the bowl 5 mm above the table, half height 30 mm: the true rest is 35 mm up, 7 mm above what was seen.
    expect(motion.correctionM![2]).toBeGreaterThan(0.004);
    expect(motion.correctionM![2]).toBeLessThan(0.009);
    const endZ = motion.targetFromSource.at(-1)![11] + 0.03;
    expect(Math.abs(endZ - 0.035)).toBeLessThan(0.003);
    expect(warnings.map((w) => w.code)).toContain('contact-correction');

    const floating = [
      box(
        1,
        'red block',
        [0.05, 0.05, 0.06],
        [
          { frame: 30, at: [-0.15, 0, 0.03] },
          { frame: 55, at: [0, 0, 0.15] },
          { frame: 90, at: [0.15, 0, 0.042] },
        ],
      ),
    ];
    const down = parse(floating, noisyPoses(floating, { sdM: 0, sdRad: 0 }, new Random(1))).skill;
    const end = down.relativeMotions[0].targetFromSource.at(-1)!;
    expect(Math.abs(lowestPoint(floating[0], end))).toBeLessThan(0.002);
  });

  it('finds nothing in a still scene, however noisy, and says so', () => {
    const bodies = [
      box(1, 'red block', [0.05, 0.05, 0.06], [{ frame: 0, at: [-0.15, 0, 0.03] }]),
      bowl(2, [0.15, 0, 0.03]),
    ];
    for (const sdM of [0, 0.003, 0.008]) {
      const { skill } = parse(bodies, noisyPoses(bodies, { sdM, sdRad: 0.03 }, new Random(9)));
      expect(skill.segments).toEqual([]);
      expect(skill.relativeMotions).toEqual([]);
      expect(skill.finding).toMatch(/^Nothing is moved: of red block, white bowl/);
    }
  });

  it('passes on the finding when perception saw no manipulation', () => {
    const bodies = [box(1, 'red block', [0.05, 0.05, 0.06], INTO_BOWL)];
    const ctx = createContext('skill');
    const skill = parseSkill(
      {
        perception: perceptionOf(NUM_FRAMES, false),
        objects: [bodies[0].model],
        meshes: new Map([[1, bodies[0].mesh]]),
        poses: noisyPoses(bodies, NOISE, new Random(1)),
      },
      resolveOptions(skillOptions),
      ctx,
    );
    expect(skill.segments).toEqual([]);
    expect(skill.finding).toBe('No hand was seen.');
  });

  it('tells pushing over the table from lifting', () => {
    const bodies = [
      box(
        1,
        'blue box',
        [0.08, 0.05, 0.06],
        [
          { frame: 20, at: [-0.1, 0, 0.03] },
          { frame: 70, at: [0.15, 0.02, 0.03] },
        ],
      ),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(10)));
    expect(skill.task).toBe('move');
    expect(skill.instruction).toBe('push the blue box to the right');
    expect(skill.events!.map((e) => e.kind)).toEqual(['grasp', 'release']);
    const [motion] = skill.relativeMotions;
    expect(motion.targetId).toBeNull();
    // World poses over the whole way, ending at the table.
    expect(motion.fromFrame).toBe(frameOf(skill, 'grasp'));
    expect(motion.targetFromSource.at(-1)![3]).toBeCloseTo(0.15, 2);
    expect(motion.targetFromSource.at(-1)![11]).toBeCloseTo(0.03, 2);
  });

  it('keeps two sources one after the other apart, and names equal things by their side', () => {
    const up = (from: Vec3, to: Vec3, start: number): Keyframe[] => [
      { frame: start, at: from },
      { frame: start + 15, at: [from[0], from[1], 0.2] },
      { frame: start + 35, at: [to[0], to[1], 0.2] },
      { frame: start + 50, at: to },
    ];
    const frames = 190;
    const size: Vec3 = [0.04, 0.04, 0.05];
    const bodies = [
      box(1, 'red block', size, up([-0.2, -0.1, 0.025], [0.12, 0.02, 0.03], 20), frames),
      box(2, 'red block', size, up([-0.05, -0.1, 0.025], [0.18, 0.06, 0.03], 100), frames),
      bowl(3, [0.15, 0.04, 0.03], frames),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(11)));
    expect(skill.segments.map((s) => [s.kind, s.sourceId])).toEqual([
      ['grasp', 1],
      ['task', 1],
      ['release', 1],
      ['grasp', 2],
      ['task', 2],
      ['release', 2],
    ]);
    expect(skill.segments.filter((s) => s.kind === 'task').map((s) => s.targetId)).toEqual([3, 3]);
    expect(skill.instruction).toBe(
      'put the left red block into the white bowl, then put the right red block into the white bowl',
    );
    expect([roleOf(skill, 1), roleOf(skill, 2), roleOf(skill, 3)]).toEqual(['source', 'source', 'target']);
  });

  it('sees one object moved twice, with a rest in between', () => {
    const bodies = [
      box(
        1,
        'can',
        [0.05, 0.05, 0.1],
        [
          { frame: 15, at: [-0.2, 0, 0.05] },
          { frame: 30, at: [-0.1, 0, 0.2] },
          { frame: 45, at: [0, 0, 0.05] },
          { frame: 80, at: [0, 0, 0.05] },
          { frame: 95, at: [0.1, 0, 0.2] },
          { frame: 110, at: [0.2, 0, 0.05] },
        ],
      ),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(12)));
    expect(skill.segments.map((s) => s.kind)).toEqual(['grasp', 'task', 'release', 'grasp', 'task', 'release']);
    const grasps = skill.events!.filter((e) => e.kind === 'grasp').map((e) => e.frame);
    expect(Math.abs(grasps[0] - 15)).toBeLessThanOrEqual(3);
    expect(Math.abs(grasps[1] - 80)).toBeLessThanOrEqual(3);
  });

  it('says so when the source is still moving in the air at the end', () => {
    const bodies = [
      box(
        1,
        'can',
        [0.05, 0.05, 0.1],
        [
          { frame: 60, at: [-0.2, 0, 0.05] },
          { frame: 200, at: [0.1, 0, 0.35] },
        ],
      ),
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(13)));
    expect(skill.segments.map((s) => s.kind)).toEqual(['grasp', 'task']);
    expect(skill.segments[1].evidence).toBe('can is still held when the video ends');
    expect(skill.confidence).toBeLessThan(0.5);
  });
});

describe('depth that is off', () => {
  it('brings a rest in the air down along the line of sight to the target, with the way there', () => {
    const bodies = [
      box(1, 'red block', [0.05, 0.05, 0.06], INTO_BOWL, 170),
      box(2, 'base', [0.16, 0.16, 0.03], [{ frame: 0, at: [0.15, 0.05, 0.015] }], 170),
    ];
    const camera = inverse(CAMERA_FROM_WORLD);
    // From frame 30 to 100 the tracker drifts towards the camera by up to 15 % of the distance; the block truly ends on the base.
    const drifted: Body = {
      ...bodies[0],
      worldFromObject: bodies[0].worldFromObject.map((pose, t) => {
        const k = -0.15 * Math.min(1, Math.max(0, (t - 30) / 70));
        const truth = t >= 100 ? fromTranslation([0.15, 0.05, 0.06]) : pose;
        const away = [0, 1, 2].map((c) => k * (truth[3 + 4 * c] - camera[3 + 4 * c]));
        return compose(fromTranslation([away[0], away[1], away[2]]), truth);
      }),
    };
    const { skill, warnings } = parse(
      [drifted, bodies[1]],
      noisyPoses([drifted, bodies[1]], { sdM: 0.001, sdRad: 0.005 }, new Random(14)),
    );
    expect(warnings.map((w) => w.code)).toContain('rest-in-the-air');
    expect(skill.instruction).toBe('put the red block onto the base');
    const end = skill.relativeMotions[0].targetFromSource.at(-1)!;
    // Truth in the base's frame: (0, 0, 0.045).
    expect(Math.hypot(end[3], end[7], end[11] - 0.045)).toBeLessThan(0.008);
  });

  it('does not take a cup for put down that is still held tilted over a bowl when the video ends', () => {
    const keys: Keyframe[] = [
      { frame: 30, at: [0, 0, 0.04] },
      { frame: 70, at: [0.1, 0, 0.2], tilt: -1.2 },
    ];
    const bodies = [box(1, 'cup', [0.05, 0.05, 0.08], keys), bowl(2, [0.1, -0.03, 0.03])];
    const { skill } = parse(bodies, noisyPoses(bodies, NOISE, new Random(15)));
    expect(skill.segments.map((s) => s.kind)).toEqual(['grasp', 'task']);
    expect(skill.instruction).toBe('pour from the cup into the white bowl');
  });
});
