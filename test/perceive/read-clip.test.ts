import { describe, expect, it } from 'vitest';
import { brightnessLift } from '../../src/perceive/read-clip.js';

describe('brightnessLift', () => {
  /** Grey pixels of which a tenth are as light as `white`. */
  const film = (white: number): Uint8Array[] => [
    Uint8Array.from({ length: 300 }, (_, i) => (Math.floor(i / 3) % 10 === 0 ? white : 60)),
  ];

  it('leaves a film alone that has light things in it', () => {
    expect(brightnessLift(film(230))).toBe(1);
  });

  it('makes the lightest things of a dark film as light as those of others', () => {
    expect(brightnessLift(film(95))).toBeCloseTo(2, 6);
  });

  it('does not make a night of noise into a day', () => {
    expect(brightnessLift(film(4))).toBe(3);
    expect(brightnessLift([new Uint8Array(300)])).toBe(3);
  });
});
