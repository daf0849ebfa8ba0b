/**
 * Gaussian PLY as the reference 3DGS code writes it: `x y z`, `f_dc_0..2`, `f_rest_*` (channel after channel), `opacity`
 * (logit), `scale_0..2` (natural log), `rot_0..3` (wxyz), little-endian f32. Files from outside are not trusted.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { createGaussians, type GaussianSet } from './gaussians.js';
import { type PlyHeader, type PlyProperty, parsePlyHeader } from './ply-header.js';
import { describeRepairs, type RepairReport, repairGaussians } from './repair.js';

export interface LoadedSplat {
  readonly set: GaussianSet;
  /** Gaussians in the file, before any were dropped. */
  readonly numInFile: number;
  readonly repairs: RepairReport;
  /** Sentences for people: what was dropped, mended or ignored. */
  readonly warnings: string[];
}

const POSITION = ['x', 'y', 'z'];
const SCALE = ['scale_0', 'scale_1', 'scale_2'];
const ROTATION = ['rot_0', 'rot_1', 'rot_2', 'rot_3'];
const COLOUR = ['f_dc_0', 'f_dc_1', 'f_dc_2'];

/** `name` is for messages. Throws `UserError` for files that cannot be read as Gaussians. */
export function decodePly(bytes: Uint8Array, name = 'ply'): LoadedSplat {
  const header = parsePlyHeader(bytes, name);
  const byName = new Map(header.properties.map((property) => [property.name, property]));
  if (byName.has('packed_position')) {
    throw new UserError(
      `${name} is a compressed Gaussian PLY`,
      'read it with loadSplat (needs @playcanvas/splat-transform)',
    );
  }
  const missing = [...POSITION, ...SCALE, ...ROTATION, 'opacity', ...COLOUR].filter((field) => !byName.has(field));
  if (missing.length > 0) {
    const isCloud = byName.has('red') || !byName.has('scale_0');
    throw new UserError(
      `${name}: the PLY has no ${missing.join(', ')}`,
      isCloud ? 'this looks like a point cloud or a mesh, not like Gaussians' : undefined,
    );
  }
  const warnings: string[] = [];
  const shDegree = shDegreeOf(byName, name, warnings);
  const set = createGaussians(header.numVertices, shDegree);
  const read = (field: string, out: Float32Array, at: number, stride: number): void =>
    readColumn(bytes, header, byName.get(field)!, out, at, stride);
  POSITION.forEach((field, c) => {
    read(field, set.position, c, 3);
  });
  SCALE.forEach((field, c) => {
    read(field, set.logScale, c, 3);
  });
  ROTATION.forEach((field, c) => {
    read(field, set.rotation, c, 4);
  });
  read('opacity', set.opacityLogit, 0, 1);
  const numBasis = (shDegree + 1) ** 2;
  for (let c = 0; c < 3; c++) {
    read(COLOUR[c], set.sh, c, numBasis * 3);
    for (let k = 1; k < numBasis; k++) read(`f_rest_${c * (numBasis - 1) + k - 1}`, set.sh, k * 3 + c, numBasis * 3);
  }
  const { set: repaired, report } = repairGaussians(set);
  warnings.push(...describeRepairs(report, name));
  return { set: repaired, numInFile: header.numVertices, repairs: report, warnings };
}

function shDegreeOf(byName: Map<string, PlyProperty>, name: string, warnings: string[]): number {
  let numRest = 0;
  while (byName.has(`f_rest_${numRest}`)) numRest++;
  const degree = [0, 1, 2, 3].findLast((d) => ((d + 1) ** 2 - 1) * 3 <= numRest)!;
  if (((degree + 1) ** 2 - 1) * 3 === numRest) return degree;
  // Channels lie one after the other, so a partial block cannot be cut at a lower degree.
  warnings.push(
    `${name}: ${numRest} f_rest fields fit no degree of spherical harmonics (0, 9, 24, 45); they are ignored`,
  );
  return 0;
}

function readColumn(
  bytes: Uint8Array,
  header: PlyHeader,
  property: PlyProperty,
  out: Float32Array,
  at: number,
  stride: number,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { isLittleEndian, dataStart, numVertices, rowBytes } = header;
  let from = dataStart + property.offset;
  for (let i = 0, to = at; i < numVertices; i++, from += rowBytes, to += stride) {
    out[to] = readValue(view, from, property.type, isLittleEndian);
  }
}

function readValue(view: DataView, at: number, type: PlyProperty['type'], isLittleEndian: boolean): number {
  switch (type) {
    case 'float32':
      return view.getFloat32(at, isLittleEndian);
    case 'float64':
      return view.getFloat64(at, isLittleEndian);
    case 'int8':
      return view.getInt8(at);
    case 'uint8':
      return view.getUint8(at);
    case 'int16':
      return view.getInt16(at, isLittleEndian);
    case 'uint16':
      return view.getUint16(at, isLittleEndian);
    case 'int32':
      return view.getInt32(at, isLittleEndian);
    case 'uint32':
      return view.getUint32(at, isLittleEndian);
  }
}

export async function readPly(file: string): Promise<LoadedSplat> {
  return decodePly(await readSplatFile(file), file);
}

/** The bytes of a splat file, with a plain message when that fails (missing, a folder, over 2 GB). */
export async function readSplatFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

/** The fields in the order of the reference code (normals, which it writes as zeros, are left out). */
export function encodePly(set: GaussianSet): Uint8Array {
  const numBasis = (set.shDegree + 1) ** 2;
  const numRest = (numBasis - 1) * 3;
  const rest = Array.from({ length: numRest }, (_, k) => `f_rest_${k}`);
  const fields = [...POSITION, ...COLOUR, ...rest, 'opacity', ...SCALE, ...ROTATION];
  const header = [
    'ply',
    'format binary_little_endian 1.0',
    `element vertex ${set.count}`,
    ...fields.map((field) => `property float ${field}`),
    'end_header\n',
  ].join('\n');
  const headBytes = new TextEncoder().encode(header);
  const bytes = new Uint8Array(headBytes.length + set.count * fields.length * 4);
  bytes.set(headBytes);
  const view = new DataView(bytes.buffer, headBytes.length);
  let at = 0;
  const put = (value: number): void => {
    view.setFloat32(at, value, true);
    at += 4;
  };
  for (let i = 0; i < set.count; i++) {
    for (let c = 0; c < 3; c++) put(set.position[3 * i + c]);
    for (let c = 0; c < 3; c++) put(set.sh[i * numBasis * 3 + c]);
    for (let c = 0; c < 3; c++) for (let k = 1; k < numBasis; k++) put(set.sh[(i * numBasis + k) * 3 + c]);
    put(set.opacityLogit[i]);
    for (let c = 0; c < 3; c++) put(set.logScale[3 * i + c]);
    for (let c = 0; c < 4; c++) put(set.rotation[4 * i + c]);
  }
  return bytes;
}

export async function writePly(file: string, set: GaussianSet): Promise<void> {
  await writeFileAtomic(file, encodePly(set));
}
