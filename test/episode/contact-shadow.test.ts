import { describe, expect, it } from 'vitest';
import { outlineOf } from '../../src/episode/casters.js';
import { ContactShadow } from '../../src/episode/contact-shadow.js';
import { project, rayOf } from '../../src/math/camera.js';
import { inverse, transformDirection, transformPoint, translationOf } from '../../src/math/se3.js';
import { camera, lookAt } from './synthetic.js';

const cameraFromWorld = lookAt([0, -0.7, 0.6], [0, 0, 0]);
const count = camera.widthPx * camera.heightPx;

function tableLayer(): { rgb: Uint8Array; depthM: Float32Array } {
  const worldFromCamera = inverse(cameraFromWorld);
  const eye = translationOf(worldFromCamera);
  const depthM = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const x = (i % camera.widthPx) + 0.5;
    const y = Math.floor(i / camera.widthPx) + 0.5;
    depthM[i] = -eye[2] / transformDirection(worldFromCamera, rayOf(camera, x, y))[2];
  }
  return { rgb: new Uint8Array(3 * count).fill(200), depthM };
}

const levelAt = (rgb: Uint8Array, x: number, y: number): number => {
  const [u, v] = project(camera, transformPoint(cameraFromWorld, [x, y, 0]));
  return rgb[3 * (Math.floor(v) * camera.widthPx + Math.floor(u))];
};

describe('contact shadows', () => {
  const caster = { from: [0.05, 0] as const, to: [0.05, 0] as const, radiusM: 0.03, heightM: 0, strength: 0.5 };

  it('darken the table below a thing by its strength and fade outwards', () => {
    const layer = tableLayer();
    const { rgb } = new ContactShadow(camera, cameraFromWorld, layer).shade([caster]);
    expect(levelAt(rgb, 0.05, 0)).toBe(100);
    expect(levelAt(rgb, 0.05 + 0.03 + 0.014, 0)).toBeGreaterThan(150);
    expect(levelAt(rgb, 0.05 + 0.03 + 0.014, 0)).toBeLessThan(195);
    expect(levelAt(rgb, -0.1, 0)).toBe(200);
    // The picture that was given is left alone.
    expect(layer.rgb.every((level) => level === 200)).toBe(true);
  });

  it('get fainter and wider with height', () => {
    const shadow = new ContactShadow(camera, cameraFromWorld, tableLayer());
    const high = shadow.shade([{ ...caster, heightM: 0.1 }]).rgb;
    expect(levelAt(high, 0.05, 0)).toBeGreaterThan(130);
    expect(levelAt(high, 0.05, 0)).toBeLessThan(190);
    expect(levelAt(high, 0.12, 0)).toBeLessThan(200);
  });

  it('fall on nothing but the table', () => {
    const layer = tableLayer();
    layer.depthM.fill(0.3);
    const { rgb } = new ContactShadow(camera, cameraFromWorld, layer).shade([caster]);
    expect(rgb.every((level) => level === 200)).toBe(true);
  });
});

describe('outlineOf', () => {
  it('is the box around the points', () => {
    expect(outlineOf([0, 0, 0, 2, 4, 6])).toEqual({ centre: [1, 2, 3], half: [1, 2, 3] });
  });
});
