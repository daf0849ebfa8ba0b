/** Mass, inertia and friction of objects: the shape is known, what it is made of is guessed from its name. */
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';

export interface MassProperties {
  readonly massKg: number;
  /** Object frame, metres. */
  readonly centre: Vec3;
  /** About the centre, along the object's axes: xx, yy, zz, xy, xz, yz, kg m^2. */
  readonly inertia: readonly [number, number, number, number, number, number];
}

export interface ClassPrior {
  /** Words of names that it holds for; empty: everything else. */
  readonly words: readonly string[];
  /** Mass of the space inside of the outer surface, kg/m^3: a filled can is mostly water, a mug mostly air. */
  readonly densityKgM3: number;
  /** Coulomb coefficient of sliding against wood, rubber or its like. */
  readonly friction: number;
  /** Gives way under a light press: bristles, foam, cloth. */
  readonly isSoft?: boolean;
}

/** Typical things on tables; densities from weights of such things in kitchens and offices. */
export const CLASS_PRIORS: readonly ClassPrior[] = [
  { words: ['can', 'tin', 'jar', 'bottle', 'carton'], densityKgM3: 700, friction: 0.5 },
  { words: ['bowl', 'plate', 'saucer', 'dish', 'mug', 'cup', 'pot', 'glass'], densityKgM3: 1500, friction: 0.5 },
  { words: ['dustpan', 'tray', 'pan', 'sheet'], densityKgM3: 3000, friction: 0.5 },
  { words: ['sponge', 'plush', 'cloth', 'towel'], densityKgM3: 150, friction: 0.7, isSoft: true },
  { words: ['brush', 'broom'], densityKgM3: 600, friction: 0.5, isSoft: true },
  { words: ['ball', 'toy', 'duck'], densityKgM3: 250, friction: 0.7 },
  { words: ['block', 'cube', 'brick', 'box', 'lego', 'drum', 'peg'], densityKgM3: 500, friction: 0.6 },
  {
    words: ['stick', 'spoon', 'pen', 'marker', 'rod', 'spatula', 'knife', 'fork'],
    densityKgM3: 600,
    friction: 0.5,
  },
  { words: ['lid', 'cap', 'cover'], densityKgM3: 700, friction: 0.5 },
  {
    words: ['banana', 'apple', 'orange', 'pear', 'lemon', 'fruit', 'potato', 'tomato'],
    densityKgM3: 900,
    friction: 0.6,
  },
  { words: [], densityKgM3: 500, friction: 0.6 },
];

/** Nothing on the table weighs less or more: a wrong shape must not make a feather or an anvil, kg. */
const LIGHTEST_KG = 0.005;
const HEAVIEST_KG = 1.5;

/** Of an open thing only the walls weigh: what its name does not tell is taken for a bowl of some kind, not for a block of wood. */
const NAMELESS_VESSEL: ClassPrior = { words: [], densityKgM3: 1500, friction: 0.5 };

export function priorFor(name: string, isHollow = false): ClassPrior {
  const words = name.toLowerCase().split(/[^a-z]+/);
  const named = CLASS_PRIORS.find((prior) => prior.words.some((word) => words.includes(word)));
  return named ?? (isHollow ? NAMELESS_VESSEL : CLASS_PRIORS[CLASS_PRIORS.length - 1]);
}

/** Integrals over the tetrahedra between the origin and every face. Source: Tonon 2004, "Explicit exact formulas". */
export function massOf(mesh: TriangleMesh, densityKgM3: number): MassProperties {
  const { vertices: v, triangles: t } = mesh;
  let volume = 0;
  const first: Vec3 = [0, 0, 0];
  const second = [0, 0, 0, 0, 0, 0];
  const pairs = [
    [0, 0],
    [1, 1],
    [2, 2],
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    const six =
      v[a] * (v[b + 1] * v[c + 2] - v[b + 2] * v[c + 1]) -
      v[a + 1] * (v[b] * v[c + 2] - v[b + 2] * v[c]) +
      v[a + 2] * (v[b] * v[c + 1] - v[b + 1] * v[c]);
    volume += six / 6;
    for (let i = 0; i < 3; i++) first[i] += (six / 24) * (v[a + i] + v[b + i] + v[c + i]);
    pairs.forEach(([i, j], k) => {
      const sum = (v[a + i] + v[b + i] + v[c + i]) * (v[a + j] + v[b + j] + v[c + j]);
      const own = v[a + i] * v[a + j] + v[b + i] * v[b + j] + v[c + i] * v[c + j];
      second[k] += (six / 120) * (sum + own);
    });
  }
  const wanted = Math.min(HEAVIEST_KG, Math.max(LIGHTEST_KG, Math.abs(volume) * densityKgM3));
  if (!(Math.abs(volume) > 1e-9))
    return { massKg: LIGHTEST_KG, centre: [0, 0, 0], inertia: [1e-6, 1e-6, 1e-6, 0, 0, 0] };
  const centre: Vec3 = [first[0] / volume, first[1] / volume, first[2] / volume];
  const [xx, yy, zz, xy, xz, yz] = pairs.map(
    ([i, j], k) => (wanted * second[k]) / volume - wanted * centre[i] * centre[j],
  );
  return { massKg: wanted, centre, inertia: [yy + zz, xx + zz, xx + yy, -xy, -xz, -yz] };
}
