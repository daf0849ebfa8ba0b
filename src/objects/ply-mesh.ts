/**
 * Triangle meshes in PLY (ascii, binary little- and big-endian) as BOP data sets hold them: positions, optional vertex
 * colours, polygon lists. Other elements and properties are passed over. Files from outside are not trusted.
 */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import type { TriangleMesh } from './object-model.js';
import { openAscii, openBinary, type PlyProperty, type PlyRows } from './ply-rows.js';

export interface ColouredMesh extends TriangleMesh {
  /** [V, 3] sRGB 0..1, or null when the file has no vertex colours. */
  readonly colours: Float32Array | null;
}

interface PlyElement {
  readonly name: string;
  readonly count: number;
  readonly properties: PlyProperty[];
}

const MAX_HEADER_BYTES = 64 * 1024;
const FACE_LISTS = ['vertex_indices', 'vertex_index'];
const COLOURS = ['red', 'green', 'blue'];

/** `metresPerUnit` converts the file's unit: 0.001 for BOP. `name` is for messages. */
export function decodeMeshPly(bytes: Uint8Array, metresPerUnit: number, name = 'mesh'): ColouredMesh {
  const { elements, format, dataStart } = parseHeader(bytes, name);
  const rows =
    format === 'ascii'
      ? openAscii(bytes, dataStart, name)
      : openBinary(bytes, dataStart, format === 'binary_little_endian', name);
  let vertices: VertexTable | null = null;
  let triangles: number[] = [];
  for (const element of elements) {
    if (element.name === 'vertex') vertices = readVertices(rows, element, metresPerUnit, name);
    else if (element.name === 'face') triangles = readFaces(rows, element);
    else for (let i = 0; i < element.count; i++) rows.readRow(element.properties);
  }
  if (vertices === null) throw new UserError(`${name}: the PLY has no vertices`);
  const numVertices = vertices.positions.length / 3;
  const bad = triangles.findIndex((v) => !(Number.isInteger(v) && v >= 0 && v < numVertices));
  if (bad >= 0) {
    throw new UserError(`${name}: triangle ${Math.floor(bad / 3)} names vertex ${triangles[bad]} of ${numVertices}`);
  }
  return { vertices: vertices.positions, triangles: Uint32Array.from(triangles), colours: vertices.colours };
}

export async function readMeshPly(file: string, metresPerUnit: number): Promise<ColouredMesh> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`, 'is the folder of models complete?');
  }
  return decodeMeshPly(bytes, metresPerUnit, file);
}

interface VertexTable {
  positions: Float64Array;
  colours: Float32Array | null;
}

function readVertices(rows: PlyRows, element: PlyElement, metresPerUnit: number, name: string): VertexTable {
  const columnOf = (property: string): number => element.properties.findIndex((p) => p.name === property);
  const xyz = ['x', 'y', 'z'].map(columnOf);
  if (xyz.includes(-1)) throw new UserError(`${name}: the PLY's vertices have no x, y, z`);
  const rgb = COLOURS.map(columnOf);
  const hasColours = !rgb.includes(-1);
  const colourScale = hasColours && /^(float|double)/.test(element.properties[rgb[0]].type) ? 1 : 1 / 255;
  // Rows are collected before arrays are made: a header may promise more than the file holds.
  const positions: number[] = [];
  const colours: number[] = [];
  for (let i = 0; i < element.count; i++) {
    const row = rows.readRow(element.properties);
    for (const column of xyz) {
      const value = row[column][0] * metresPerUnit;
      if (!Number.isFinite(value)) throw new UserError(`${name}: vertex ${i} is not finite`);
      positions.push(value);
    }
    if (hasColours) for (const column of rgb) colours.push(row[column][0] * colourScale);
  }
  return { positions: Float64Array.from(positions), colours: hasColours ? Float32Array.from(colours) : null };
}

/** Polygons are cut into fans. */
function readFaces(rows: PlyRows, element: PlyElement): number[] {
  const column = element.properties.findIndex((p) => p.countType !== null && FACE_LISTS.includes(p.name));
  const triangles: number[] = [];
  for (let i = 0; i < element.count; i++) {
    const row = rows.readRow(element.properties);
    const corners = column < 0 ? [] : row[column];
    for (let k = 1; k + 1 < corners.length; k++) triangles.push(corners[0], corners[k], corners[k + 1]);
  }
  return triangles;
}

function parseHeader(bytes: Uint8Array, name: string): { elements: PlyElement[]; format: string; dataStart: number } {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('latin1');
  if (!/^ply\r?\n/.test(head)) throw new UserError(`${name}: not a PLY file (it does not begin with "ply")`);
  const end = /\nend_header\r?\n/.exec(head);
  if (!end) throw new UserError(`${name}: no end_header within the first ${MAX_HEADER_BYTES} bytes`);
  let format = '';
  const elements: PlyElement[] = [];
  for (const line of head.slice(0, end.index).split(/\r?\n/).slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === 'format') format = words[1];
    else if (words[0] === 'element') elements.push({ name: words[1], count: countOf(words[2], name), properties: [] });
    else if (words[0] === 'property') {
      const element = elements.at(-1);
      if (!element) throw new UserError(`${name}: PLY property before any element`);
      const isList = words[1] === 'list';
      element.properties.push({
        name: words[isList ? 4 : 2] ?? '',
        type: words[isList ? 3 : 1] ?? '',
        countType: isList ? words[2] : null,
      });
    }
  }
  if (!['ascii', 'binary_little_endian', 'binary_big_endian'].includes(format)) {
    throw new UserError(`${name}: PLY format "${format}" is not known`);
  }
  return { elements, format, dataStart: end.index + end[0].length };
}

function countOf(word: string, name: string): number {
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 0) throw new UserError(`${name}: bad PLY element count "${word}"`);
  return count;
}
