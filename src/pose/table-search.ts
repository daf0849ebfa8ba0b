/** Where a resting object is on the table, by differential evolution over yaw and two offsets (and its height, if asked). */
import type { Random } from '../base/random.js';
import { differentialEvolution } from '../math/differential-evolution.js';
import { compose, fromAxisAngle, fromTranslation, inverse, type Mat4, translationOf } from '../math/se3.js';
import { evaluatePose, type TrackedObject, type View } from './objective.js';
import { dropped } from './support.js';

/** Population and generations that found every one of 36 starts in the geometry study, at a 32-48 px window. */
const POPULATION = 16;
const GENERATIONS = 15;
/** Half width of the search in units of the object's radius. */
const OFFSET_RADII = 0.8;

export interface TableCandidate {
  readonly cameraFromObject: Mat4;
  readonly value: number;
}

export interface SearchScale {
  readonly population?: number;
  readonly generations?: number;
  /** Pose whose turn is expected. */
  readonly expected?: Mat4 | null;
  /** Half width of the search in height; default 0: on the support. */
  readonly heightM?: number;
}

/**
 * Searches around `start` (an object standing as it should): turns about the table's normal through the object's centre and
 * slides along the table; turns away from `expected`, if given, cost as in tracking. Returns the best few poses that differ by more than 20 degrees or a third of a radius: while an
 * object is symmetric several are equally good.
 */
export function searchOnTable(
  object: TrackedObject,
  start: Mat4,
  views: readonly View[],
  random: Random,
  scale: SearchScale = {},
): TableCandidate[] {
  const cameraFromWorld = inverse(object.worldFromCamera);
  const worldFromObject = compose(object.worldFromCamera, start);
  const reach = OFFSET_RADII * object.radiusM;
  const { heightM = 0 } = scale;
  const poseOf = (p: readonly number[]): Mat4 => {
    const pose = slid(cameraFromWorld, worldFromObject, p[0], p[1], p[2]);
    const down = object.field ? dropped(object.extremes, pose, object.worldFromCamera, object.field) : pose;
    return heightM > 0 ? raised(cameraFromWorld, down, p[3]) : down;
  };
  const population = differentialEvolution(
    (p) => evaluatePose(object, poseOf(p), views, false, scale.expected ?? null).value,
    [-Math.PI, -reach, -reach, -heightM].slice(0, heightM > 0 ? 4 : 3),
    [Math.PI, reach, reach, heightM].slice(0, heightM > 0 ? 4 : 3),
    random,
    {
      populationSize: scale.population ?? POPULATION,
      generations: scale.generations ?? GENERATIONS,
      periodic: [true],
      seeds: [[0, 0, 0, 0].slice(0, heightM > 0 ? 4 : 3)],
    },
  );
  const kept: { x: readonly number[]; candidate: TableCandidate }[] = [];
  for (const { x, value } of population) {
    const isNew = kept.every(({ x: other }) => {
      const turn = Math.abs(Math.atan2(Math.sin(x[0] - other[0]), Math.cos(x[0] - other[0])));
      return turn > Math.PI / 9 || Math.hypot(x[1] - other[1], x[2] - other[2]) > object.radiusM / 3;
    });
    if (isNew) kept.push({ x, candidate: { cameraFromObject: poseOf(x), value } });
    if (kept.length === 3) break;
  }
  return kept.map(({ candidate }) => candidate);
}

function raised(cameraFromWorld: Mat4, pose: Mat4, heightM: number): Mat4 {
  const out = [...pose];
  for (let c = 0; c < 3; c++) out[4 * c + 3] += heightM * cameraFromWorld[4 * c + 2];
  return out;
}

/** The pose turned by yaw about the vertical through its own centre, then moved on the table. */
function slid(cameraFromWorld: Mat4, worldFromObject: Mat4, yaw: number, dx: number, dy: number): Mat4 {
  const centre = translationOf(worldFromObject);
  const turned = compose(
    fromTranslation([centre[0] + dx, centre[1] + dy, centre[2]]),
    fromAxisAngle([0, 0, 1], yaw),
    fromTranslation([-centre[0], -centre[1], -centre[2]]),
  );
  return compose(cameraFromWorld, turned, worldFromObject);
}
