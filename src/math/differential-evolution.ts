/** Differential evolution, rand/1/bin (Storn & Price 1997): global search over a box, seeded. */
import type { Random } from '../base/random.js';
import type { Minimum } from './nelder-mead.js';

export interface EvolutionOptions {
  readonly populationSize: number;
  readonly generations: number;
  /** F in the paper. Default: drawn per generation from [0.5, 0.9] ("dither", which the authors recommend). */
  readonly differenceWeight?: number;
  /** CR in the paper, default 0.9: our parameters depend on each other (offset along the view and height). */
  readonly crossoverRate?: number;
  /** Coordinates that wrap around from `high` to `low` (angles). */
  readonly periodic?: readonly boolean[];
  /** Taken into the first population as they are. */
  readonly seeds?: readonly (readonly number[])[];
  /** Called once per generation; throw to stop. */
  readonly onGeneration?: (generation: number, best: Minimum) => void;
}

/** The final population, best first. Several far-apart good ones mean that the answer is ambiguous. */
export function differentialEvolution(
  loss: (x: readonly number[]) => number,
  low: readonly number[],
  high: readonly number[],
  random: Random,
  options: EvolutionOptions,
): Minimum[] {
  const { populationSize, generations, crossoverRate = 0.9, periodic = [], seeds = [] } = options;
  if (populationSize < 4) throw new Error(`differential evolution needs at least 4 members, got ${populationSize}`);
  const n = low.length;
  const evaluate = (x: number[]): Minimum => {
    const value = loss(x);
    return { x, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value };
  };
  const population: Minimum[] = [];
  for (let i = 0; i < populationSize; i++) {
    population.push(evaluate(i < seeds.length ? [...seeds[i]] : low.map((lo, k) => random.uniform(lo, high[k]))));
  }
  for (let generation = 0; generation < generations; generation++) {
    const weight = options.differenceWeight ?? random.uniform(0.5, 0.9);
    for (let i = 0; i < populationSize; i++) {
      const [a, b, c] = threeOthers(i, populationSize, random);
      const forced = random.int(n);
      const parent = population[i].x;
      const trial = parent.map((value, k) => {
        if (k !== forced && random.uniform01() >= crossoverRate) return value;
        const mutant = population[a].x[k] + weight * (population[b].x[k] - population[c].x[k]);
        return intoRange(mutant, value, low[k], high[k], periodic[k] ?? false);
      });
      const candidate = evaluate(trial);
      if (candidate.value <= population[i].value) population[i] = candidate;
    }
    options.onGeneration?.(generation, best(population));
  }
  return [...population].sort((p, q) => p.value - q.value);
}

function best(population: readonly Minimum[]): Minimum {
  return population.reduce((p, q) => (q.value < p.value ? q : p));
}

/** Wraps periodic coordinates; others that left the box land halfway between the parent and the bound they crossed. */
function intoRange(value: number, parent: number, low: number, high: number, periodic: boolean): number {
  if (periodic) return low + ((((value - low) % (high - low)) + (high - low)) % (high - low));
  if (value < low) return (low + parent) / 2;
  if (value > high) return (high + parent) / 2;
  return value;
}

function threeOthers(i: number, count: number, random: Random): [number, number, number] {
  const picked: number[] = [];
  while (picked.length < 3) {
    const k = random.int(count);
    if (k !== i && !picked.includes(k)) picked.push(k);
  }
  return [picked[0], picked[1], picked[2]];
}
