/** `v2r robot`: other arms to show in episodes, and the built-in one as files. */
import path from 'node:path';
import type { Command } from 'commander';
import { importRobot } from '../robot/build/import-robot.js';
import { writeFranka } from '../robot/build/write-franka.js';
import { downwardReach } from '../robot/reach.js';
import type { RobotFile } from '../robot/robot-io.js';
import { printJson, type VerbState } from './verb.js';

interface RobotFlags {
  out?: string;
  json?: boolean;
}

export function addRobotVerb(program: Command, _state: VerbState): void {
  const robot = program.command('robot').description('robots besides the built-in Franka, and that one as files');
  robot
    .command('import <file>')
    .description(
      'read a robot description (URDF or MJCF .xml) and its meshes (STL, OBJ, DAE, GLB) into a folder for `v2r run --robot FOLDER`',
    )
    .option('-o, --out <folder>', 'folder to write (default: robots/NAME-OF-FILE)')
    .option('--json', 'print one JSON summary on stdout')
    .action(async (file: string, flags: RobotFlags) => {
      const folder = flags.out ?? path.join('robots', path.parse(file).name);
      const imported = await importRobot(file, folder, (what) => process.stderr.write(`${what}\n`));
      report(imported, folder, flags);
    });
  robot
    .command('franka')
    .description('write the built-in Franka as such a folder: its Gaussians as PLY, one file per link, hand and finger')
    .option('-o, --out <folder>', 'folder to write', path.join('robots', 'franka-3dgs'))
    .option('--json', 'print one JSON summary on stdout')
    .action(async (flags: RobotFlags & { out: string }) => report(await writeFranka(flags.out), flags.out, flags));
  for (const command of robot.commands) command.exitOverride();
}

function report({ model, levels, notes }: RobotFile, folder: string, flags: RobotFlags): void {
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
}
