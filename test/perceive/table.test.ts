import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { createBytes } from '../../src/image/image.js';
import { project, rayOf } from '../../src/math/camera.js';
import { axisOf, inverse, transformPoint } from '../../src/math/se3.js';
import { cross, dot, type Vec3 } from '../../src/math/vec3.js';
import { fuse } from '../../src/perceive/geometry/estimate.js';
import { extentOf } from '../../src/perceive/geometry/geometry-cues.js';
import { findLineSegments, type LineSegment } from '../../src/perceive/geometry/line-segments.js';
import { planeFromLines } from '../../src/perceive/geometry/plane-from-lines.js';
import { tiltFromRim } from '../../src/perceive/geometry/rim.js';
import {
  estimateCamera,
  estimateDistance,
  estimatePlane,
  focalFromLines,
  unitDepthAt,
  viewCue,
  worldFrame,
} from '../../src/perceive/geometry/table.js';
import { tiltOf, upOf } from '../../src/perceive/geometry/tilt.js';

const noOptions = { hfov: null, focalPx: null };
const PRIOR = { tiltDeg: 40, sdDeg: 12 };

describe('estimateCamera', () => {
  it('prefers option, then metadata, then an assumption', () => {
    expect(estimateCamera(640, 480, 26, { hfov: null, focalPx: 500 })).toMatchObject({ fx: 500, source: 'option' });
    // 90 degrees: f = half the width.
    expect(estimateCamera(640, 480, 26, { hfov: 90, focalPx: null }).fx).toBeCloseTo(320, 6);
    // 640 x 480 has a diagonal of 800 px: 43.27 mm on film would give f = 800.
    expect(estimateCamera(640, 480, 43.27, noOptions)).toMatchObject({
      source: 'metadata',
      fx: expect.closeTo(800, 6),
    });
    const assumed = estimateCamera(480, 640, null, noOptions);
    expect(assumed.source).toBe('assumption');
    expect(assumed.fx).toBeCloseTo(320 / Math.tan((31.25 * Math.PI) / 180), 6);
  });
});

describe('world frame', () => {
  it('has z up, x to the right, y away, and its origin where the optical axis meets the table', () => {
    const m = worldFrame(upOf(90), 0.7);
    // Straight down: up is towards the camera, away is the image's upward direction.
    expect(axisOf(m, 0)).toEqual([expect.closeTo(1), expect.closeTo(0), expect.closeTo(0)]);
    expect(axisOf(m, 1)).toEqual([expect.closeTo(0), expect.closeTo(-1), expect.closeTo(0)]);
    expect(axisOf(m, 2)).toEqual([expect.closeTo(0), expect.closeTo(0), expect.closeTo(-1)]);
    const tilted = worldFrame(upOf(35, 4), 0.6);
    expect(transformPoint(tilted, [0, 0, 0])).toEqual([0, 0, 0.6]);
    expect(dot(cross(axisOf(tilted, 0), axisOf(tilted, 1)), axisOf(tilted, 2))).toBeCloseTo(1, 10);
    expect(axisOf(tilted, 1)[2]).toBeGreaterThan(0);
    expect(axisOf(tilted, 0)[0]).toBeGreaterThan(0.9);
  });

  it('agrees with unitDepthAt: rays meet the plane z = 0', () => {
    const camera = estimateCamera(640, 480, null, noOptions);
    const up = upOf(38, 2);
    const worldFromCamera = inverse(worldFrame(up, 1));
    for (const [x, y] of [
      [100, 300],
      [500, 420],
      [320, 240],
    ]) {
      const depth = unitDepthAt(camera, up, x, y)!;
      const ray = rayOf(camera, x, y);
      const point = transformPoint(worldFromCamera, [ray[0] * depth, ray[1] * depth, depth]);
      expect(point[2]).toBeCloseTo(0, 10);
    }
    expect(unitDepthAt(camera, up, 320, -2000)).toBeNull();
  });

  it('turns tilt into a normal and back', () => {
    for (const tilt of [10, 40, 75]) expect(tiltOf(upOf(tilt, 3))).toBeCloseTo(tilt, 8);
  });
});

describe('fusing estimates', () => {
  it('weighs by precision', () => {
    // Weights 1 and 4: (0 + 4 * 1) / 5, sd 1 / sqrt(5); they agree within their sds.
    const fused = fuse([
      { value: 0, sd: 1, source: 'a' },
      { value: 1, sd: 0.5, source: 'b' },
    ]);
    expect(fused.value).toBeCloseTo(0.8, 10);
    expect(fused.sd).toBeCloseTo(1 / Math.sqrt(5), 10);
    expect(fused.source).toBe('b (80 %); a (20 %)');
  });

  it('grows the sd when the statements contradict each other', () => {
    const fused = fuse([
      { value: 0, sd: 0.1, source: 'a' },
      { value: 1, sd: 0.1, source: 'b' },
    ]);
    // chi2 = 2 * (0.5 / 0.1)^2 = 50 on one degree of freedom.
    expect(fused.sd).toBeCloseTo((0.1 / Math.SQRT2) * Math.sqrt(50), 8);
  });

  it('turns size cues into a distance, with sd and sources', () => {
    const cue = { unitLength: 0.1, usualM: 0.06, logSd: 0.3, what: 'thing' };
    const other = { unitLength: 0.1, usualM: 0.068, logSd: 0.3, what: 'other' };
    const distance = estimateDistance([cue, other]);
    // Two equal weights: the geometric mean of 0.06 / 0.1 m and 0.068 / 0.1 m.
    expect(distance.value).toBeCloseTo(Math.sqrt(0.68 * 0.6), 6);
    expect(distance.sd).toBeCloseTo(0.3 / Math.SQRT2, 6);
    expect(distance.source).toContain('thing taken as 60 mm');
    expect(estimateDistance([other, { ...cue, usualM: 0.05, logSd: 0.03 }]).value).toBeCloseTo(0.5, 1);
  });

  it('takes the usual width of a scene: sizes do not depend on the focal length', () => {
    // 640 px at f = 640 px span as much as the depth: 0.7 m of them lie 0.7 m away.
    expect(estimateDistance([viewCue(640, 640, 1)]).value).toBeCloseTo(0.7, 10);
    // A task at half the depth of the axis: the axis meets the table at 1.4 m.
    expect(estimateDistance([viewCue(640, 640, 0.5)]).value).toBeCloseTo(1.4, 10);
    const size = (focalPx: number): number => (100 / focalPx) * estimateDistance([viewCue(640, focalPx, 1)]).value;
    expect(size(400)).toBeCloseTo(size(700), 10);
  });
});

describe('extentOf', () => {
  it('measures length and elongation of a bar', () => {
    const mask = new Uint8Array(100 * 50);
    for (let y = 20; y < 28; y++) mask.fill(1, y * 100 + 10, y * 100 + 74);
    // Moments of a 64 x 8 rectangle: 4 sqrt(64^2 / 12) = 73.9, ratio 8.
    const { lengthPx, elongation } = extentOf(mask, 100);
    expect(lengthPx).toBeCloseTo((4 * 64) / Math.sqrt(12), 6);
    expect(elongation).toBeCloseTo(8, 6);
  });
});

/** Segments of a square grid on a table, as a camera with the given tilt, roll and focal length sees them. */
function gridSegments(tilt: number, roll: number, focal: number, yaw: number, families: 1 | 2): LineSegment[] {
  const camera = { ...estimateCamera(640, 480, null, noOptions), fx: focal, fy: focal };
  const m = worldFrame(upOf(tilt, roll), 0.7);
  const random = new Random(4);
  const c = Math.cos(yaw);
  const s = Math.sin(yaw);
  const segments: LineSegment[] = [];
  const add = (p: Vec3, q: Vec3): void => {
    const [x0, y0] = project(camera, transformPoint(m, p)).map((v) => v + random.normal(0, 0.15));
    const [x1, y1] = project(camera, transformPoint(m, q)).map((v) => v + random.normal(0, 0.15));
    segments.push({ x0, y0, x1, y1, lengthPx: Math.hypot(x1 - x0, y1 - y0) });
  };
  for (let k = -4; k <= 4; k++) {
    for (let part = -3; part < 3; part++) {
      const at = (u: number, v: number): Vec3 => [0.05 * (c * u - s * v), 0.05 * (s * u + c * v), 0];
      add(at(k, part), at(k, part + 1));
      if (families === 2) add(at(part, k), at(part + 1, k));
    }
  }
  return segments;
}

describe('planeFromLines', () => {
  it('finds tilt, roll and focal length from a square grid', () => {
    const camera = estimateCamera(640, 480, null, noOptions);
    const plane = planeFromLines(gridSegments(52, 1.5, camera.fx * 1.1, 0.4, 2), camera, PRIOR)!;
    expect(plane.score).toBeGreaterThan(0.8);
    expect(plane.secondShare).toBeGreaterThan(0.3);
    expect(Math.abs(plane.tiltDeg - 52)).toBeLessThan(3);
    expect(Math.abs(plane.rollDeg - 1.5)).toBeLessThan(1.5);
    expect(Math.abs(Math.log(plane.focalPx / camera.fx / 1.1))).toBeLessThan(0.06);
    expect(plane.tiltSdDeg).toBeLessThan(4);
    expect(focalFromLines(camera, plane).source).toBe('estimated');
  });

  it('keeps the focal length when the user gave one', () => {
    const camera = estimateCamera(640, 480, null, { hfov: null, focalPx: 600 });
    const plane = planeFromLines(gridSegments(30, 0, 600, 0.7, 2), camera, PRIOR)!;
    expect(plane.focalPx).toBe(600);
    expect(Math.abs(plane.tiltDeg - 30)).toBeLessThan(1.5);
    expect(focalFromLines(camera, plane)).toBe(camera);
  });

  it('stays as unsure as the prior when all lines run across the picture', () => {
    const camera = estimateCamera(640, 480, null, noOptions);
    const across = gridSegments(25, 0, camera.fx, Math.PI / 2, 1);
    const plane = planeFromLines(across, camera, PRIOR)!;
    expect(plane.tiltSdDeg).toBeGreaterThan(7);
    expect(Math.abs(plane.tiltDeg - 40)).toBeLessThan(8);
    expect(focalFromLines(camera, plane)).toBe(camera);
  });

  it('refuses too few lines', () => {
    expect(
      planeFromLines(gridSegments(40, 0, 500, 0, 2).slice(0, 10), estimateCamera(640, 480, null, noOptions), PRIOR),
    ).toBeNull();
  });
});

describe('planeFromLines among other lines', () => {
  /** A third of the lines agree on 25 degrees, the others run anywhere. */
  const mixed = (numAgreeing: number): LineSegment[] => {
    const random = new Random(8);
    const agreeing = gridSegments(25, 0, 527, 0.5, 2).slice(0, numAgreeing);
    const others = Array.from({ length: 2 * numAgreeing }, (): LineSegment => {
      const [x0, y0, angle] = [random.uniform(50, 590), random.uniform(50, 430), random.uniform(0, Math.PI)];
      return { x0, y0, x1: x0 + 35 * Math.cos(angle), y1: y0 + 35 * Math.sin(angle), lengthPx: 35 };
    });
    return [...agreeing, ...others];
  };

  it('believes a third of many, not of a few', () => {
    const camera = estimateCamera(640, 480, null, { hfov: null, focalPx: 527 });
    const many = planeFromLines(mixed(60), camera, PRIOR)!;
    expect(many.score).toBeLessThan(0.4);
    expect(Math.abs(many.tiltDeg - 25)).toBeLessThan(8);
    expect(planeFromLines(mixed(30), camera, PRIOR)).toBeNull();
  });
});

describe('findLineSegments', () => {
  it('finds the four sides of a tilted square', () => {
    const image = createBytes(200, 200);
    const turn = 0.3;
    for (let y = 0; y < 200; y++) {
      for (let x = 0; x < 200; x++) {
        const u = Math.cos(turn) * (x - 100) + Math.sin(turn) * (y - 100);
        const v = -Math.sin(turn) * (x - 100) + Math.cos(turn) * (y - 100);
        // One-pixel ramp at the edge, as a lens makes it.
        const inside = Math.min(1, Math.max(0, 50.5 - Math.max(Math.abs(u), Math.abs(v))));
        image.data[y * 200 + x] = 40 + 150 * inside;
      }
    }
    const segments = findLineSegments(image, 60, 10);
    expect(segments).toHaveLength(4);
    for (const s of segments) {
      expect(Math.abs(s.lengthPx - 100)).toBeLessThan(8);
      const angle = Math.atan2(s.y1 - s.y0, s.x1 - s.x0);
      const offset = Math.abs(((angle - turn) / (Math.PI / 2)) % 1);
      expect(Math.min(offset, 1 - offset) * 90).toBeLessThan(1);
    }
  });
});

describe('tiltFromRim', () => {
  const camera = estimateCamera(640, 480, null, noOptions);

  /** Mask of a half ball (open up) on the table: its rim circle and what lies below it. */
  function bowl(tilt: number): Uint8Array {
    const m = worldFrame(upOf(tilt), 0.6);
    const mask = new Uint8Array(640 * 480);
    for (let a = 0; a < 900; a++) {
      for (let b = 0; b <= 60; b++) {
        const down = (b / 60) * (Math.PI / 2);
        const r = 0.08 * Math.cos(down);
        const angle = (a / 900) * 2 * Math.PI;
        const point: Vec3 = [r * Math.cos(angle), 0.02 + r * Math.sin(angle), 0.08 - 0.08 * Math.sin(down)];
        const [x, y] = project(camera, transformPoint(m, point));
        mask[Math.floor(y) * 640 + Math.floor(x)] = 1;
      }
    }
    // The dots are dense; each column is filled from its first to its last one, which also closes the opening.
    for (let x = 0; x < 640; x++) {
      let top = -1;
      let bottom = -1;
      for (let y = 0; y < 480; y++) {
        if (mask[y * 640 + x] === 0) continue;
        if (top < 0) top = y;
        bottom = y;
      }
      for (let y = top; top >= 0 && y <= bottom; y++) mask[y * 640 + x] = 1;
    }
    return mask;
  }

  it.each([30, 42, 55])('reads a tilt of %d degrees off a bowl', (tilt) => {
    const estimate = tiltFromRim(bowl(tilt), 640, 480, camera, { value: 40, sd: 12 }, 'bowl')!;
    expect(Math.abs(estimate.value - tilt)).toBeLessThan(4);
    expect(estimatePlane(null, [estimate], { tableTilt: null }).sdDeg).toBeLessThan(6);
  });

  it('refuses a tray: oblong, with round corners', () => {
    const mask = new Uint8Array(640 * 480);
    const m = worldFrame(upOf(30), 0.8);
    for (let x = -0.14; x <= 0.14; x += 0.0005) {
      // 28 x 20 cm, corners of 8 cm, 3 cm high: upper far edge to lower near edge.
      const beyond = Math.max(0, Math.abs(x) - 0.06);
      const half = 0.02 + Math.sqrt(0.08 ** 2 - Math.min(beyond, 0.08) ** 2);
      const [column, top] = project(camera, transformPoint(m, [x, half, 0.03]));
      const bottom = project(camera, transformPoint(m, [x, -half, 0]))[1];
      for (let y = Math.floor(top); y <= bottom; y++) mask[y * 640 + Math.floor(column)] = 1;
    }
    expect(tiltFromRim(mask, 640, 480, camera, { value: 40, sd: 12 }, 'tray')).toBeNull();
  });

  it('refuses a box', () => {
    const mask = new Uint8Array(640 * 480);
    for (let y = 200; y < 280; y++) mask.fill(1, y * 640 + 250, y * 640 + 350);
    expect(tiltFromRim(mask, 640, 480, camera, { value: 40, sd: 12 }, 'box')).toBeNull();
  });
});
