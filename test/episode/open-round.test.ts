import { describe, expect, it } from 'vitest';
import { endsInRound, isInRound, openRoundMesh, openSector, roundBody } from '../../src/episode/open-round.js';
import { fromTranslation } from '../../src/math/se3.js';
import { boxMesh, isClosed, meshBounds, meshVolume, revolutionMesh, transformMesh } from '../../src/objects/mesh.js';

/** A stump 10 cm high, 3 cm in radius at its base and 4 at its top, 1 cm beside the origin of its frame. */
const STUMP = transformMesh(
  revolutionMesh(
    [
      { radiusM: 0.03, heightM: 0 },
      { radiusM: 0.04, heightM: 0.1 },
    ],
    40,
  ),
  fromTranslation([0.01, 0, -0.05]),
);

describe('round bodies', () => {
  it('are read back from their mesh: axis, heights and radii', () => {
    const { profile, objectFromAxis } = roundBody(STUMP);
    expect(objectFromAxis[3]).toBeCloseTo(0.01, 9);
    expect(profile.map(({ heightM }) => heightM)).toEqual([-0.05, 0.05]);
    expect(profile[0].radiusM).toBeCloseTo(0.03, 9);
    expect(profile[1].radiusM).toBeCloseTo(0.04, 9);
  });

  it('keep their outside when they are opened, and hold what a shell of 3 mm holds', () => {
    const open = openRoundMesh(roundBody(STUMP));
    expect(isClosed(open)).toBe(true);
    expect(meshBounds(open).max[2]).toBeCloseTo(0.05, 9);
    expect(meshBounds(open).min[2]).toBeCloseTo(-0.05, 9);
    // A regular 40-gon's area is .9959 of the circle's. Outside: h (R^2 + R r + r^2) pi / 3; inside 3 mm narrower and 3 mm shorter.
    const stump = (h: number, r: number, R: number): number => (0.9959 * Math.PI * h * (R * R + R * r + r * r)) / 3;
    expect(meshVolume(open)).toBeCloseTo(stump(0.1, 0.03, 0.04) - stump(0.097, 0.0273, 0.037), 7);
  });

  it('have an inside', () => {
    const round = roundBody(STUMP);
    expect(isInRound(round, [0.045, 0, 0.04], 0)).toBe(true);
    expect(isInRound(round, [0.045, 0, -0.04], 0)).toBe(false);
    expect(isInRound(round, [0.045, 0, -0.04], 0.005)).toBe(true);
    expect(isInRound(round, [0.01, 0, 0.053], 0.002)).toBe(false);
    const cube = Float64Array.from(transformMesh(boxMesh(0.03, 0.03, 0.03), fromTranslation([0, 0, -0.015])).vertices);
    expect(endsInRound(round, cube, fromTranslation([0.01, 0, -0.03]))).toBe(true);
    // Sunk 5 mm into its top: an error of the poses, no cavity.
    expect(endsInRound(round, cube, fromTranslation([0.01, 0, 0.06]))).toBe(false);
    expect(endsInRound(round, cube, fromTranslation([0.11, 0, -0.03]))).toBe(false);
  });

  it('have no wall where something slid in', () => {
    const round = roundBody(STUMP);
    const cube = Float64Array.from(boxMesh(0.02, 0.02, 0.02).vertices);
    const fromX = Array.from({ length: 20 }, (_, k) => fromTranslation([0.1 - 0.0045 * k, 0, -0.035]));
    const fromAbove = Array.from({ length: 20 }, (_, k) => fromTranslation([0.01, 0, 0.1 - 0.007 * k]));
    expect(openSector(round, [{ points: cube, bodyFromOther: fromAbove }])).toBeNull();
    const sector = openSector(round, [{ points: cube, bodyFromOther: fromX }])!;
    // The cube is 2 cm wide, the stump 3 cm in radius there: a third of a quarter turn on either side, and room.
    expect(sector[0]).toBeLessThan(-0.3);
    expect(sector[1]).toBeGreaterThan(0.3);
    expect(sector[1] - sector[0]).toBeLessThan(1.5);
    const open = openRoundMesh(round, sector);
    expect(isClosed(open)).toBe(true);
    const highest = (side: number): number => {
      let z = -1;
      for (let i = 0; i < open.vertices.length; i += 3) {
        const [x, y] = [open.vertices[i] - 0.01, open.vertices[i + 1]];
        if (side * x > 0 && Math.abs(y) < 0.3 * Math.abs(x)) z = Math.max(z, open.vertices[i + 2]);
      }
      return z;
    };
    expect(highest(1)).toBeLessThan(-0.048);
    expect(highest(-1)).toBeCloseTo(0.05, 9);
  });
});
