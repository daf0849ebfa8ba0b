/** A sheet of pictures of a robot: a turn around it at home, then other configurations and gripper openings. */
import { Random } from '../../base/random.js';
import { writePng } from '../../image/image-io.js';
import { contactSheet } from '../../image/sheet.js';
import { compose, identity } from '../../math/se3.js';
import { distance, lerp, type Vec3 } from '../../math/vec3.js';
import { createRenderer } from '../../splat/create-renderer.js';
import type { Instance } from '../../splat/renderer.js';
import { lookAt, renderView } from '../../splat/views.js';
import { selfClearance } from '../collision.js';
import { armFrames, fingerFrames } from '../kinematics.js';
import { CAPSULE_STRIDE, placeArm } from '../placed-arm.js';
import type { RobotGaussians } from '../robot-gaussians.js';
import type { RobotModel } from '../robot-model.js';

const COLUMNS = 4;
const VIEWS = 8;
const CELL_PX = 320;
const BACKGROUND: Vec3 = [0.62, 0.66, 0.7];
/** Distance of the camera in radii of the ball around the arm, and its height over that distance. */
const DISTANCE = 4.6;
const ELEVATION = 0.25;

export async function writePreview(file: string, robot: RobotModel, gaussians: RobotGaussians): Promise<void> {
  const renderer = await createRenderer();
  const links = gaussians.links.map((set) => renderer.prepare(set));
  const fingers = gaussians.fingers.map((set) => renderer.prepare(set));
  const random = new Random(31);
  const forward = robot.mount.forwardRad;
  const { middle, radiusM } = ballAround(robot);
  const pictures = Array.from({ length: VIEWS }, (_, k) => {
    const isTurn = k < COLUMNS;
    const q = isTurn ? robot.home : randomPose(robot, random);
    const widthM = robot.gripper.maxWidthM * (k % 2 === 0 ? 1 : 0.2);
    const angle = forward + 0.6 + (2 * Math.PI * (k % COLUMNS)) / COLUMNS;
    const away = DISTANCE * radiusM;
    const eye: Vec3 = [
      middle[0] + away * Math.cos(angle),
      middle[1] + away * Math.sin(angle),
      middle[2] + ELEVATION * away,
    ];
    const cameraFromBase = lookAt(eye, middle, [0, 0, 1]);
    const { links: frames, tool } = armFrames(robot, q);
    const at = (m: readonly number[]): number[] => compose(cameraFromBase, [...m]);
    const instances: Instance[] = [
      ...frames.map((frame, i) => ({ set: links[i], cameraFromSet: at(frame), label: 1 })),
      ...fingerFrames(robot, tool, widthM).map((frame, i) => ({ set: fingers[i], cameraFromSet: at(frame), label: 1 })),
    ].filter(({ set }) => set.count > 0);
    const camera = {
      widthPx: CELL_PX,
      heightPx: CELL_PX,
      fx: 1.7 * CELL_PX,
      fy: 1.7 * CELL_PX,
      cx: CELL_PX / 2,
      cy: CELL_PX / 2,
    };
    return renderView(renderer, camera, instances, { background: BACKGROUND });
  });
  await writePng(file, await contactSheet(pictures, { columns: COLUMNS, cellWidthPx: CELL_PX }));
}

/** Ball around the arm's capsules at home. */
function ballAround(robot: RobotModel): { middle: Vec3; radiusM: number } {
  const { capsules } = placeArm(robot, robot.home, 0, identity());
  const low: Vec3 = [0, 0, 0];
  const high: Vec3 = [0, 0, 0];
  for (let at = 0; at < capsules.length; at += CAPSULE_STRIDE) {
    for (let k = 0; k < 6; k++) {
      low[k % 3] = Math.min(low[k % 3], capsules[at + k] - capsules[at + 6]);
      high[k % 3] = Math.max(high[k % 3], capsules[at + k] + capsules[at + 6]);
    }
  }
  return { middle: lerp(low, high, 0.5), radiusM: distance(low, high) / 2 };
}

/** A configuration above the table that does not fold onto itself, near home if none is found. */
function randomPose(robot: RobotModel, random: Random): number[] {
  for (let attempt = 0; attempt < 200; attempt++) {
    const q = robot.joints.map(({ lowerRad, upperRad }, i) =>
      Math.min(upperRad, Math.max(lowerRad, robot.home[i] + random.normal(0, 0.6))),
    );
    const arm = placeArm(robot, q, robot.gripper.maxWidthM, identity());
    const isAbove = armFrames(robot, q)
      .links.slice(2)
      .every((frame) => frame[11] > -robot.mount.heightM);
    if (isAbove && selfClearance(robot, arm) > 0) return q;
  }
  return [...robot.home];
}
