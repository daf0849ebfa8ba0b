/** The artifacts of a very small run: one object, `numFrames` frames, identity camera. */
import { identity, type Mat4 } from '../../src/math/se3.js';
import type { Objects } from '../../src/objects/object-model.js';
import type { Perception } from '../../src/perceive/perception.js';
import type { Poses } from '../../src/pose/poses.js';
import type { Skill } from '../../src/skill/skill.js';

export type Pose = Mat4 | null;

export const perceptionJson = (numFrames: number): Perception => ({
  kind: 'v2r/perception',
  version: 1,
  numFrames,
  fps: 30,
  camera: { widthPx: 64, heightPx: 48, fx: 50, fy: 50, cx: 32, cy: 24, source: 'assumption', focalLogSd: 0.1 },
  table: { cameraFromWorld: identity(), normalSource: '', normalSdDeg: 1, scaleSource: '', scaleLogSd: 0.2 },
  cameraMotion: { kind: 'static', maxShiftPx: 0 },
  frameFromReference: null,
  hand: { seen: true, confidence: 1, firstFrame: 0, lastFrame: numFrames - 1 },
  objects: [
    { id: 1, name: 'red object', role: 'passive', confidence: 1, evidence: '', motion: null, referenceFrame: 0 },
  ],
  finding: '',
  manipulated: true,
});

export const objectsJson = (): Objects => ({
  kind: 'v2r/objects',
  version: 1,
  objects: [
    {
      id: 1,
      name: 'red object',
      role: 'passive',
      family: 'box',
      sizeM: [0.1, 0.2, 0.3],
      hollow: false,
      symmetry: 'none',
      gaussians: 'object-1.ply',
      mesh: 'object-1.obj',
      referenceFrame: 0,
      cameraFromObject: identity(),
      fitIou: 1,
      confidence: 1,
    },
  ],
});

export const posesJson = (poses: readonly Pose[]): Poses => ({
  kind: 'v2r/poses',
  version: 1,
  fps: 30,
  numFrames: poses.length,
  cameraFromWorld: identity(),
  objects: [
    {
      id: 1,
      frames: poses.map((cameraFromObject) => ({
        cameraFromObject,
        state: cameraFromObject ? 'moving' : 'lost',
        visibleFraction: 1,
        loss: 0,
        sdM: 0,
        sdRad: 0,
      })),
    },
  ],
});

export const skillJson = (): Skill => ({
  kind: 'v2r/skill',
  version: 1,
  fps: 30,
  task: 'move',
  instruction: 'move the red object',
  segments: [{ kind: 'grasp', sourceId: 1, targetId: null, fromFrame: 1, toFrame: 2, confidence: 1, evidence: '' }],
  events: [{ kind: 'grasp', objectId: 1, frame: 1, confidence: 1, evidence: '' }],
  roles: [{ id: 1, role: 'source' }],
  relativeMotions: [],
  confidence: 1,
  finding: '',
});
