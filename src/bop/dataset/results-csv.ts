/** Estimates in the CSV of the BOP toolkit: `scene_id,im_id,obj_id,score,R,t,time`, millimetres and seconds per image. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import type { Mat4 } from '../../math/se3.js';
import { METRES_PER_MM } from './models.js';
import { poseFromMm } from './scene-files.js';

export interface BopEstimate {
  readonly sceneId: number;
  readonly imageId: number;
  readonly objId: number;
  /** Higher is better. */
  readonly score: number;
  /** Metres; the rotation as given. */
  readonly cameraFromModel: Mat4;
  /** Seconds spent on the whole image, the same for all of its estimates; -1 = not measured. */
  readonly timeSec: number;
}

const HEADER = 'scene_id,im_id,obj_id,score,R,t,time';
/** Rows of one image may differ by this much in their time. */
const TIME_TOLERANCE_SEC = 1e-3;

export function encodeResults(estimates: readonly BopEstimate[]): string {
  const rows = estimates.map(({ sceneId, imageId, objId, score, cameraFromModel: m, timeSec }) => {
    const rotation = [0, 1, 2, 4, 5, 6, 8, 9, 10].map((k) => m[k]).join(' ');
    const translation = [3, 7, 11].map((k) => m[k] / METRES_PER_MM).join(' ');
    return [sceneId, imageId, objId, score, rotation, translation, timeSec].join(',');
  });
  return `${[HEADER, ...rows].join('\n')}\n`;
}

/** `name` is for messages. Rows keep their order: it decides ties. */
export function decodeResults(text: string, name = 'results'): BopEstimate[] {
  const estimates: BopEstimate[] = [];
  const timeOf = new Map<string, number>();
  const lines = text === '' ? [] : text.replace(/\r?\n$/, '').split('\n');
  for (const [i, line] of lines.entries()) {
    if (i === 0 && line.includes(HEADER)) continue;
    const fail = (what: string): never => {
      throw new UserError(`${name}, line ${i + 1}: ${what}`, `rows are ${HEADER}; R has 9 and t has 3 numbers`);
    };
    const fields = line.trim().split(',');
    if (fields.length !== 7) fail(`${fields.length} fields, expected 7`);
    const numbers = (field: number, count: number): number[] => {
      const words = fields[field].trim().split(/\s+/);
      const values = words.map(Number);
      if (fields[field].trim() === '' || values.length !== count)
        fail(`"${fields[field].slice(0, 60)}": expected ${count} numbers`);
      const bad = values.findIndex((value) => !Number.isFinite(value));
      return bad < 0 ? values : fail(`"${words[bad]}" is not a finite number`);
    };
    const ids = [0, 1, 2].map((field) => {
      const [id] = numbers(field, 1);
      return Number.isInteger(id) ? id : fail(`id ${id} is not a whole number`);
    });
    const [timeSec] = numbers(6, 1);
    const image = `${ids[0]}/${ids[1]}`;
    const first = timeOf.get(image) ?? timeSec;
    if (Math.abs(first - timeSec) > TIME_TOLERANCE_SEC) {
      fail(`time ${timeSec} s, but ${first} s on an earlier row of scene ${ids[0]}, image ${ids[1]}`);
    }
    timeOf.set(image, first);
    estimates.push({
      sceneId: ids[0],
      imageId: ids[1],
      objId: ids[2],
      score: numbers(3, 1)[0],
      cameraFromModel: poseFromMm(numbers(4, 9), numbers(5, 3)),
      timeSec,
    });
  }
  return estimates;
}

export async function readResults(file: string): Promise<BopEstimate[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return decodeResults(text, file);
}

export async function writeResults(file: string, estimates: readonly BopEstimate[]): Promise<void> {
  await writeFileAtomic(file, encodeResults(estimates));
}

/** Mean over the images of the file; -1 when any row has no time. */
export function averageTimePerImage(estimates: readonly BopEstimate[]): number {
  if (estimates.length === 0 || estimates.some(({ timeSec }) => timeSec < 0)) return -1;
  const times = new Map(estimates.map((e) => [`${e.sceneId}/${e.imageId}`, e.timeSec]));
  return [...times.values()].reduce((sum, time) => sum + time, 0) / times.size;
}
