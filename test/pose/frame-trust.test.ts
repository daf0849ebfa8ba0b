import { describe, expect, it } from 'vitest';
import { fromTranslation } from '../../src/math/se3.js';
import type { FollowedFrame } from '../../src/pose/follow.js';
import { measuredPose } from '../../src/pose/fuse.js';
import { smoothPoses } from '../../src/pose/smooth.js';
import { frameTrust } from '../../src/pose/track-poses.js';

const DT_SEC = 1 / 30;
const OUTLIER = 10;
const SHIFT_M = 0.01;

const stated = {
  id: 1,
  name: 'block',
  role: 'source' as const,
  confidence: 0.8,
  evidence: '',
  motion: { firstFrame: 0, lastFrame: 20 },
  referenceFrame: 0,
};

/** A thing that slides steadily to the right, and is found 1 cm too far right in one frame. */
const frames: FollowedFrame[] = Array.from({ length: 21 }, (_, k) => ({
  frameIdx: k,
  cameraFromObject: fromTranslation([0.2 * k * DT_SEC + (k === OUTLIER ? SHIFT_M : 0), 0, 0.6]),
  value: 0.1,
  iou: 0.9,
  visibleFraction: 1,
  lost: false,
  grounded: false,
}));

const offAtOutlier = (trustIn: (frameIdx: number) => number): number => {
  const measured = frames.map((frame) => measuredPose(frame, { radiusM: 0.05 }, 150, trustIn(frame.frameIdx)));
  const smoothed = smoothPoses(measured, DT_SEC)!;
  return Math.abs(smoothed[OUTLIER].cameraFromObject[3] - 0.2 * OUTLIER * DT_SEC);
};

describe("perception's confidence in frames", () => {
  it('makes a pose of a frame that is hardly trusted weigh less', () => {
    const doubted = frameTrust(
      { objects: [{ ...stated, frameConfidence: frames.map((_, k) => (k === OUTLIER ? 0.1 : 0.8)) }] },
      1,
    );
    expect(offAtOutlier(doubted)).toBeLessThan(0.5 * offAtOutlier(() => 1));
  });

  it('is one of the best frame, whatever the object as a whole is worth; and one where none is stated', () => {
    const half = frameTrust({ objects: [{ ...stated, frameConfidence: [0.4, 0.2] }] }, 1);
    expect([half(0), half(1)]).toEqual([1, 0.5]);
    expect(frameTrust({ objects: [stated] }, 1)(0)).toBe(1);
  });
});
