/** Hand-made object motion with known events: the truth that parser tests are held against. */
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { Random } from '../../src/base/random.js';
import { compose, expTwist, fromAxes, fromTranslation, identity, type Mat4 } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import type { ObjectModel, TriangleMesh } from '../../src/objects/object-model.js';
import type { Perception } from '../../src/perceive/perception.js';
import type { PoseFrame, Poses } from '../../src/pose/poses.js';
import { type Actor, createActor } from '../../src/skill/actor.js';
import { skillOptions } from '../../src/skill/options.js';
import { parseSkill } from '../../src/skill/parse.js';
import { ShapeField } from '../../src/skill/shape-field.js';
import type { Skill } from '../../src/skill/skill.js';

export const FPS = 30;

/** A camera 0.8 m above and 0.8 m before the table's origin that looks down at it by 45 degrees. */
export const CAMERA_FROM_WORLD: Mat4 = (() => {
  const s = Math.SQRT1_2;
  // Columns: world x, y, z seen in the camera (x right, y down, z forward).
  return compose(fromAxes([1, 0, 0], [0, -s, s], [0, -s, -s], [0, 0, 0]), fromTranslation([0, 0.8, -0.8]));
})();

/** Axis-aligned box about the origin. */
export function boxMesh([x, y, z]: Vec3): TriangleMesh {
  const vertices: number[] = [];
  for (let i = 0; i < 8; i++) vertices.push(((i & 1) - 0.5) * x, (((i >> 1) & 1) - 0.5) * y, ((i >> 2) - 0.5) * z);
  const quads = [
    [0, 2, 3, 1],
    [4, 5, 7, 6],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 4, 6, 2],
    [1, 3, 7, 5],
  ];
  const triangles = quads.flatMap(([a, b, c, d]) => [a, b, c, a, c, d]);
  return { vertices: Float64Array.from(vertices), triangles: Uint32Array.from(triangles) };
}

/** Body of revolution about z from a closed profile of [radius, height], counter-clockwise in the (r, z) half-plane. */
export function revolve(profile: [number, number][], sides = 24): TriangleMesh {
  const vertices: number[] = [];
  const triangles: number[] = [];
  for (const [r, z] of profile) {
    for (let k = 0; k < sides; k++) {
      const angle = (2 * Math.PI * k) / sides;
      vertices.push(r * Math.cos(angle), r * Math.sin(angle), z);
    }
  }
  for (let i = 0; i < profile.length; i++) {
    const j = (i + 1) % profile.length;
    for (let k = 0; k < sides; k++) {
      const l = (k + 1) % sides;
      triangles.push(i * sides + k, i * sides + l, j * sides + l, i * sides + k, j * sides + l, j * sides + k);
    }
  }
  return { vertices: Float64Array.from(vertices), triangles: Uint32Array.from(triangles) };
}

/** A bowl 16 cm wide and 6 cm high with walls of 5 mm, frame at the centre of its box. */
export const bowlMesh = (): TriangleMesh =>
  revolve([
    [0.001, -0.03],
    [0.08, -0.03],
    [0.08, 0.03],
    [0.075, 0.03],
    [0.075, -0.025],
    [0.001, -0.025],
  ]);

export function model(id: number, name: string, sizeM: Vec3, more: Partial<ObjectModel> = {}): ObjectModel {
  return {
    id,
    name,
    role: 'passive',
    family: 'box',
    sizeM,
    hollow: false,
    symmetry: 'none',
    gaussians: '',
    mesh: '',
    referenceFrame: 0,
    cameraFromObject: fromTranslation([0, 0, 1]),
    fitIou: 0.9,
    confidence: 0.9,
    ...more,
  };
}

/** What a model and its mesh are to the parser, seen at rest in one frame at the origin. */
export function restingActor(shape: ObjectModel, mesh: TriangleMesh): Actor {
  const track = {
    id: shape.id,
    symmetry: 'none' as const,
    worldFromObject: [identity()],
    observed: [true],
    resting: [true],
    noiseM: 0,
    noiseRad: 0,
    sdM: 0.001,
    frameSdM: [0.001],
    depthDoubt: 0,
  };
  return createActor(shape, shape.name, track, new ShapeField(mesh, new Random(shape.id)), false);
}

/** One object with its true pose per frame. */
export interface Body {
  readonly model: ObjectModel;
  readonly mesh: TriangleMesh;
  readonly worldFromObject: readonly Mat4[];
}

export interface Keyframe {
  readonly frame: number;
  readonly at: Vec3;
  /** Tilt about world x, radians. */
  readonly tilt?: number;
}

/** Poses through keyframes by the minimum-jerk law (Flash & Hogan 1985): slow at both ends, as hands move. */
export function throughKeyframes(numFrames: number, keys: readonly Keyframe[]): Mat4[] {
  return Array.from({ length: numFrames }, (_, t) => {
    const next = keys.findIndex((k) => k.frame > t);
    if (next === 0) return poseOf(keys[0].at, keys[0].tilt ?? 0);
    const a = keys[next < 0 ? keys.length - 1 : next - 1];
    const b = next < 0 ? a : keys[next];
    const s = b === a ? 0 : (t - a.frame) / (b.frame - a.frame);
    const u = s * s * s * (10 - 15 * s + 6 * s * s);
    const mix = (p: number, q: number): number => p + (q - p) * u;
    return poseOf([mix(a.at[0], b.at[0]), mix(a.at[1], b.at[1]), mix(a.at[2], b.at[2])], mix(a.tilt ?? 0, b.tilt ?? 0));
  });
}

const poseOf = (at: Vec3, tilt: number): Mat4 => compose(fromTranslation(at), expTwist([0, 0, 0, tilt, 0, 0]));

export interface NoiseLevels {
  readonly sdM: number;
  readonly sdRad: number;
}

/** What a tracker would hand over: true poses with noise; `gaps` lists frames in which an object is lost. */
export function noisyPoses(
  bodies: readonly Body[],
  noise: NoiseLevels,
  random: Random,
  gaps: Record<number, [number, number]> = {},
): Poses {
  return {
    kind: 'v2r/poses',
    version: 1,
    fps: FPS,
    numFrames: bodies[0].worldFromObject.length,
    cameraFromWorld: CAMERA_FROM_WORLD,
    objects: bodies.map((body) => ({
      id: body.model.id,
      frames: body.worldFromObject.map((pose, t): PoseFrame => {
        const gap = gaps[body.model.id];
        const lost = gap !== undefined && t >= gap[0] && t <= gap[1];
        const n = (sd: number): number => random.normal(0, sd);
        const jitter = expTwist([0, 0, 0, n(noise.sdRad), n(noise.sdRad), n(noise.sdRad)]);
        const moved = compose(fromTranslation([n(noise.sdM), n(noise.sdM), n(noise.sdM)]), pose, jitter);
        return {
          cameraFromObject: lost ? null : compose(CAMERA_FROM_WORLD, moved),
          state: lost ? 'lost' : 'resting',
          visibleFraction: 1,
          loss: 0,
          sdM: Math.max(noise.sdM, 0.0005),
          sdRad: Math.max(noise.sdRad, 0.001),
        };
      }),
    })),
  };
}

export function perceptionOf(numFrames: number, manipulated = true): Perception {
  return {
    kind: 'v2r/perception',
    version: 1,
    numFrames,
    fps: FPS,
    camera: { widthPx: 640, heightPx: 480, fx: 600, fy: 600, cx: 320, cy: 240, source: 'option', focalLogSd: 0 },
    table: {
      cameraFromWorld: CAMERA_FROM_WORLD,
      normalSource: 'test',
      normalSdDeg: 0,
      scaleSource: 'test',
      scaleLogSd: 0.1,
    },
    cameraMotion: { kind: 'static', maxShiftPx: 0 },
    frameFromReference: null,
    hand: { seen: true, confidence: 1, firstFrame: 0, lastFrame: numFrames - 1 },
    objects: [],
    finding: manipulated ? 'a hand moves things' : 'No hand was seen.',
    manipulated,
  };
}

export function parse(
  bodies: readonly Body[],
  poses: Poses,
  given: Record<string, unknown> = {},
  objects: Perception['objects'] = [],
): { skill: Skill; warnings: { code: string; message: string }[] } {
  const ctx = createContext('skill', { seed: 7 });
  const skill = parseSkill(
    {
      perception: { ...perceptionOf(poses.numFrames), objects },
      objects: bodies.map((b) => b.model),
      meshes: new Map(bodies.map((b) => [b.model.id, b.mesh])),
      poses,
    },
    resolveOptions(skillOptions, given),
    ctx,
  );
  return { skill, warnings: ctx.warnings };
}

/** What perception says of the cube of the sweeping tests, hidden from where it left to where it arrived. */
export const HIDDEN_CUBE = {
  id: 2,
  name: 'cube',
  role: 'source' as const,
  confidence: 0.9,
  referenceFrame: 0,
  motion: { firstFrame: 65, lastFrame: 110 },
  evidence: '',
};

/** Frames of the films in which boxes go their ways. */
export const NUM_FRAMES = 200;

/** A box that goes through keyframes. */
export const movingBox = (id: number, name: string, size: Vec3, keys: Keyframe[]): Body => ({
  model: model(id, name, size),
  mesh: boxMesh(size),
  worldFromObject: throughKeyframes(NUM_FRAMES, keys),
});
