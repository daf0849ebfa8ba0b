/** Reading what several stages need in the same way. */
import type { ByteImage } from '../../image/image.js';
import type { ObjectModel, TriangleMesh } from '../../objects/object-model.js';
import { readObjectGaussians, readObjectMesh, readObjects } from '../../objects/objects-io.js';
import { stabilisedFrames } from '../../perceive/clip.js';
import type { Perception } from '../../perceive/perception.js';
import { readMask, readPerception } from '../../perceive/store.js';
import type { GaussianSet } from '../../splat/gaussians.js';
import type { FrameSource } from '../../video/frames.js';
import { openFrames } from '../../video/open-frames.js';
import type { StageIo } from '../stage.js';

export interface Seen {
  perception: Perception;
  /** As decoded. */
  rawFrames: FrameSource;
  /** In the pixels of frame 0: what masks and tracks refer to. */
  frames: FrameSource;
  readMask(frameIdx: number): Promise<ByteImage>;
}

/** Frames and masks; the stage declares `video` and `perceive` as inputs. */
export async function readSeen(io: StageIo): Promise<Seen> {
  const folder = io.input('perceive');
  const perception = await readPerception(folder);
  const rawFrames = await openFrames(io.input('video'));
  const frames = stabilisedFrames(rawFrames, perception.frameFromReference);
  return { perception, rawFrames, frames, readMask: (frameIdx) => readMask(folder, frameIdx) };
}

export interface Shapes {
  objects: ObjectModel[];
  gaussians: Map<number, GaussianSet>;
  meshes: Map<number, TriangleMesh>;
}

/** Objects with their Gaussians and meshes; the stage declares `objects` as input. */
export async function readShapes(io: StageIo): Promise<Shapes> {
  const folder = io.input('objects');
  const { objects } = await readObjects(folder);
  const gaussians = new Map<number, GaussianSet>();
  const meshes = new Map<number, TriangleMesh>();
  for (const { id } of objects) {
    gaussians.set(id, await readObjectGaussians(folder, id));
    meshes.set(id, await readObjectMesh(folder, id));
  }
  return { objects, gaussians, meshes };
}
