import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { readObj } from '../../src/mesh/obj.js';
import { encodeObj } from '../../src/mesh/write-obj.js';
import { revolutionMesh } from '../../src/objects/mesh.js';

describe('OBJ', () => {
  it('round trip to a micrometre', async () => {
    const mesh = revolutionMesh(
      [0, 1].map((t) => ({ radiusM: 0.03, heightM: 0.1 * t })),
      7,
      0.002,
    );
    const back = await readObj(encodeObj(mesh), 'thing.obj');
    expect([...back.triangles]).toEqual([...mesh.triangles]);
    mesh.vertices.forEach((v, i) => {
      expect(Math.abs(back.vertices[i] - v)).toBeLessThan(1e-6);
    });
  });

  it('reads polygons, texture indices and negative indices', async () => {
    const text = 'o thing\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1 4/1\nf -4 -3 -2\n';
    expect([...(await readObj(text, 'thing.obj')).triangles]).toEqual([0, 1, 2, 0, 2, 3, 0, 1, 2]);
  });

  it.each([
    ['v 1 2\nf 1 1 1\n', 'line 1'],
    ['v 0 0 0\nf 1 2 3\n', 'line 2'],
    ['v 0 0 0\nv 1 0 0\nf 1 2\n', 'line 3: a face needs three corners'],
    ['v 0 0 0\n', 'no faces'],
    ['', 'no faces'],
  ])('says what is wrong with %j', async (text, words) => {
    await expect(readObj(text, 'thing.obj')).rejects.toThrow(UserError);
    await expect(readObj(text, 'thing.obj')).rejects.toThrow(words);
  });
});
