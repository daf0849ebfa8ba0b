/** The header of a PLY file: what is in it, where, and whether the file is long enough for it. */
import { UserError } from '../base/errors.js';

export type PlyType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'float32' | 'float64';

const TYPE_NAMES: Record<string, PlyType> = {
  char: 'int8',
  uchar: 'uint8',
  short: 'int16',
  ushort: 'uint16',
  int: 'int32',
  uint: 'uint32',
  float: 'float32',
  double: 'float64',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  float32: 'float32',
  float64: 'float64',
};

export const TYPE_BYTES: Record<PlyType, number> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  float64: 8,
};

export interface PlyProperty {
  name: string;
  type: PlyType;
  /** Bytes from the start of the row. */
  offset: number;
}

export interface PlyHeader {
  isLittleEndian: boolean;
  /** First byte of the `vertex` rows. */
  dataStart: number;
  numVertices: number;
  rowBytes: number;
  properties: PlyProperty[];
  /** Where the file would end if all of its elements were there. */
  promisedBytes: number;
}

/** Real headers have about 1.5 KB (62 properties); beyond this the file is something else. */
const MAX_HEADER_BYTES = 64 * 1024;

interface PlyElement {
  name: string;
  count: number;
  rowBytes: number;
  properties: PlyProperty[];
}

/** Reads the header and checks the promised rows against the bytes that are there. Nothing is allocated by its counts. */
export function parsePlyHeader(bytes: Uint8Array, name: string): PlyHeader {
  const fail = (what: string, remedy?: string): never => {
    throw new UserError(`${name}: ${what}`, remedy);
  };
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, MAX_HEADER_BYTES)).toString('latin1');
  if (!/^ply\r?\n/.test(head)) fail('not a PLY file (it does not begin with "ply")');
  const end = /\nend_header\r?\n/.exec(head);
  if (!end) return fail(`no end_header within the first ${MAX_HEADER_BYTES} bytes of the PLY header`);
  const dataStart = end.index + end[0].length;
  let format = '';
  const elements: PlyElement[] = [];
  for (const line of head.slice(0, end.index).split(/\r?\n/).slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words[0] === 'format') format = words[1];
    else if (words[0] === 'element') elements.push(parseElement(words, fail));
    else if (words[0] === 'property') addProperty(elements.at(-1), words, fail);
    else if (!['comment', 'obj_info', ''].includes(words[0]))
      fail(`PLY header line not understood: "${line.slice(0, 80)}"`);
  }
  if (format !== 'binary_little_endian' && format !== 'binary_big_endian') {
    fail(`PLY format "${format}" is not supported; Gaussian PLY files are binary_little_endian`);
  }
  return locateVertices(elements, bytes.length, dataStart, format === 'binary_little_endian', fail);
}

type Fail = (what: string, remedy?: string) => never;

function parseElement(words: string[], fail: Fail): PlyElement {
  const count = Number(words[2]);
  if (words.length !== 3 || !Number.isSafeInteger(count) || count < 0)
    fail(`bad PLY element line "${words.join(' ').slice(0, 80)}"`);
  return { name: words[1], count, rowBytes: 0, properties: [] };
}

function addProperty(element: PlyElement | undefined, words: string[], fail: Fail): void {
  if (!element) fail('PLY property before any element');
  const type = TYPE_NAMES[words[1]];
  if (words[1] === 'list' || !type || words.length !== 3) {
    fail(`PLY property "${words.slice(1).join(' ').slice(0, 80)}" of element ${element.name} is not supported`);
  }
  if (element.properties.some((property) => property.name === words[2])) {
    fail(`PLY property ${words[2].slice(0, 80)} appears twice`);
  }
  element.properties.push({ name: words[2], type, offset: element.rowBytes });
  element.rowBytes += TYPE_BYTES[type];
}

function locateVertices(
  elements: PlyElement[],
  numBytes: number,
  dataStart: number,
  isLittleEndian: boolean,
  fail: Fail,
): PlyHeader {
  const promisedBytes = elements.reduce((sum, { count, rowBytes }) => sum + count * rowBytes, dataStart);
  let start = dataStart;
  for (const element of elements) {
    const need = element.count * element.rowBytes;
    if (element.name !== 'vertex') {
      start += need;
      continue;
    }
    const have = numBytes - start;
    if (!(need <= have)) {
      const whole = element.rowBytes > 0 ? Math.max(0, Math.floor(have / element.rowBytes)) : 0;
      fail(
        `the header promises ${element.count} Gaussians of ${element.rowBytes} bytes, the file has room for ${whole}`,
        'the file is cut short or damaged: export or download it again',
      );
    }
    const { count: numVertices, rowBytes, properties } = element;
    return { isLittleEndian, dataStart: start, numVertices, rowBytes, properties, promisedBytes };
  }
  return fail('PLY without a vertex element');
}
