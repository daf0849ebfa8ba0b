import { describe, expect, it } from 'vitest';
import { keepsClearAsShown } from '../../src/episode/as-shown.js';
import { compose, fromAxisAngle, fromTranslation, inverse } from '../../src/math/se3.js';
import { bowlMesh, boxMesh } from './synthetic.js';

describe('a way that an arm turns', () => {
  const bowl = bowlMesh(0.08, 0.05, 0.004);
  const post = boxMesh(0.03, 0.03, 0.1);
  // Over the rim (z = 2.5 cm) with 1.2 cm to spare, then down to a little above the floor.
  const shown = [
    fromTranslation([0.08, 0, 0.087]),
    fromTranslation([0.04, 0, 0.087]),
    fromTranslation([0.02, 0, 0.05]),
    fromTranslation([0, 0, 0.032]),
  ];
  /** The hand holds the upper end: what leans swings with its lower one. */
  const leaning = (angleRad: number) => {
    const top = fromTranslation([0, 0, 0.05]);
    const turned = compose(top, fromAxisAngle([0, 1, 0], angleRad), inverse(top));
    return shown.map((pose, k) => (k === 2 ? compose(pose, turned) : pose));
  };

  it('is as good as the demonstration where it keeps as clear of the rim, and may end as near to the floor', () => {
    expect(keepsClearAsShown(post, bowl, shown, shown)).toBe(true);
    expect(keepsClearAsShown(post, bowl, shown, leaning(-0.1))).toBe(true);
  });

  it('is refused where leaning swings it against the wall', () => {
    expect(keepsClearAsShown(post, bowl, shown, leaning(-0.4))).toBe(false);
  });

  it('may be as near to the rim as the demonstration was', () => {
    const low = shown.map((pose, k) => (k < 2 ? pose.with(11, 0.076) : pose));
    expect(keepsClearAsShown(post, bowl, shown, low)).toBe(false);
    expect(keepsClearAsShown(post, bowl, low, low)).toBe(true);
  });
});
