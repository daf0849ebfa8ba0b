import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Mat4 } from '../../src/math/se3.js';
import { linkFrames, type RobotDescription } from '../../src/robot/description/description.js';
import { readMjcf } from '../../src/robot/description/mjcf.js';
import { readDescription } from '../../src/robot/description/read-description.js';
import { readUrdf } from '../../src/robot/description/urdf.js';

const robots = fileURLToPath(new URL('../../../shared/data/robots/', import.meta.url));

interface Sample {
  q: number[];
  finger?: number;
  frames: Record<string, number[][]>;
}

const samplesOf = (name: string): Sample[] =>
  (JSON.parse(readFileSync(`${robots}${name}_fk_reference.json`, 'utf8')) as { samples: Sample[] }).samples;

const worstEntry = (ours: Mat4, theirs: number[][]): number =>
  Math.max(...theirs.flat().map((value, e) => Math.abs(value - ours[e])));

function worstFrame(
  robot: RobotDescription,
  samples: readonly Sample[],
  jointNames: readonly string[],
  linkOf: (frame: string) => string | null,
): number {
  let worst = 0;
  for (const { q, finger = 0, frames } of samples) {
    const values = new Map(jointNames.map((name, i) => [name, i < q.length ? q[i] : finger]));
    const ours = linkFrames(robot, values);
    for (const [frame, matrix] of Object.entries(frames)) {
      const link = linkOf(frame);
      if (link !== null) worst = Math.max(worst, worstEntry(ours.get(link)!, matrix));
    }
  }
  return worst;
}

describe.skipIf(!existsSync(robots))(
  'forward kinematics of imported files (skipped where the robots are absent)',
  () => {
    const arm = [1, 2, 3, 4, 5, 6, 7];

    it('of the Panda from URDF agree with the outside reference', async () => {
      const robot = await readDescription(`${robots}franka_panda/urdf/panda.urdf`);
      const special: Record<string, string> = {
        hand: 'panda_hand',
        tcp: 'panda_hand_tcp',
        left_finger: 'panda_leftfinger',
        right_finger: 'panda_rightfinger',
      };
      const names = [...arm.map((i) => `panda_joint${i}`), 'panda_finger_joint1'];
      const worst = worstFrame(robot, samplesOf('panda'), names, (frame) => special[frame] ?? `panda_${frame}`);
      console.log(`Panda URDF: worst entry ${worst.toExponential(1)}`);
      expect(worst).toBeLessThan(1e-6);
    });

    it('of the Panda from MJCF agree with the outside reference', async () => {
      const robot = await readDescription(`${robots}franka_panda/mjcf/panda.xml`);
      expect(robot.home.get('joint4')).toBeCloseTo(-1.57079, 9);
      // finger_joint1 follows finger_joint2 there.
      const names = [...arm.map((i) => `joint${i}`), 'finger_joint2'];
      const worst = worstFrame(robot, samplesOf('panda'), names, (frame) => (frame === 'tcp' ? null : frame));
      console.log(`Panda MJCF: worst entry ${worst.toExponential(1)}`);
      expect(worst).toBeLessThan(1e-6);
    });

    it('of the SO-100 from URDF agree with the outside reference', async () => {
      const robot = await readDescription(`${robots}so100/so100.urdf`);
      const names = ['shoulder_pan', 'shoulder_lift', 'elbow_flex', 'wrist_flex', 'wrist_roll', 'gripper'];
      const worst = worstFrame(robot, samplesOf('so100'), names, (frame) => frame);
      console.log(`SO-100 URDF: worst entry ${worst.toExponential(1)}`);
      expect(worst).toBeLessThan(1e-6);
    });
  },
);

describe('readUrdf', () => {
  const joint = (attributes: string, inside: string): string =>
    `<joint name="j" ${attributes}><parent link="a"/><child link="b"/>${inside}</joint>`;
  const robot = (inside: string): string => `<robot name="r"><link name="a"/><link name="b"/>${inside}</robot>`;

  it('turns about the axis at the origin, roll before pitch before yaw about fixed axes', () => {
    const source = robot(
      joint('type="continuous"', '<origin xyz="1 2 3" rpy="0 0 1.5707963267948966"/><axis xyz="0 0 2"/>'),
    );
    const frame = linkFrames(readUrdf(source, 'r.urdf'), new Map([['j', Math.PI / 2]])).get('b')!;
    // Half a turn about z in all.
    [-1, 0, 0, 1, 0, -1, 0, 2, 0, 0, 1, 3].forEach((value, e) => {
      expect(frame[e]).toBeCloseTo(value, 12);
    });
  });

  it.each([
    ['broken XML', '<robot name="r"><link', /not valid XML/],
    ['another root', '<html/>', /expected <robot>/],
    ['NaN', robot(joint('type="revolute"', '<origin xyz="0 nan 0"/>')), /3 finite numbers, found "0 nan 0"/],
    [
      'a mimic that is no number',
      robot(joint('type="revolute"', '<mimic joint="j" multiplier="x"/>')),
      /1 finite numbers, found "x"/,
    ],
    ['no axis direction', robot(joint('type="revolute"', '<axis xyz="0 0 0"/>')), /no direction/],
    [
      'an unknown link',
      robot('<joint name="j" type="fixed"><parent link="a"/><child link="c"/></joint>'),
      /not there: c/,
    ],
    ['two roots', robot(''), /several roots: a, b/],
    [
      'a loop',
      robot(`${joint('type="fixed"', '')}<joint name="k" type="fixed"><parent link="b"/><child link="a"/></joint>`),
      /loop/,
    ],
    ['a planar joint', robot(joint('type="planar"', '')), /planar is not supported/],
    [
      'a missing mesh',
      '<robot name="r"><link name="a"><visual><geometry><mesh filename="no.stl"/></geometry></visual></link></robot>',
      /mesh not found: no.stl/,
    ],
    ['nothing', '', /not valid XML/],
  ])('refuses %s in one line that names the file', (_, source, message) => {
    expect(() => readUrdf(source, 'r.urdf')).toThrow(message);
    expect(() => readUrdf(source, 'r.urdf')).toThrow(/^r\.urdf[^\n]*$/);
  });
});

describe('readMjcf', () => {
  const model = (compiler: string, inside: string): string =>
    `<mujoco model="m"><compiler ${compiler}/><default><joint range="-90 90"/><default class="fine"><joint axis="0 1 0"/></default></default>
     <worldbody><body name="a">${inside}</body></worldbody></mujoco>`;

  it('takes attributes from classes, degrees unless told otherwise, and turns about the anchor', () => {
    const source = model('', '<body name="b" pos="1 0 0" childclass="fine"><joint name="j" pos="0 0 0.5"/></body>');
    const robot = readMjcf(source, 'm.xml');
    expect(robot.joints[0].upper).toBeCloseTo(Math.PI / 2, 12);
    const frame = linkFrames(robot, new Map([['j', Math.PI / 2]])).get('b')!;
    // The anchor (1, 0, 0.5) stays; the body's origin, half a metre below it, swings to -x.
    expect(frame[3]).toBeCloseTo(0.5, 12);
    expect(frame[7]).toBeCloseTo(0, 12);
    expect(frame[11]).toBeCloseTo(0.5, 12);
  });

  it('reads euler angles about axes that turn along', () => {
    const source = model('angle="radian"', `<body name="b" euler="${Math.PI / 2} ${Math.PI / 2} 0"/>`);
    const frame = linkFrames(readMjcf(source, 'm.xml'), new Map()).get('b')!;
    // Rx(90) Ry(90): the body's x points along -(turned z) = +y of the parent.
    expect([frame[0], frame[4], frame[8]].map((value) => Math.round(value) + 0)).toEqual([0, 1, 0]);
  });

  it('refuses ball joints, several robots and unknown classes', () => {
    expect(() => readMjcf(model('', '<body name="b"><joint type="ball"/></body>'), 'm.xml')).toThrow(/ball/);
    expect(() => readMjcf('<mujoco><worldbody><body/><body/></worldbody></mujoco>', 'm.xml')).toThrow(/found 2/);
    expect(() => readMjcf(model('', '<geom class="x" size="1"/>'), 'm.xml')).toThrow(/no default class x/);
  });
});
