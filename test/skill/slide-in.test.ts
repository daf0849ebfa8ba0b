import { describe, expect, it } from 'vitest';
import { fromYaw, identity, type Mat4, rotationAngleBetween, transformPoint } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import type { Actor } from '../../src/skill/actor.js';
import { slidIn } from '../../src/skill/slide-in.js';
import { boxMesh, model, restingActor } from './synthetic.js';

const box = (id: number, size: Vec3): Actor =>
  restingActor(model(id, `object ${id}`, size, { family: 'box' }), boxMesh(size));

/** A drawer 12 cm long and a case 11 cm deep. */
const drawer = box(1, [0.12, 0.09, 0.06]);
const chest = box(2, [0.11, 0.1, 0.09]);
/** Level along x from 20 cm before the case; the end is off as given and turned. */
const way = (end: Vec3, yaw: number): Mat4[] =>
  Array.from({ length: 31 }, (_, k) => {
    const s = k / 30;
    return fromYaw(s * yaw, [-0.2 + s * (end[0] + 0.2), s * end[1], -0.014 + s * (end[2] + 0.014)]);
  });

describe('slidIn', () => {
  it('ends before the back wall, between the side walls, square with the case, on its floor', () => {
    const slid = slidIn(drawer, chest, way([0.03, 0.02, -0.02], 0.25))!;
    const end = slid.path[30];
    expect(rotationAngleBetween(end, identity())).toBeLessThan(1e-9);
    // Lead at the case's inner back (55 - 3 mm); within 50 - 3 mm aside; lower face just over the floor.
    expect(transformPoint(end, [0.06, 0, 0])[0]).toBeCloseTo(0.052, 6);
    expect(end[7]).toBeCloseTo(0.002, 6);
    expect(end[11] - 0.03).toBeCloseTo(-0.0435, 6);
    expect(slid.turnedRad).toBeCloseTo(0.25, 6);
    expect(slid.path[0]).toEqual(way([0.03, 0.02, -0.02], 0.25)[0]);
    // Once it is in it goes straight.
    for (const pose of slid.path.filter((p) => p[3] > -0.1)) expect(pose[7]).toBeCloseTo(0.002, 6);
  });

  it('leaves alone what comes from above, what stops beside, and what lies across', () => {
    const fromAbove = way([0, 0, -0.01], 0).map((pose, k) => [...pose.slice(0, 11), 0.3 - k / 100, ...pose.slice(12)]);
    expect(slidIn(drawer, chest, fromAbove)).toBeNull();
    expect(slidIn(drawer, chest, way([-0.12, 0, -0.014], 0))).toBeNull();
    expect(slidIn(drawer, chest, way([0.02, 0, -0.014], 0.7))).toBeNull();
  });
});
