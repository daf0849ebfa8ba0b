/** Names and roles that the user gave, and those of others that stay. */
import { UserError } from '../../base/errors.js';
import type { Mover } from '../movers/movers.js';
import type { ObjectRole, PerceivedObject } from '../perception.js';
import type { Segmentation } from '../providers/provider.js';
import type { Hints } from './hints.js';

/** Names that others gave stay with the movers and targets they were given to. */
export function keptNames(result: Segmentation, found: Segmentation): PerceivedObject[] {
  const nameOf = new Map<Mover | Uint8Array, string>();
  for (const { id, name } of found.objects) {
    const target = found.targets.find((candidate) => candidate.id === id);
    const owner = target?.mask ?? found.movers[id - 1];
    if (owner) nameOf.set(owner, name);
  }
  return result.objects.map((object) => {
    const target = result.targets.find((candidate) => candidate.id === object.id);
    const owner = target?.mask ?? result.movers[object.id - 1];
    return { ...object, name: nameOf.get(owner) ?? object.name };
  });
}

export const renamed = (objects: readonly PerceivedObject[], names: ReadonlyMap<number, string>): PerceivedObject[] =>
  objects.map((object) => {
    const name = names.get(object.id);
    return name === undefined ? object : { ...object, name, evidence: `${object.evidence}; named by the user` };
  });

export function withRoles(objects: readonly PerceivedObject[], { source, target }: Hints): PerceivedObject[] {
  const wanted: [string, string | null, ObjectRole][] = [
    ['--source', source, 'source'],
    ['--target', target, 'target'],
  ];
  let out = [...objects];
  for (const [flag, name, role] of wanted) {
    if (name === null) continue;
    if (!objects.some((object) => object.name === name)) {
      const known = objects.map((object) => object.name).join(', ') || 'none';
      throw new UserError(`${flag} ${name}: no object of that name; there are: ${known}`, `--object "${name}@X,Y"`);
    }
    out = out.map((object) =>
      object.name === name ? { ...object, role } : object.role === role ? { ...object, role: 'passive' } : object,
    );
  }
  return out;
}
