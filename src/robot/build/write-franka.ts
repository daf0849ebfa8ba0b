/** Writes the built-in Franka as a robot folder: to look at its Gaussians elsewhere, to repaint them, or as a start for another arm. */
import path from 'node:path';
import { createFranka } from '../franka.js';
import { FRANKA_SHAPES } from '../franka-shapes.js';
import { robotGaussians, spacingFor } from '../robot-gaussians.js';
import { type RobotFile, writeRobot } from '../robot-io.js';
import { writePreview } from './preview.js';

/** Widths of the images that the two levels are made for, pixels. */
const LEVEL_WIDTHS_PX = [640, 320];

/** The folder is one of `v2r robot import`: `--robot FOLDER` shows and moves the same arm as without it. */
export async function writeFranka(folder: string): Promise<RobotFile> {
  const model = createFranka();
  const levels = LEVEL_WIDTHS_PX.map((widthPx) => {
    const spacingM = spacingFor(widthPx);
    return { spacingM, gaussians: robotGaussians(FRANKA_SHAPES, model.joints.length + 2, spacingM) };
  });
  const robot = await writeRobot(folder, { source: 'built-in', model, notes: [] }, levels);
  await writePreview(path.join(folder, 'preview.png'), model, levels[0].gaussians);
  return robot;
}
