/**
 * Triangle meshes in PLY (ascii, binary little- and big-endian) as BOP data sets hold them: positions, polygon lists, colours of the
 * vertices or a picture (`comment TextureFile NAME`) with texture coordinates of vertices or of faces' corners. Other elements and
 * properties are passed over. Files from outside are not trusted.
 */
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { type ColouredMesh, textureColours, vertexColours } from './coloured-mesh.js';
import { openAscii, openBinary, type PlyProperty, type PlyRows } from './ply-rows.js';
import { openTexture } from './texture.js';

interface PlyElement {
  readonly name: string;
  readonly count: number;
  readonly properties: PlyProperty[];
}

const MAX_HEADER_BYTES = 64 * 1024;
const FACE_LISTS = ['vertex_indices', 'vertex_index'];
const COLOURS = ['red', 'green', 'blue'];
const TEXTURE_COORDINATES = [
  ['texture_u', 'texture_v'],
  ['s', 't'],
  ['u', 'v'],
];
const CORNER_COORDINATES = 'texcoord';

/** In the file's unit. `file` is where its picture is looked for. */
export async function readPlyMesh(bytes: Uint8Array, file: string): Promise<ColouredMesh> {
  const { textureFile, uv, ...mesh } = decodePly(bytes, file);
  if (textureFile === null || uv === null) return mesh;
  const texture = await openTexture(path.resolve(path.dirname(file), textureFile), file);
  return { ...mesh, colourAt: textureColours(texture, uv) };
}

interface DecodedPly extends ColouredMesh {
  /** As the header names it. */
  readonly textureFile: string | null;
  /** [F, 3, 2] of the corners; v runs down from the picture's top. */
  readonly uv: Float32Array | null;
}

/** Without its picture. `name` is for messages. */
export function decodePly(bytes: Uint8Array, name = 'mesh'): DecodedPly {
  const { elements, format, dataStart, textureFile } = parseHeader(bytes, name);
  const rows =
    format === 'ascii'
      ? openAscii(bytes, dataStart, name)
      : openBinary(bytes, dataStart, format === 'binary_little_endian', name);
  let vertices: VertexTable | null = null;
  let faces: FaceTable = { triangles: new Uint32Array(0), cornerUv: null };
  for (const element of elements) {
    if (element.name === 'vertex') vertices = readVertices(rows, element, name);
    else if (element.name === 'face') faces = readFaces(rows, element, name);
    else for (let i = 0; i < element.count; i++) rows.readRow(element.properties);
  }
  if (vertices === null) throw new UserError(`${name}: the PLY has no vertices`);
  const { positions, colours, uv } = vertices;
  const { triangles, cornerUv } = faces;
  const numVertices = positions.length / 3;
  const bad = triangles.findIndex((v) => v >= numVertices);
  if (bad >= 0) {
    throw new UserError(`${name}: triangle ${Math.floor(bad / 3)} names vertex ${triangles[bad]} of ${numVertices}`);
  }
  const ofVertices =
    uv && Float32Array.from({ length: 2 * triangles.length }, (_, k) => uv[2 * triangles[k >> 1] + (k & 1)]);
  return {
    vertices: positions,
    triangles,
    colourAt: colours && vertexColours(triangles, colours),
    textureFile,
    uv: cornerUv ?? ofVertices,
  };
}

interface VertexTable {
  readonly positions: Float64Array;
  /** [V, 3] sRGB 0..1. */
  readonly colours: Float32Array | null;
  /** [V, 2] */
  readonly uv: Float32Array | null;
}

function readVertices(rows: PlyRows, element: PlyElement, name: string): VertexTable {
  const columnOf = (property: string): number => element.properties.findIndex((p) => p.name === property);
  const xyz = ['x', 'y', 'z'].map(columnOf);
  if (xyz.includes(-1)) throw new UserError(`${name}: the PLY's vertices have no x, y, z`);
  const rgb = COLOURS.map(columnOf);
  const hasColours = !rgb.includes(-1);
  const colourScale = hasColours && /^(float|double)/.test(element.properties[rgb[0]].type) ? 1 : 1 / 255;
  const [uColumn, vColumn] = TEXTURE_COORDINATES.map((pair) => pair.map(columnOf)).find(
    (pair) => !pair.includes(-1),
  ) ?? [-1, -1];
  // Rows are collected before arrays are made: a header may promise more than the file holds.
  const positions: number[] = [];
  const colours: number[] = [];
  const uv: number[] = [];
  for (let i = 0; i < element.count; i++) {
    const row = rows.readRow(element.properties);
    for (const column of xyz) {
      const value = row[column][0];
      if (!Number.isFinite(value)) throw new UserError(`${name}: vertex ${i} is not finite`);
      positions.push(value);
    }
    if (hasColours) for (const column of rgb) colours.push(row[column][0] * colourScale);
    if (uColumn >= 0) uv.push(row[uColumn][0], 1 - row[vColumn][0]);
  }
  return {
    positions: Float64Array.from(positions),
    colours: hasColours ? Float32Array.from(colours) : null,
    uv: uColumn >= 0 ? Float32Array.from(uv) : null,
  };
}

interface FaceTable {
  readonly triangles: Uint32Array;
  /** [F, 3, 2] */
  readonly cornerUv: Float32Array | null;
}

/** Polygons are cut into fans. */
function readFaces(rows: PlyRows, element: PlyElement, name: string): FaceTable {
  const listOf = (names: readonly string[]): number =>
    element.properties.findIndex((p) => p.countType !== null && names.includes(p.name));
  const column = listOf(FACE_LISTS);
  const uvColumn = listOf([CORNER_COORDINATES]);
  const triangles: number[] = [];
  const uv: number[] = [];
  for (let i = 0; i < element.count; i++) {
    const row = rows.readRow(element.properties);
    const corners = column < 0 ? [] : row[column];
    const bad = corners.find((vertex) => !(Number.isInteger(vertex) && vertex >= 0));
    if (bad !== undefined) throw new UserError(`${name}: face ${i} names vertex ${bad}`);
    for (let k = 1; k + 1 < corners.length; k++) {
      triangles.push(corners[0], corners[k], corners[k + 1]);
      if (uvColumn >= 0)
        for (const c of [0, k, k + 1]) uv.push(row[uvColumn][2 * c] ?? 0, 1 - (row[uvColumn][2 * c + 1] ?? 0));
    }
  }
  return { triangles: Uint32Array.from(triangles), cornerUv: uvColumn >= 0 ? Float32Array.from(uv) : null };
}

interface PlyHeader {
  readonly elements: PlyElement[];
  readonly format: string;
  readonly dataStart: number;
  readonly textureFile: string | null;
}

function parseHeader(bytes: Uint8Array, name: string): PlyHeader {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('latin1');
  if (!/^ply\r?\n/.test(head)) throw new UserError(`${name}: not a PLY file (it does not begin with "ply")`);
  const end = /\nend_header\r?\n/.exec(head);
  if (!end) throw new UserError(`${name}: no end_header within the first ${MAX_HEADER_BYTES} bytes`);
  let format = '';
  let textureFile: string | null = null;
  const elements: PlyElement[] = [];
  for (const line of head.slice(0, end.index).split(/\r?\n/).slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === 'format') format = words[1];
    else if (words[0] === 'comment' && words[1] === 'TextureFile') textureFile = words.slice(2).join(' ');
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
  return { elements, format, dataStart: end.index + end[0].length, textureFile };
}

function countOf(word: string, name: string): number {
  const count = Number(word);
  if (!Number.isSafeInteger(count) || count < 0) throw new UserError(`${name}: bad PLY element count "${word}"`);
  return count;
}
