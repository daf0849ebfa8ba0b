import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { compose, inverse, translationOf } from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { buildModel } from '../../src/robot/build/build-model.js';
import { fitCapsules, standOff } from '../../src/robot/build/capsule-fit.js';
import { importRobot } from '../../src/robot/build/import-robot.js';
import { MeshLibrary } from '../../src/robot/build/mesh-library.js';
import { pointSegmentDistance } from '../../src/robot/collision.js';
import { linkFrames } from '../../src/robot/description/description.js';
import { readDescription } from '../../src/robot/description/read-description.js';
import { solveIk } from '../../src/robot/ik.js';
import { armFrames, fingerFrames, limitMargin } from '../../src/robot/kinematics.js';
import { openRobot } from '../../src/robot/open-robot.js';
import { downwardReach } from '../../src/robot/reach.js';
import type { RobotModel } from '../../src/robot/robot-model.js';

const folder = mkdtempSync(path.join(tmpdir(), 'v2r-import-'));
afterAll(() => rmSync(folder, { recursive: true }));

const box = (size: string, at: string): string =>
  ['visual', 'collision']
    .map((kind) => `<${kind}><origin xyz="${at}"/><geometry><box size="${size}"/></geometry></${kind}>`)
    .join('');
const link = (name: string, inside = ''): string => `<link name="${name}">${inside}</link>`;
const joint = (
  name: string,
  type: string,
  parent: string,
  child: string,
  xyz: string,
  axis: string,
  limit: string,
): string =>
  `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/><origin xyz="${xyz}"/><axis xyz="${axis}"/><limit ${limit} velocity="2"/></joint>`;

/** Five joints like a small desk arm, two fingers 6 cm apart at most, about 35 cm of reach. All boxes: no mesh files. */
const DESK_ARM = `<robot name="desk">
${link('base', box('0.1 0.1 0.06', '0 0 0.03'))}
${link('turret', box('0.05 0.05 0.05', '0 0 0.02'))}
${link('upper', box('0.03 0.03 0.16', '0 0 0.08'))}
${link('fore', box('0.16 0.03 0.03', '0.08 0 0'))}
${link('wrist', box('0.03 0.03 0.03', '0 0 0'))}
${link('palm', box('0.02 0.09 0.02', '0.04 0 0'))}
${link('left_pad', box('0.05 0.01 0.015', '0.025 0.005 0'))}
${link('right_pad', box('0.05 0.01 0.015', '0.025 -0.005 0'))}
${joint('pan', 'revolute', 'base', 'turret', '0 0 0.06', '0 0 1', 'lower="-2.5" upper="2.5"')}
${joint('lift', 'revolute', 'turret', 'upper', '0 0 0.05', '0 1 0', 'lower="-1.5" upper="1.5"')}
${joint('elbow', 'revolute', 'upper', 'fore', '0 0 0.16', '0 1 0', 'lower="-1.2" upper="2"')}
${joint('flex', 'revolute', 'fore', 'wrist', '0.16 0 0', '0 1 0', 'lower="-1" upper="2.6"')}
${joint('roll', 'revolute', 'wrist', 'palm', '0.02 0 0', '1 0 0', 'lower="-3" upper="3"')}
${joint('left_finger', 'prismatic', 'palm', 'left_pad', '0.05 0 0', '0 1 0', 'lower="0" upper="0.03"')}
<joint name="right_finger" type="prismatic"><parent link="palm"/><child link="right_pad"/><origin xyz="0.05 0 0"/><axis xyz="0 -1 0"/><limit lower="0" upper="0.03" velocity="2"/><mimic joint="left_finger"/></joint>
</robot>`;
const deskFile = path.join(folder, 'desk.urdf');
writeFileSync(deskFile, DESK_ARM);

/** The model's frames against the description's own tree, at random configurations. */
async function worstFrame(file: string): Promise<{ model: RobotModel; worst: number }> {
  const description = await readDescription(file);
  const { model } = await buildModel(description, new MeshLibrary());
  const random = new Random(9);
  let worst = 0;
  for (let k = 0; k < 30; k++) {
    const q = model.joints.map(({ lowerRad, upperRad }) => random.uniform(lowerRad, upperRad));
    const wanted = linkFrames(description, new Map(model.joints.map(({ name }, i) => [name, q[i]])));
    const { links } = armFrames(model, q);
    model.joints.forEach(({ link: name }, i) => {
      wanted.get(name)!.forEach((value, e) => {
        worst = Math.max(worst, Math.abs(value - links[i + 1][e]));
      });
    });
  }
  return { model, worst };
}

const desk = worstFrame(deskFile);

describe('an arm of five joints, imported', () => {
  it('moves as its description says', async () => {
    const { model, worst } = await desk;
    expect(worst).toBeLessThan(1e-12);
    expect(model.joints.map(({ name }) => name)).toEqual(['pan', 'lift', 'elbow', 'flex', 'roll']);
  });

  it('grips: tool between the pads, approach along the fingers, opening as wide as they travel', async () => {
    const { model } = await desk;
    const { gripper } = model;
    expect(gripper.maxWidthM).toBeCloseTo(0.06, 4);
    expect(gripper.oneSided).toBe(false);
    const { links, tool } = armFrames(model, model.home);
    // The palm's x is the approach, its y the closing direction; the pads end 10 cm in front of its origin.
    const palmFromTool = compose(inverse(links[5]), tool);
    expect(palmFromTool[2]).toBeCloseTo(1, 9);
    expect(Math.abs(palmFromTool[5])).toBeCloseTo(1, 9);
    expect(palmFromTool[3] + gripper.tipBeyondToolM).toBeCloseTo(0.1, 3);
    for (const width of [0, 0.02, 0.06]) {
      const [left, right] = fingerFrames(model, tool, width).map((m) => translationOf(compose(inverse(tool), m)));
      expect(distance(left, right)).toBeCloseTo(width, 4);
    }
  });

  it('reaches any place with its hand pointing down, however the hand is turned, to the position tolerance', async () => {
    const { model } = await desk;
    const [near, far] = downwardReach(model);
    expect(near).toBeLessThan(0.16);
    expect(far).toBeGreaterThan(0.2);
    expect(model.mount.forwardRad).toBeCloseTo(0, 1);
    const random = new Random(3);
    for (let k = 0; k < 40; k++) {
      const q = model.home.map((value, i) =>
        Math.min(
          model.joints[i].upperRad - 0.1,
          Math.max(model.joints[i].lowerRad + 0.1, value + random.normal(0, 0.3)),
        ),
      );
      const target = armFrames(model, q).tool;
      const { ok, q: found, positionErrorM } = solveIk(model, target, model.home);
      expect(ok).toBe(true);
      expect(positionErrorM).toBeLessThan(3e-4);
      expect(limitMargin(model, found)).toBeGreaterThan(0);
    }
  });

  it('comes as near to an orientation out of reach as it can, and holds the position', async () => {
    const { model } = await desk;
    const { tool } = armFrames(model, model.home);
    // Leaned sideways by 0.1 rad: no joint turns about that axis.
    const sideways = compose(tool, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
    const [x, y] = translationOf(tool);
    const radial: Vec3 = [x / Math.hypot(x, y), y / Math.hypot(x, y), 0];
    const lean = [...sideways];
    const [c, s] = [Math.cos(0.1), Math.sin(0.1)];
    for (let col = 0; col < 3; col++) {
      const v: Vec3 = [sideways[col], sideways[4 + col], sideways[8 + col]];
      const along = radial[0] * v[0] + radial[1] * v[1];
      const cross: Vec3 = [radial[1] * v[2], -radial[0] * v[2], radial[0] * v[1] - radial[1] * v[0]];
      for (let r = 0; r < 3; r++) lean[r * 4 + col] = c * v[r] + s * cross[r] + (1 - c) * along * radial[r];
    }
    const result = solveIk(model, lean, model.home);
    expect(result.positionErrorM).toBeLessThan(3e-4);
    expect(result.rotationErrorRad).toBeGreaterThan(0.02);
    expect(result.rotationErrorRad).toBeLessThan(0.11);
    expect(result.ok).toBe(true);
  });

  it('is written and opened again', async () => {
    const out = path.join(folder, 'desk');
    const written = await importRobot(deskFile, out, () => {});
    expect(existsSync(path.join(out, 'preview.png'))).toBe(true);
    expect(written.levels[0].count).toBeLessThan(60_000);
    const { model, gaussians } = await openRobot(out);
    // JSON knows no negative zero.
    expect(model).toEqual(JSON.parse(JSON.stringify(written.model)));
    const [large, small] = [await gaussians(640), await gaussians(256)];
    expect(large.links.length).toBe(7);
    expect(large.fingers.length).toBe(2);
    expect(small.count).toBeLessThan(large.count / 2);
    await expect(openRobot(path.join(folder, 'nothing'))).rejects.toThrow(/neither franka nor a folder/);
    await expect(openRobot(folder)).rejects.toThrow(/holds no imported robot/);
  });
});

const robots = fileURLToPath(new URL('../../../shared/data/robots/', import.meta.url));

describe.skipIf(!existsSync(robots))('real arms, imported (skipped where the robots are absent)', () => {
  it.each(['franka_panda/urdf/panda.urdf', 'so100/so100.urdf'])('%s moves as its description says', async (name) => {
    const { model, worst } = await worstFrame(`${robots}${name}`);
    console.log(
      `${name}: model against description ${worst.toExponential(1)}, reach ${downwardReach(model).map((m) => m.toFixed(2))}`,
    );
    expect(worst).toBeLessThan(1e-12);
  });
});

describe('fitCapsules', () => {
  it('holds all points to within what may stick out, and divides what one capsule fits badly', () => {
    const points: Vec3[] = [];
    // An angle: two bars of 30 cm.
    for (let t = 0; t <= 0.3; t += 0.005) {
      for (const [a, b] of [
        [0.02, 0.02],
        [0.02, -0.02],
        [-0.02, 0.02],
        [-0.02, -0.02],
      ])
        points.push([t, a, b], [a, t, b]);
    }
    const capsules = fitCapsules(points);
    expect(capsules.length).toBeGreaterThan(1);
    for (const [x, y, z] of points) {
      const outside = Math.min(
        ...capsules.map(({ a, b, radiusM }) => pointSegmentDistance(x, y, z, [...a, ...b], 0) - radiusM),
      );
      expect(outside).toBeLessThanOrEqual(0.0041);
    }
    expect(Math.max(...capsules.map((capsule) => standOff(capsule, points)))).toBeLessThan(0.05);
  });
});
