/** Events and roles. */
import type { Truth } from '../../scripts/fixtures/truth.js';
import type { Trajectory } from '../../src/pipeline/export-trajectory.js';
import { meanOf } from './stats.js';

type TrueKind = Truth['events'][number]['kind'];
type FoundKind = Trajectory['events'][number]['kind'];

/**
 * True kinds that a skill names too. True `lift` is where the object starts to move and `down` where it has come to rest, which
 * the skill calls `grasp` and `release`. When fingers touch or let go without moving anything is not looked for.
 */
export const SAME: Partial<Record<TrueKind, FoundKind>> = {
  lift: 'grasp',
  down: 'release',
  hit: 'contact',
  'push-start': 'grasp',
  'push-end': 'release',
};

export interface EventScores {
  /** Mean absolute difference of the events that were found, frames of the run. */
  errorFrames: number | null;
  found: number;
  expected: number;
  /** Each expected event: signed difference in frames (found minus true), null when missing. */
  each: { kind: TrueKind; trueFrame: number; differenceFrames: number | null }[];
}

/** `trueFrames`: frame of the run for each true event. */
export function scoreEvents(
  trueEvents: Truth['events'],
  trueFrames: readonly number[],
  foundEvents: Trajectory['events'],
  matches: ReadonlyMap<number, number>,
): EventScores {
  const free = new Set(foundEvents);
  const each: EventScores['each'] = [];
  trueEvents.forEach(({ kind, objectId }, i) => {
    const wanted = SAME[kind];
    if (!wanted) return;
    // A hit is a contact of the stick with the drum: the skill lists it with the one, the truth with the other.
    const fits = [...free].filter(
      (event) => event.kind === wanted && (kind === 'hit' || matches.get(event.objectId) === objectId),
    );
    const distanceTo = (event: Trajectory['events'][number]): number => Math.abs(event.frame - trueFrames[i]);
    const best = fits.sort((a, b) => distanceTo(a) - distanceTo(b))[0];
    if (best) free.delete(best);
    each.push({ kind, trueFrame: trueFrames[i], differenceFrames: best ? best.frame - trueFrames[i] : null });
  });
  const found = each.filter(({ differenceFrames }) => differenceFrames !== null);
  return {
    errorFrames: meanOf(found.map(({ differenceFrames }) => Math.abs(differenceFrames!))),
    found: found.length,
    expected: each.length,
    each,
  };
}

/** Is the true source, and nothing else, the found source, and the true target a found target? */
export function rolesRight(
  trueObjects: readonly Pick<Truth['objects'][number], 'id' | 'role'>[],
  foundObjects: readonly Pick<Trajectory['objects'][number], 'id' | 'role'>[],
  matches: ReadonlyMap<number, number>,
): boolean {
  const trueRole = (foundId: number): string =>
    trueObjects.find(({ id }) => id === matches.get(foundId))?.role ?? 'nothing';
  const rolesOf = (role: string): string[] => foundObjects.filter((o) => o.role === role).map(({ id }) => trueRole(id));
  const sources = rolesOf('source');
  const targets = rolesOf('target');
  const mayBeSource = ['source', 'moved'];
  return (
    sources.includes('source') &&
    sources.every((role) => mayBeSource.includes(role)) &&
    targets.includes('target') &&
    targets.every((role) => role === 'target' || role === 'moved')
  );
}
