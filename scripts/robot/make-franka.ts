/**
 * Writes the Gaussian Franka as PLY files, one per link in the link's frame, to look at in any splat viewer. The program itself makes the
 * same sets in memory (src/robot/franka-shapes.ts).
 *
 *   npx tsx scripts/robot/make-franka.ts OUT [--width 640]
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createFranka } from '../../src/robot/franka.js';
import { FRANKA_SHAPES } from '../../src/robot/franka-shapes.js';
import { robotGaussians, spacingFor } from '../../src/robot/robot-gaussians.js';
import { writePly } from '../../src/splat/ply.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { width: { type: 'string', default: '640' } },
});
const [out] = positionals;
if (!out) throw new Error('usage: make-franka.ts OUT [--width 640]');
const numJoints = createFranka().joints.length;
const robot = robotGaussians(FRANKA_SHAPES, numJoints + 2, spacingFor(Number(values.width)));
for (const [frame, set] of robot.links.entries()) {
  const name = frame > numJoints ? 'hand' : `link${frame}`;
  await writePly(path.join(out, `${name}.ply`), set);
}
await writePly(path.join(out, 'finger.ply'), robot.fingers[0]);
console.log(`${robot.count} Gaussians in ${robot.links.length + 1} files in ${out}`);
