/** Words for people and language-conditioned policies. */
import type { ObjectModel } from '../objects/object-model.js';
import { isOpen } from './actor.js';
import type { Journey, Task } from './journey.js';

/** Perception numbers equal names ("red object 2"); a person would not. */
const plainName = (model: ObjectModel): string => model.name.replace(/ \d+$/, '');

/** Names that tell all objects apart: equal ones get "left", "right", "middle" by their place (x grows to the right). */
export function distinctNames(objects: readonly { model: ObjectModel; xM: number }[]): Map<number, string> {
  const names = new Map<number, string>();
  for (const { model } of objects) {
    const name = plainName(model);
    const same = objects.filter((o) => plainName(o.model) === name).sort((a, b) => a.xM - b.xM);
    const rank = same.findIndex((o) => o.model.id === model.id);
    const side = rank === 0 ? 'left' : rank === same.length - 1 ? 'right' : 'middle';
    // With four and more alike "middle" says too little: then the number stays.
    const several = same.length > 3 && side === 'middle' ? model.name : `${side} ${name}`;
    names.set(model.id, same.length === 1 ? name : several);
  }
  return names;
}

/** "put the red object into the white bowl" */
export function taskClause(journey: Journey, task: Task): string {
  const source = `the ${journey.actor.name}`;
  const target = task.target ? `the ${task.target.name}` : 'the table';
  switch (task.word) {
    case 'pour':
      return `pour from ${source} ${task.target && isOpen(task.target) ? 'into' : 'over'} ${target}`;
    case 'drum':
      return `drum on ${target} with ${source}`;
    case 'sweep': {
      const things = task.driven.map((d) => `the ${d.name}`).join(' and ');
      const goal = task.relation ? ` ${sweepGoal(task.relation.preposition)} ${target}` : '';
      return `sweep ${things}${goal} with ${source}`;
    }
    case 'stack':
      return `stack ${source} on top of ${target}`;
    case 'attach':
      return task.relation?.kind === 'inserted' ? `insert ${source} into ${target}` : `attach ${source} to ${target}`;
    case 'place':
      return `put ${source} ${task.relation?.preposition ?? 'onto'} ${target}`;
    default:
      return `${journey.liftFrame === null ? 'push' : 'move'} ${source}${direction(journey)}`;
  }
}

const sweepGoal = (preposition: string): string => (preposition === 'next to' ? 'to' : preposition);

/** Where a journey leads, by its larger component on the table: " to the right", " away from the camera". */
function direction({ carry, actor }: Journey): string {
  const poses = actor.track.worldFromObject;
  const a = carry.restBefore ?? poses[carry.fromFrame];
  const b = carry.restAfter ?? poses[carry.toFrame];
  const dx = b[3] - a[3];
  const dy = b[7] - a[7];
  if (!carry.restAfter) return ' up';
  if (Math.abs(dx) >= Math.abs(dy)) return dx > 0 ? ' to the right' : ' to the left';
  return dy > 0 ? ' to the back' : ' to the front';
}

/** One sentence for all tasks; setting a tool back down after its task goes without saying. */
export function instructionOf(steps: readonly { journey: Journey; task: Task }[]): string {
  const clauses: string[] = [];
  steps.forEach(({ journey, task }, i) => {
    const before = steps[i - 1];
    const putsBack = before?.journey === journey && task.target === null;
    if (!putsBack) clauses.push(taskClause(journey, task));
  });
  return clauses.join(', then ');
}
