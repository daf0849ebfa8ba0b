import { describe, expect, it } from 'vitest';
import type { Clip } from '../../../src/perceive/clip.js';
import type { CameraInputs } from '../../../src/perceive/providers/provider.js';
import { classCues } from '../../../src/perceive/providers/scale-cues.js';

describe('class words as a cue of scale', () => {
  const mask = new Uint8Array(64 * 48);
  for (let y = 10; y < 20; y++) mask.fill(1, y * 64 + 20, y * 64 + 32);
  const inputs = {
    clip: { widthPx: 64, heightPx: 48 } as Clip,
    segmentation: {
      movers: [],
      targets: [{ id: 1, mask }],
      objects: [{ id: 1, name: 'blue cup', role: 'target' }],
    },
  } as unknown as CameraInputs;
  const unitLength = (lengthPx: number): number => lengthPx / 100;

  it('measure the outline in the width that things of the class have', () => {
    const [cue] = classCues(inputs, unitLength, () => 0);
    expect(cue).toMatchObject({ unitLength: 0.12, usualM: 0.08, logSd: 0.16 });
  });

  it('say less when there is doubt about the word, or nothing', () => {
    const [cue] = classCues(inputs, unitLength, (name) => (name === 'blue cup' ? 0.12 : 0));
    expect(cue.logSd).toBeCloseTo(0.2, 9);
    expect(classCues(inputs, unitLength, () => null)).toEqual([]);
  });
});
