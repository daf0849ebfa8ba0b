/** CPU time of inverse kinematics per waypoint of a straight way, each solve seeded by the one before. */
import { compose, fromTranslation, identity } from '../../src/math/se3.js';
import { followPoses } from '../../src/robot/follow.js';
import { createFranka } from '../../src/robot/franka.js';
import { armFrames } from '../../src/robot/kinematics.js';

const WAYPOINTS = 200;
const ROUNDS = 20;

export function ikMsPerWaypoint(): number {
  const robot = createFranka();
  const { tool } = armFrames(robot, robot.home);
  const way = Array.from({ length: WAYPOINTS }, (_, k) =>
    compose(fromTranslation([0, (0.3 * k) / WAYPOINTS, (-0.15 * k) / WAYPOINTS]), tool),
  );
  const follow = (): number => followPoses(robot, identity(), way, robot.home).length;
  if (follow() !== WAYPOINTS) throw new Error('the straight way of the bench cannot be followed');
  const before = process.cpuUsage().user;
  for (let round = 0; round < ROUNDS; round++) follow();
  return (process.cpuUsage().user - before) / 1000 / (ROUNDS * WAYPOINTS);
}
