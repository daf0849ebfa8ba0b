import { describe, expect, it } from 'vitest';
import { topplingM } from '../../src/episode/stance.js';
import { fromAxisAngle } from '../../src/math/se3.js';
import { transformMesh } from '../../src/objects/mesh.js';
import { bowlMesh, boxMesh } from './synthetic.js';

describe('topplingM', () => {
  it('lets things stand on a face, on a small foot, and a little aslant', () => {
    expect(topplingM(boxMesh(0.05, 0.05, 0.2))).toBeNull();
    expect(topplingM(bowlMesh(0.08, 0.06, 0.004))).toBeNull();
    // Leaning by 5 degrees on an edge: an error of the shape.
    expect(topplingM(transformMesh(boxMesh(0.002, 0.05, 0.1), fromAxisAngle([0, 1, 0], 0.087)))).toBeNull();
  });

  it('tells how far a pen that leans by 45 degrees has its middle beside its foot', () => {
    const pen = transformMesh(boxMesh(0.008, 0.008, 0.14), fromAxisAngle([0, 1, 0], Math.PI / 4));
    // Half the length along the slope; the edge it stands on is half a thickness farther in: (70 - 4) mm / sqrt(2), less the 3 mm of sole.
    const beside = topplingM(pen)!;
    expect(beside).toBeGreaterThan(0.04);
    expect(beside).toBeLessThan(0.05);
  });
});
