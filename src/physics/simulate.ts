/** Replays joint targets in MuJoCo (WebAssembly, official bindings). The same inputs give the same motion on the same machine. */
import loadMujoco, { type MainModule, type MjData, type MjModel } from '@mujoco/mujoco';
import { fromQuaternion, type Mat4 } from '../math/se3.js';
import { fingerTargets, GRIP_TRAVEL_M } from './gripper-mjcf.js';
import { type PhysicsScene, TIMESTEP_SEC, toMjcf } from './mjcf.js';

export interface JointTargets {
  readonly fps: number;
  readonly numFrames: number;
  /** [T, n] radians. */
  readonly jointPositions: Float32Array;
  /** [T] metres. */
  readonly gripperWidth: Float32Array;
  /** [T] share of the grip's force, 0..1: how hard the fingers press beyond their width. */
  readonly grip: Float32Array;
}

export interface Simulated {
  /** By object id: worldFromObject at every frame, then one more after everything has come to rest. */
  readonly poses: ReadonlyMap<number, Mat4[]>;
  readonly steps: number;
}

/** Objects settle on the table before the arm moves, and after it has stopped, seconds. */
const SETTLE_BEFORE_SEC = 0.1;
const SETTLE_AFTER_SEC = 1;

let loading: Promise<MainModule> | undefined;

/** One engine per thread. */
export function openMujoco(): Promise<MainModule> {
  // Its hull builder remarks on thin pieces; errors are thrown, not printed.
  loading ??= loadMujoco({ print: () => {}, printErr: () => {} });
  return loading;
}

export function simulate(mujoco: MainModule, scene: PhysicsScene, targets: JointTargets): Simulated {
  const model = mujoco.MjModel.from_xml_string(toMjcf(scene));
  const data = new mujoco.MjData(model);
  try {
    mujoco.mj_resetDataKeyframe(model, data, 0);
    return run(mujoco, model, data, scene, targets);
  } finally {
    data.delete();
    model.delete();
  }
}

function run(mujoco: MainModule, model: MjModel, data: MjData, scene: PhysicsScene, targets: JointTargets): Simulated {
  const { fps, numFrames } = targets;
  const poses = new Map<number, Mat4[]>(scene.objects.map(({ id }) => [id, []]));
  const record = (): void => {
    scene.objects.forEach(({ id }, k) => {
      poses.get(id)!.push(poseOf(data, scene.robot.joints.length + scene.robot.gripper.fingers.length + 7 * k));
    });
  };
  let steps = 0;
  const advance = (seconds: number, timeAt: (done: number) => number): void => {
    const count = Math.round(seconds / TIMESTEP_SEC);
    for (let k = 0; k < count; k++) {
      setTargets(data, scene, targets, timeAt(k * TIMESTEP_SEC));
      mujoco.mj_step(model, data);
      steps++;
    }
  };
  advance(SETTLE_BEFORE_SEC, () => 0);
  record();
  let time = 0;
  for (let frame = 1; frame < numFrames; frame++) {
    const until = frame / fps;
    const from = time;
    const span = Math.round((until - from) / TIMESTEP_SEC) * TIMESTEP_SEC;
    advance(span, (done) => from + done);
    time = from + span;
    record();
  }
  advance(SETTLE_AFTER_SEC, () => time);
  record();
  return { poses, steps };
}

/**
 * Targets at a time, straight between frames. Damping works against the speed of the targets too, so they are led by what that
 * costs: position control that is told the wanted speed, as arms' controllers are.
 */
function setTargets(data: MjData, scene: PhysicsScene, targets: JointTargets, timeSec: number): void {
  const { fps, numFrames, jointPositions, gripperWidth, grip } = targets;
  const n = scene.robot.joints.length;
  const at = Math.min(numFrames - 1, Math.max(0, timeSec * fps));
  const frame = Math.min(numFrames - 2, Math.floor(at));
  const s = at - frame;
  const ctrl = data.ctrl as Float64Array;
  for (let i = 0; i < n; i++) {
    const a = jointPositions[frame * n + i];
    const b = jointPositions[(frame + 1) * n + i];
    const speed = at >= numFrames - 1 ? 0 : (b - a) * fps;
    ctrl[i] = a + s * (b - a) + LEAD_SEC * speed;
  }
  const widthM = gripperWidth[frame] + s * (gripperWidth[frame + 1] - gripperWidth[frame]);
  const press = grip[frame] + s * (grip[frame + 1] - grip[frame]);
  // Both pads press: the goal is narrower by twice a pad's travel.
  ctrl.set(fingerTargets(scene.robot.gripper, widthM - 2 * press * GRIP_TRAVEL_M), n);
}

/** Damping over stiffness of the joints' control, the same for all of them. */
const LEAD_SEC = 0.1;

/** Pose of the free joint whose seven coordinates begin at `at`. */
function poseOf(data: MjData, at: number): Mat4 {
  const [x, y, z, w, i, j, k] = (data.qpos as Float64Array).subarray(at, at + 7);
  return fromQuaternion([w, i, j, k], [x, y, z]);
}
