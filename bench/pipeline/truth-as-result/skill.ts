/**
 * Puts the true events and the true task in place of what the skill stage made of the poses: the relative motion is then that of the
 * poses as they are, unsmoothed, over the true span of the task.
 */
import path from 'node:path';
import { compose, inverse, type Mat4, transformPoint } from '../../../src/math/se3.js';
import { distance } from '../../../src/math/vec3.js';
import type { TriangleMesh } from '../../../src/objects/object-model.js';
import { readPoses } from '../../../src/pose/poses-io.js';
import type { Skill, SkillEvent } from '../../../src/skill/skill.js';
import { readSkill, writeSkill } from '../../../src/skill/skill-io.js';
import { SAME } from '../events.js';
import type { AlignedTruth } from '../frames.js';
import type { TrueScene } from '../truth.js';

/** Objects nearer than this do something to each other (Video2Robo). */
const NEAR_M = 0.03;

export async function putSkill(
  scene: TrueScene,
  aligned: AlignedTruth,
  matches: ReadonlyMap<number, number>,
  folder: string,
): Promise<void> {
  const skill = await readSkill(path.join(folder, 'skill'));
  const poses = await readPoses(path.join(folder, 'poses'));
  const foundId = (trueId: number): number | undefined => [...matches].find(([, id]) => id === trueId)?.[0];
  const ofRole = (role: string): number => scene.truth.objects.find((object) => object.role === role)?.id ?? 0;
  const [source, target] = [ofRole('source'), ofRole('target')];
  const [sourceId, targetId] = [foundId(source), foundId(target)];
  const frameOf = (truthFrame: number): number =>
    aligned.truthFrame.reduce(
      (best, value, k) => (Math.abs(value - truthFrame) < Math.abs(aligned.truthFrame[best] - truthFrame) ? k : best),
      0,
    );
  const events = scene.truth.events.flatMap(({ kind, objectId, frame }): SkillEvent[] => {
    const id = foundId(objectId);
    const known = SAME[kind];
    return id === undefined || !known
      ? []
      : [{ kind: known, objectId: id, frame: frameOf(frame), confidence: 1, evidence: 'truth' }];
  });
  const [fromFrame, toFrame] = taskSpan(scene, aligned, source, target, frameOf);
  const poseOf = (id: number | undefined, k: number): Mat4 | null =>
    poses.objects.find((object) => object.id === id)?.frames[k].cameraFromObject ?? null;
  const motion: Mat4[] = [];
  for (let k = fromFrame; k <= toFrame; k++) {
    const [ofSource, ofTarget] = [poseOf(sourceId, k), poseOf(targetId, k)];
    if (!ofSource || !ofTarget) break;
    motion.push(compose(inverse(ofTarget), ofSource));
  }
  const truly: Skill = {
    ...skill,
    events,
    roles: scene.truth.objects.flatMap(({ id, role }) => {
      const found = foundId(id);
      if (found === undefined) return [];
      return [{ id: found, role: role === 'source' || role === 'target' ? role : ('passive' as const) }];
    }),
    segments: [],
    relativeMotions:
      sourceId === undefined || targetId === undefined || motion.length === 0
        ? []
        : [{ sourceId, targetId, fromFrame, targetFromSource: motion }],
  };
  await writeSkill(path.join(folder, 'skill'), truly);
}

/** From where source and target first come near each other to where the source has left again or been put down. */
function taskSpan(
  scene: TrueScene,
  aligned: AlignedTruth,
  source: number,
  target: number,
  frameOf: (truthFrame: number) => number,
): [number, number] {
  const at = (kind: string, otherwise: number): number => {
    const event = scene.truth.events.find((entry) => entry.kind === kind && entry.objectId === source);
    return event ? frameOf(event.frame) : otherwise;
  };
  const [lift, down] = [at('lift', 0), at('down', aligned.numFrames - 1)];
  const near: number[] = [];
  for (let k = lift; k <= down; k++) {
    const targetFromSource = compose(inverse(aligned.poses.get(target)![k]), aligned.poses.get(source)![k]);
    if (gap(scene.meshes.get(source)!, scene.meshes.get(target)!, targetFromSource) < NEAR_M) near.push(k);
  }
  return near.length > 0 ? [near[0], near[near.length - 1]] : [lift, down];
}

/** Least distance between vertices: that of the surfaces up to the meshes' fineness. */
function gap(a: TriangleMesh, b: TriangleMesh, bFromA: Mat4): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.vertices.length; i += 3) {
    const p = transformPoint(bFromA, [a.vertices[i], a.vertices[i + 1], a.vertices[i + 2]]);
    for (let j = 0; j < b.vertices.length; j += 3) {
      const q: typeof p = [b.vertices[j], b.vertices[j + 1], b.vertices[j + 2]];
      if (Math.abs(p[0] - q[0]) < least) least = Math.min(least, distance(p, q));
    }
  }
  return least;
}
