/** Checks that links and joints form one tree, and orders the joints from the root outward. */
import { UserError } from '../../base/errors.js';
import type { JointDescription, LinkDescription, RobotDescription } from './description.js';

export function asTree(
  file: string,
  name: string,
  links: ReadonlyMap<string, LinkDescription>,
  joints: readonly JointDescription[],
  home: ReadonlyMap<string, number>,
): RobotDescription {
  if (links.size === 0) throw new UserError(`${file} has no links`, 'give a robot description (URDF or MJCF)');
  const carriedBy = new Map<string, JointDescription>();
  for (const joint of joints) {
    for (const end of [joint.parent, joint.child]) {
      if (!links.has(end)) throw new UserError(`${file}: joint ${joint.name} names a link that is not there: ${end}`);
    }
    const other = carriedBy.get(joint.child);
    if (other) {
      throw new UserError(`${file}: link ${joint.child} hangs on two joints (${other.name}, ${joint.name})`);
    }
    carriedBy.set(joint.child, joint);
    const { mimic } = joint;
    if (mimic && !joints.some((leader) => leader.name === mimic.joint)) {
      throw new UserError(`${file}: joint ${joint.name} mimics a joint that is not there: ${mimic.joint}`);
    }
  }
  const roots = [...links.keys()].filter((link) => !carriedBy.has(link));
  if (roots.length !== 1) {
    const what =
      roots.length === 0 ? 'no link to stand on: the joints form a loop' : `several roots: ${roots.join(', ')}`;
    throw new UserError(`${file}: ${what}`, 'connect all links into one tree');
  }
  const ordered: JointDescription[] = [];
  const reached = new Set(roots);
  for (let grew = true; grew; ) {
    grew = false;
    for (const joint of joints) {
      if (reached.has(joint.child) || !reached.has(joint.parent)) continue;
      reached.add(joint.child);
      ordered.push(joint);
      grew = true;
    }
  }
  const lost = [...links.keys()].find((link) => !reached.has(link));
  if (lost !== undefined) throw new UserError(`${file}: link ${lost} is in a loop of joints`);
  return { name, root: roots[0], links, joints: ordered, home };
}
