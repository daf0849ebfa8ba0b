/** Rows of a PLY file one after the other, whatever its encoding: each property gives the list of its values. */
import { UserError } from '../base/errors.js';

export interface PlyProperty {
  readonly name: string;
  readonly type: string;
  /** Type of the count in front of a list; null for a single value. */
  readonly countType: string | null;
}

export interface PlyRows {
  readRow(properties: readonly PlyProperty[]): number[][];
}

type Reader = (view: DataView, at: number, isLittleEndian: boolean) => number;

const BYTES: [names: string[], numBytes: number, read: Reader][] = [
  [['char', 'int8'], 1, (v, at) => v.getInt8(at)],
  [['uchar', 'uint8'], 1, (v, at) => v.getUint8(at)],
  [['short', 'int16'], 2, (v, at, le) => v.getInt16(at, le)],
  [['ushort', 'uint16'], 2, (v, at, le) => v.getUint16(at, le)],
  [['int', 'int32'], 4, (v, at, le) => v.getInt32(at, le)],
  [['uint', 'uint32'], 4, (v, at, le) => v.getUint32(at, le)],
  [['float', 'float32'], 4, (v, at, le) => v.getFloat32(at, le)],
  [['double', 'float64'], 8, (v, at, le) => v.getFloat64(at, le)],
];
const TYPES = new Map(BYTES.flatMap(([names, numBytes, read]) => names.map((n) => [n, { numBytes, read }] as const)));

export function openBinary(bytes: Uint8Array, dataStart: number, isLittleEndian: boolean, name: string): PlyRows {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = dataStart;
  const next = (typeName: string): number => {
    const type = TYPES.get(typeName);
    if (!type) throw new UserError(`${name}: PLY type "${typeName}" is not known`);
    if (at + type.numBytes > bytes.length) throw new UserError(`${name}: the PLY is cut short at byte ${bytes.length}`);
    at += type.numBytes;
    return type.read(view, at - type.numBytes, isLittleEndian);
  };
  return {
    readRow: (properties) =>
      properties.map(({ type, countType }) => {
        const values: number[] = [];
        for (let left = countType === null ? 1 : next(countType); left > 0; left--) values.push(next(type));
        return values;
      }),
  };
}

export function openAscii(bytes: Uint8Array, dataStart: number, name: string): PlyRows {
  const words = Buffer.from(bytes.buffer, bytes.byteOffset + dataStart, bytes.length - dataStart)
    .toString('latin1')
    .split(/\s+/);
  let at = words[0] === '' ? 1 : 0;
  const next = (): number => {
    const word = words[at++];
    if (word === undefined || word === '') throw new UserError(`${name}: the PLY ends before its last row`);
    const value = Number(word);
    if (Number.isNaN(value)) throw new UserError(`${name}: "${word.slice(0, 40)}" in the PLY is not a number`);
    return value;
  };
  return {
    readRow: (properties) =>
      properties.map(({ countType }) => {
        const values: number[] = [];
        for (let left = countType === null ? 1 : next(); left > 0; left--) values.push(next());
        return values;
      }),
  };
}
