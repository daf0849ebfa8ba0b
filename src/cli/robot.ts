/** `v2r robot import FILE`: a URDF or MJCF arm with its meshes becomes a robot that episodes can show. */
import path from 'node:path';
import type { Command } from 'commander';
import { importRobot } from '../robot/build/import-robot.js';
import { downwardReach } from '../robot/reach.js';
import { printJson, type VerbState } from './verb.js';

interface ImportFlags {
  out?: string;
  json?: boolean;
}

export function addRobotVerb(program: Command, _state: VerbState): void {
  const robot = program.command('robot').description('robots besides the built-in Franka');
  robot
    .command('import <file>')
    .description(
      'read a robot description (URDF or MJCF .xml) and its meshes (STL, OBJ, DAE, GLB) into a folder for `v2r run --robot FOLDER`',
    )
    .option('-o, --out <folder>', 'folder to write (default: robots/NAME-OF-FILE)')
    .option('--json', 'print one JSON summary on stdout')
    .action(async (file: string, flags: ImportFlags) => {
      const folder = flags.out ?? path.join('robots', path.parse(file).name);
      const { model, levels, notes } = await importRobot(file, folder, (what) => process.stderr.write(`${what}\n`));
      const [nearM, farM] = downwardReach(model);
      if (flags.json) {
        printJson({
          kind: 'robot',
          folder,
          name: model.name,
          joints: model.joints.map(({ name, lowerRad, upperRad }) => ({ name, lowerRad, upperRad })),
          gripper: { maxWidthM: model.gripper.maxWidthM, fingers: model.gripper.fingers.map(({ name }) => name) },
          capsules: model.capsules.length,
          gaussians: levels.map(({ count }) => count),
          reachM: [nearM, farM],
          notes,
        });
        return;
      }
      const cm = (m: number): string => `${(100 * m).toFixed(1)} cm`;
      const lines = [
        `${model.name}: ${model.joints.length} joints (${model.joints.map(({ name }) => name).join(', ')})`,
        `gripper: ${model.gripper.fingers.length} moving parts, opens ${cm(model.gripper.maxWidthM)}`,
        `reach, hand pointing down: ${cm(nearM)} to ${cm(farM)} from the base`,
        `${model.capsules.length} capsules, ${levels.map(({ count }) => count).join(' / ')} Gaussians (large / small images)`,
        ...notes.map((note) => `note: ${note}`),
        `${folder}: robot.json, preview.png; use it with: v2r run VIDEO --robot ${folder}`,
      ];
      process.stderr.write(`${lines.join('\n')}\n`);
    });
  for (const command of robot.commands) command.exitOverride();
}
