import { beforeAll, describe, expect, it } from 'vitest';
import { accuracyText } from '../../bench/pipeline/accuracy-doc.js';
import { evaluate } from '../../bench/pipeline/evaluate.js';
import type { FoundScene } from '../../bench/pipeline/found.js';
import { firstHit } from '../../bench/pipeline/tracks.js';
import type { TrueScene } from '../../bench/pipeline/truth.js';
import { type ByteImage, createBytes } from '../../src/image/image.js';
import { project, rayOf } from '../../src/math/camera.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  identity,
  inverse,
  type Mat4,
  transformDirection,
  transformPoint,
  translationOf,
} from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { boxMesh, transformMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { HAND_ID } from '../../src/perceive/perception.js';

const CAMERA = { widthPx: 96, heightPx: 72, fx: 90, fy: 90, cx: 48, cy: 36 };
const NUM_FRAMES = 12;
/** Looking down at the table by 45 degrees from 0.6 m. */
const CAMERA_FROM_WORLD = compose(fromTranslation([0, 0, 0.6]), fromAxisAngle([1, 0, 0], (3 * Math.PI) / 4));
const MESHES = new Map<number, TriangleMesh>([
  [1, transformMesh(boxMesh(0.06, 0.08, 0.05), fromTranslation([0, 0, -0.025]))],
  [2, transformMesh(boxMesh(0.1, 0.1, 0.04), fromTranslation([0, 0, -0.02]))],
]);
const SIZES: Record<number, Vec3> = { 1: [0.06, 0.08, 0.05], 2: [0.1, 0.1, 0.04] };

/** Object 1 rests until frame 3, is carried and turned, and rests from frame 9 on; object 2 stands still. */
function poseOf(id: number, k: number): Mat4 {
  const share = Math.min(1, Math.max(0, (k - 3) / 6));
  const world =
    id === 1
      ? compose(fromTranslation([-0.12 + 0.1 * share, 0.02, 0.03 + 0.05 * share]), fromYaw(share))
      : fromTranslation([0.1, 0, 0.02]);
  return compose(CAMERA_FROM_WORLD, world);
}

/** Id map of the true scene: the nearest object along the ray of every pixel. */
function renderMask(k: number): ByteImage {
  const mask = createBytes(CAMERA.widthPx, CAMERA.heightPx, new Uint8Array(CAMERA.widthPx * CAMERA.heightPx));
  const fromCamera = new Map([1, 2].map((id) => [id, inverse(poseOf(id, k))]));
  for (let i = 0; i < mask.data.length; i++) {
    const ray = rayOf(CAMERA, (i % CAMERA.widthPx) + 0.5, Math.floor(i / CAMERA.widthPx) + 0.5);
    let nearest = Number.POSITIVE_INFINITY;
    for (const [id, objectFromCamera] of fromCamera) {
      const hit = firstHit(MESHES.get(id)!, translationOf(objectFromCamera), transformDirection(objectFromCamera, ray));
      const depth = hit ? transformPoint(poseOf(id, k), hit.point)[2] : Number.POSITIVE_INFINITY;
      if (depth < nearest) {
        nearest = depth;
        mask.data[i] = id;
      }
    }
  }
  return mask;
}

/** A hand over bare table, 12 px wide. */
const HAND = { x0: 70, x1: 82, y0: 2, y1: 9, fromFrame: 2, toFrame: 10 };

function withHand(mask: ByteImage, k: number): ByteImage {
  if (k < HAND.fromFrame || k > HAND.toFrame) return mask;
  for (let y = HAND.y0; y < HAND.y1; y++)
    mask.data.fill(HAND_ID, y * mask.widthPx + HAND.x0, y * mask.widthPx + HAND.x1);
  return mask;
}

let masks: ByteImage[];
let scene: TrueScene;
beforeAll(() => {
  masks = Array.from({ length: NUM_FRAMES }, (_, k) => withHand(renderMask(k), k));
  const frames = Array.from({ length: NUM_FRAMES }, (_, k) => k);
  scene = {
    meshes: MESHES,
    mask: async (k) => masks[k],
    truth: {
      kind: 'v2r/fixture-truth',
      version: 1,
      name: 'boxes',
      task: 'move',
      video: 'boxes.mp4',
      camera: CAMERA,
      objects: ([1, 2] as const).map((id) => ({
        id,
        role: id === 1 ? 'source' : 'target',
        word: 'box',
        sizeM: SIZES[id],
        mesh: '',
        symmetry: { kind: 'none' },
        cameraFromObject: frames.map((k) => poseOf(id, k)),
        visibleFraction: frames.map(() => 1),
      })),
      frames: frames.map((k) => ({ timeSec: k / 30, cameraFromWorld: CAMERA_FROM_WORLD, handVisible: false })),
      events: [
        { kind: 'lift', objectId: 1, frame: 3, timeSec: 0.1 },
        { kind: 'down', objectId: 1, frame: 9, timeSec: 0.3 },
      ],
      masks: '%06d.png',
      depthFrames: [],
    },
  };
});

/** What a found scene may have wrong. */
interface Disturbance {
  trackShiftPx?: number;
  maskShiftPx?: number;
  scale?: number;
  focal?: number;
  /** Turn of the found table about the camera. */
  tableTurn?: Mat4;
  /** Frames by which events come late. */
  eventShift?: number;
  /** Pose of object 1 in a frame, given the right one. */
  wrongPose?: (k: number, pose: Mat4) => Mat4;
  roles?: ['source' | 'target', 'source' | 'target'];
}

/** The truth as a run would have found it: other ids, other object frames (`frameOf`), maybe moved masks or tracks. */
function foundTruth(more: Disturbance = {}): FoundScene {
  const { trackShiftPx = 0, maskShiftPx = 0, scale = 1, focal = 1, tableTurn = identity(), eventShift = 0 } = more;
  const { wrongPose = (_, pose) => pose, roles = ['source', 'target'] } = more;
  const idOf = (trueId: number): number => trueId + 10;
  const trueFromFound = fromYaw(0.4);
  const scaled = (pose: Mat4): Mat4 => pose.map((value, i) => ([3, 7, 11].includes(i) ? scale * value : value));
  const frames = Array.from({ length: NUM_FRAMES }, (_, k) => k);
  const corner: Vec3 = [0.02, -0.02, 0.025];
  const xyPx = new Float32Array(NUM_FRAMES * 2);
  for (const k of frames) {
    const [x, y] = project(CAMERA, transformPoint(poseOf(1, k), corner));
    xyPx.set([x + (k > 0 ? trackShiftPx : 0), y], 2 * k);
  }
  const poses = (id: number): Mat4[] =>
    frames.map((k) => {
      const pose = compose(poseOf(id, k), trueFromFound);
      return scaled(id === 1 ? wrongPose(k, pose) : pose);
    });
  return {
    trajectory: {
      kind: 'v2r/trajectory',
      version: 1,
      fps: 30,
      numFrames: NUM_FRAMES,
      startSec: 0,
      camera: { ...CAMERA, fx: focal * CAMERA.fx, fy: focal * CAMERA.fy },
      cameraFromWorld: compose(tableTurn, scaled(CAMERA_FROM_WORLD)),
      frameFromReference: null,
      objects: [1, 2].map((id) => ({
        id: idOf(id),
        name: 'box',
        role: roles[id - 1],
        maskFolder: '',
        mesh: '',
        sizeM: null,
        symmetry: 'none' as const,
        cameraFromObject: poses(id),
      })),
      task: 'move',
      events: (['grasp', 'release'] as const).map((kind, i) => ({
        kind,
        objectId: idOf(1),
        frame: 3 + 6 * i + eventShift,
        confidence: 1,
        evidence: '',
      })),
      segments: [],
    },
    meshes: new Map(
      [1, 2].map((id) => {
        const turned = transformMesh(MESHES.get(id)!, inverse(trueFromFound));
        return [idOf(id), { ...turned, vertices: turned.vertices.map((x) => scale * x) }];
      }),
    ),
    tracks: { numFrames: NUM_FRAMES, numTracks: 1, xyPx, objectIds: [idOf(1)] },
    referenceFrames: new Map([1, 2].map((id) => [idOf(id), 0])),
    relativeMotions: [
      {
        sourceId: idOf(1),
        targetId: idOf(2),
        fromFrame: 3,
        targetFromSource: frames.slice(3, 10).map((k) => compose(inverse(poses(2)[k]), poses(1)[k])),
      },
    ],
    mask: async (k) => {
      const out = createBytes(CAMERA.widthPx, CAMERA.heightPx, new Uint8Array(masks[k].data.length));
      masks[k].data.forEach((id, i) => {
        if (id > 0) out.data[i + maskShiftPx] = id === HAND_ID ? HAND_ID : idOf(id);
      });
      return out;
    },
  };
}

describe('evaluate', () => {
  it('scores the truth as faultless, whatever the ids and object frames', async () => {
    const scores = await evaluate(scene, foundTruth());
    expect(scores).toMatchObject({
      maskIouSource: 1,
      maskIouTarget: 1,
      maskIouHand: 1,
      trackWithin4Px: 1,
      focalErrorPct: 0,
      eventErrorFrames: 0,
      eventsFound: '2/2',
      rolesRight: true,
    });
    expect(scores.tracks.within).toEqual([1, 1, 1, 1, 1]);
    expect(scores.tracks.medianPx).toBeLessThan(1e-3);
    const errors = [
      scores.tableNormalErrorDeg,
      scores.poseErrorCm,
      scores.poseErrorDeg,
      scores.relErrorCm,
      scores.relErrorDeg,
    ];
    for (const error of errors) expect(error).toBeLessThan(0.01);
    expect(scores.scaleErrorPct).toBeLessThan(1e-3);
    expect(scores.shapeErrorPct).toBeLessThan(1e-3);
  });

  it('scores a known scale, focal length and track shift as just that', async () => {
    const scores = await evaluate(scene, foundTruth({ scale: 0.8, focal: 1.1, trackShiftPx: 3 }));
    expect(scores.globalScale).toBeCloseTo(1.25, 6);
    expect(scores.scaleErrorPct).toBeCloseTo(20, 3);
    expect(scores.focalErrorPct).toBeCloseTo(10, 6);
    expect(scores.poseErrorScaledCm).toBeLessThan(0.01);
    expect(scores.relErrorScaledCm).toBeLessThan(0.01);
    // 20 % of distances of 9 to 22 cm between the two objects.
    expect(scores.relErrorCm).toBeGreaterThan(1);
    // Only the first point is where it should be.
    expect(scores.tracks.within).toEqual([1 / NUM_FRAMES, 1 / NUM_FRAMES, 1, 1, 1]);
  });

  it('scores masks by their overlap and an object that was not found as missing', async () => {
    const shifted = await evaluate(scene, foundTruth({ maskShiftPx: 2 }));
    expect(shifted.maskIouSource).toBeGreaterThan(0.5);
    expect(shifted.maskIouSource).toBeLessThan(0.9);
    // 12 px wide, 2 px off: 10 of 14 columns.
    expect(shifted.maskIouHand).toBeCloseTo(10 / 14, 9);
    const found = foundTruth();
    const [source] = found.trajectory.objects;
    const alone: FoundScene = {
      ...found,
      trajectory: { ...found.trajectory, objects: [source] },
      referenceFrames: new Map([[source.id, 0]]),
    };
    const scores = await evaluate(scene, alone);
    expect(scores).toMatchObject({ maskIouSource: 1, maskIouTarget: 0, rolesRight: false, relErrorCm: null });
  });

  it('scores a wrong pose in some frames as that, spread over all', async () => {
    // 2 cm and 9 degrees wrong in the last of the frames of the motion and the two after it.
    const wrong = fromAxisAngle([0, 1, 0], Math.PI / 20);
    const wrongPose = (k: number, pose: Mat4): Mat4 =>
      k < 9 ? pose : compose(fromTranslation([0.02, 0, 0]), pose, wrong);
    const scores = await evaluate(scene, foundTruth({ wrongPose }));
    const [source, target] = scores.objects;
    expect(source.pose?.errorCm).toBeCloseTo((2 * 3) / NUM_FRAMES, 3);
    expect(source.pose?.errorDeg).toBeCloseTo((9 * 3) / NUM_FRAMES, 2);
    expect(target.pose?.errorCm).toBeLessThan(1e-3);
    expect(scores.poseErrorCm).toBeCloseTo((2 * 3) / NUM_FRAMES / 2, 3);
    // Of the 7 frames of the relative motion only the last is wrong.
    expect(scores.relErrorCm).toBeCloseTo(2 / 7, 3);
    expect(scores.relErrorDeg).toBeCloseTo(9 / 7, 2);
    expect(scores.relEndErrorCm).toBeCloseTo(2, 3);
  });

  it('scores a tilted table, late events and swapped roles as just that', async () => {
    const tableTurn = fromAxisAngle([0, 0, 1], Math.PI / 60);
    const tilted = await evaluate(scene, foundTruth({ tableTurn, eventShift: 2 }));
    // The normal stands at 45 degrees to the axis of the turn of 3 degrees.
    const normalTurn = 2 * Math.asin(Math.SQRT1_2 * Math.sin(Math.PI / 120));
    expect(tilted.tableNormalErrorDeg).toBeCloseTo((normalTurn * 180) / Math.PI, 6);
    expect(tilted.eventErrorFrames).toBe(2);
    const swapped = await evaluate(scene, foundTruth({ roles: ['target', 'source'] }));
    expect(swapped.rolesRight).toBe(false);
  });

  it('fills the table', async () => {
    const text = accuracyText('npm run bench -- pipeline boxes', '1.2.3', {
      boxes: { ...(await evaluate(scene, foundTruth())), finding: 'Nothing more.' },
    });
    expect(text).toContain('| boxes | 1.000 | 1.000 | 1.000 | 100/100/100/100/100 |');
    expect(text).toContain('- boxes: Nothing more.');
    expect(text).toContain('| mean | 1.000 | 1.000 | 1.000 |');
    expect(text).not.toMatch(/NaN|undefined|null/);
  });
});
