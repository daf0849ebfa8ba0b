import { describe, expect, it } from 'vitest';
import { fittingLengthScale, scaledInputs } from '../../src/episode/length-scale.js';
import { graspsOf } from '../../src/episode/object-shape.js';
import { boxMesh, placeInputs } from './synthetic.js';

/** The synthetic world with a cube of this side as the thing that is held. */
function withCube(sideM: number) {
  const inputs = placeInputs();
  const { sourceId } = inputs.skill.segments.find(({ kind }) => kind === 'grasp')!;
  const objects = inputs.objects.map((object) =>
    object.id === sourceId ? { ...object, mesh: boxMesh(sideM, sideM, sideM) } : object,
  );
  return { inputs: { ...inputs, objects }, sourceId };
}

describe('fittingLengthScale', () => {
  it('leaves lengths alone when the fingers fit, however unsure they are', () => {
    expect(fittingLengthScale(withCube(0.06).inputs, 0.3)).toBe(1);
  });

  it('shrinks a cube that is too wide until it can be held, and no further than a step more', () => {
    const { inputs, sourceId } = withCube(0.09);
    const factor = fittingLengthScale(inputs, 0.2);
    // Fingers open to 80 mm, 1.5 mm are kept free on each side: 77 of 90 mm are 0.856. Steps are 0.03, with one added.
    expect(factor).toBeLessThan(0.856);
    expect(factor).toBeGreaterThan(0.856 - 0.061);
    const scaled = scaledInputs(inputs, factor);
    const source = scaled.objects.find(({ id }) => id === sourceId)!;
    expect(graspsOf(source, scaled.robot).length).toBeGreaterThan(0);
  });

  it('does not believe factors beyond two standard deviations', () => {
    expect(fittingLengthScale(withCube(0.12).inputs, 0.1)).toBe(1);
    expect(fittingLengthScale(withCube(0.09).inputs, 0)).toBe(1);
  });
});

describe('scaledInputs', () => {
  it('moves every place towards the origin and leaves turns and the robot alone', () => {
    const { inputs } = withCube(0.05);
    const half = scaledInputs(inputs, 0.5);
    expect(half.robot).toBe(inputs.robot);
    const [full, small] = [inputs.scene.cameraFromWorld, half.scene.cameraFromWorld];
    for (let i = 0; i < 16; i++) expect(small[i]).toBeCloseTo(i % 4 === 3 && i < 12 ? full[i] / 2 : full[i], 12);
    expect(half.scene.workspace[0][0]).toBeCloseTo(inputs.scene.workspace[0][0] / 2, 12);
    const pose = inputs.skill.relativeMotions[0].targetFromSource[0];
    expect(half.skill.relativeMotions[0].targetFromSource[0][11]).toBeCloseTo(pose[11] / 2, 12);
    expect(half.objects[0].mesh.vertices[0]).toBeCloseTo(inputs.objects[0].mesh.vertices[0] / 2, 12);
  });
});
