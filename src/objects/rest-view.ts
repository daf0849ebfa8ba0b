/** One clean view of an object at rest, put together from several frames: votes of the masks, colours from where it was seen. */
import { largestComponent } from '../image/components.js';
import { type ByteImage, createBytes, createRgb, maskOf, type RgbImage } from '../image/image.js';
import { HAND_ID, type PerceivedObject } from '../perceive/perception.js';
import type { FrameSource } from '../video/frames.js';

/** First and last frame (inclusive) of the rest that holds the object's reference frame. */
export function restIntervalOf(object: PerceivedObject, numFrames: number): [number, number] {
  if (object.motion === null) return [0, numFrames - 1];
  const { firstFrame, lastFrame } = object.motion;
  if (object.referenceFrame <= firstFrame) return [0, Math.max(object.referenceFrame, firstFrame - 1)];
  if (object.referenceFrame >= lastFrame) return [Math.min(object.referenceFrame, lastFrame + 1), numFrames - 1];
  return [object.referenceFrame, object.referenceFrame];
}

/** The reference frame first, then others spread evenly over the rest. */
export function framesOfRest(object: PerceivedObject, numFrames: number, count: number): number[] {
  const [first, last] = restIntervalOf(object, numFrames);
  const frames = new Set([object.referenceFrame]);
  for (let k = 0; k < count; k++) {
    if (frames.size >= count) break;
    frames.add(Math.round(first + ((last - first) * (k + 0.5)) / count));
  }
  return [...frames];
}

export interface RestView {
  /** Id map with the object's id, 0 where background was seen, 255 where nobody could see (always covered). */
  readonly idMap: ByteImage;
  /** 0 / 1, the object's largest connected part. */
  readonly mask: ByteImage;
  readonly rgb: RgbImage;
}

/** `frameIdxs[0]` is the reference: its colours win wherever it saw the object. */
export async function gatherRestView(
  id: number,
  frameIdxs: readonly number[],
  frames: FrameSource,
  readMask: (frameIdx: number) => Promise<ByteImage>,
): Promise<RestView> {
  const { widthPx, heightPx } = frames;
  const count = widthPx * heightPx;
  const yes = new Uint8Array(count);
  const no = new Uint8Array(count);
  const rgb = createRgb(widthPx, heightPx, new Uint8Array((await frames.read(frameIdxs[0])).data));
  for (const frameIdx of frameIdxs) {
    const map = await readMask(frameIdx);
    const image = frameIdx === frameIdxs[0] ? null : await frames.read(frameIdx);
    for (let i = 0; i < count; i++) {
      if (map.data[i] === id) {
        if (yes[i] === 0 && no[i] === 0 && image) rgb.data.set(image.data.subarray(3 * i, 3 * i + 3), 3 * i);
        yes[i]++;
      } else if (map.data[i] === 0) no[i]++;
    }
  }
  const idMap = createBytes(widthPx, heightPx);
  for (let i = 0; i < count; i++) {
    if (yes[i] + no[i] === 0) idMap.data[i] = HAND_ID;
    else if (yes[i] > no[i]) idMap.data[i] = id;
  }
  const mask = createBytes(widthPx, heightPx, largestComponent(maskOf(idMap, id).data, widthPx, heightPx));
  for (let i = 0; i < count; i++) if (idMap.data[i] === id && mask.data[i] === 0) idMap.data[i] = 0;
  return { idMap, mask, rgb };
}
