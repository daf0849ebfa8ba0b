/**
 * The `.splat` format (antimatter15): 32 bytes per Gaussian, little-endian: position 3 f32, scale 3 f32 (metres, not logs),
 * colour and opacity 4 u8, quaternion wxyz 4 u8 (128 + 128 q). No spherical harmonics beyond degree 0.
 */
import { UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { createGaussians, type GaussianSet, SH_C0 } from './gaussians.js';
import { type LoadedSplat, readSplatFile } from './ply.js';
import { describeRepairs, repairGaussians } from './repair.js';

const ROW_BYTES = 32;

export function decodeSplat(bytes: Uint8Array, name = 'splat'): LoadedSplat {
  if (bytes.length === 0 || bytes.length % ROW_BYTES !== 0) {
    throw new UserError(
      `${name}: ${bytes.length} bytes are no whole number of .splat Gaussians (${ROW_BYTES} bytes each)`,
      'the file is cut short or is not a .splat file',
    );
  }
  const count = bytes.length / ROW_BYTES;
  const set = createGaussians(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const row = i * ROW_BYTES;
    for (let c = 0; c < 3; c++) {
      set.position[3 * i + c] = view.getFloat32(row + 4 * c, true);
      set.logScale[3 * i + c] = Math.log(view.getFloat32(row + 12 + 4 * c, true));
      set.sh[3 * i + c] = (bytes[row + 24 + c] / 255 - 0.5) / SH_C0;
    }
    const opacity = bytes[row + 27] / 255;
    set.opacityLogit[i] = Math.log(opacity / (1 - opacity));
    for (let c = 0; c < 4; c++) set.rotation[4 * i + c] = (bytes[row + 28 + c] - 128) / 128;
  }
  const { set: repaired, report } = repairGaussians(set);
  return { set: repaired, numInFile: count, repairs: report, warnings: describeRepairs(report, name) };
}

export async function readSplat(file: string): Promise<LoadedSplat> {
  return decodeSplat(await readSplatFile(file), file);
}

const toByte = (value: number): number => Math.min(Math.max(Math.round(value), 0), 255);

/** Loses spherical harmonics beyond degree 0 and precision of colour, opacity and rotation: the format has no room. */
export function encodeSplat(set: GaussianSet): Uint8Array {
  const bytes = new Uint8Array(set.count * ROW_BYTES);
  const view = new DataView(bytes.buffer);
  const numSh = (set.shDegree + 1) ** 2 * 3;
  for (let i = 0; i < set.count; i++) {
    const row = i * ROW_BYTES;
    const q = set.rotation.subarray(4 * i, 4 * i + 4);
    const length = Math.hypot(q[0], q[1], q[2], q[3]);
    for (let c = 0; c < 3; c++) {
      view.setFloat32(row + 4 * c, set.position[3 * i + c], true);
      view.setFloat32(row + 12 + 4 * c, Math.exp(set.logScale[3 * i + c]), true);
      bytes[row + 24 + c] = toByte(255 * (0.5 + SH_C0 * set.sh[i * numSh + c]));
    }
    bytes[row + 27] = toByte(255 / (1 + Math.exp(-set.opacityLogit[i])));
    for (let c = 0; c < 4; c++) bytes[row + 28 + c] = toByte(128 + (128 * q[c]) / length);
  }
  return bytes;
}

export async function writeSplat(file: string, set: GaussianSet): Promise<void> {
  await writeFileAtomic(file, encodeSplat(set));
}
