/** Parquet files as LeRobot lays them out: scalars and nested 3-level lists, all nullable, Snappy. */
import { type FileHandle, open } from 'node:fs/promises';
import zlib from 'node:zlib';
import type { AsyncBuffer, Compressors, FileMetaData, SchemaElement } from 'hyparquet';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { messageOf, UserError } from '../base/errors.js';
import { diskError } from '../base/files.js';

export type ColumnType = 'float32' | 'float64' | 'int64' | 'int32' | 'bool' | 'string';

/** A column: `depth` 0 is a scalar, 1 a list, 3 a list of lists of lists. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly depth: number;
}

/** What a cell may hold; int64 cells are bigint. */
export type Cell = number | bigint | boolean | string | readonly Cell[];

const PHYSICAL: Readonly<Record<ColumnType, Pick<SchemaElement, 'type' | 'converted_type'>>> = {
  float32: { type: 'FLOAT' },
  float64: { type: 'DOUBLE' },
  int64: { type: 'INT64' },
  int32: { type: 'INT32' },
  bool: { type: 'BOOLEAN' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

/** Each `writeGroup` makes one row group. The file is complete only after `finish`. */
export class ParquetFile {
  private readonly writer: ParquetWriter;
  private readonly sink: ReturnType<typeof fileWriter>;

  constructor(
    readonly file: string,
    private readonly columns: readonly ColumnSpec[],
    metadata: Readonly<Record<string, string>> = {},
  ) {
    this.sink = fileWriter(file);
    this.writer = new ParquetWriter({
      writer: this.sink,
      schema: [{ name: 'schema', num_children: columns.length }, ...columns.flatMap(schemaOf)],
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      createdBy: 'v2r',
    });
  }

  get bytes(): number {
    return this.sink.offset;
  }

  /** `cells` holds one array per column, in the order of the columns, all of the same length. */
  async writeGroup(cells: readonly (readonly Cell[])[]): Promise<void> {
    const columnData = this.columns.map(({ name }, i) => ({ name, data: [...cells[i]] }));
    try {
      await this.writer.write({ columnData, rowGroupSize: cells[0].length });
    } catch (error) {
      throw diskError(this.file, error);
    }
  }

  async finish(): Promise<void> {
    try {
      await this.writer.finish();
    } catch (error) {
      throw diskError(this.file, error);
    }
  }
}

function schemaOf({ name, type, depth }: ColumnSpec): SchemaElement[] {
  const elements: SchemaElement[] = [];
  let own = name;
  for (let level = 0; level < depth; level++) {
    elements.push({ name: own, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 });
    elements.push({ name: 'list', repetition_type: 'REPEATED', num_children: 1 });
    own = 'element';
  }
  elements.push({ name: own, repetition_type: 'OPTIONAL', ...PHYSICAL[type] });
  return elements;
}

/** Rows as stored, by column name; a cell is null where nothing is stored. */
export type ParquetRow = Record<string, unknown>;

export interface ParquetContent {
  readonly numRows: number;
  readonly columns: readonly ColumnSpec[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly rows: readonly ParquetRow[];
}

/** Reads a whole file (or the columns that `only` picks). Throws `UserError` naming the file when it is damaged. */
export async function readParquet(file: string, only?: (column: ColumnSpec) => boolean): Promise<ParquetContent> {
  const reader = await ParquetReader.open(file);
  try {
    const rows: ParquetRow[] = [];
    for await (const group of reader.groups(only)) rows.push(...group);
    return { numRows: reader.numRows, columns: reader.columns, metadata: reader.metadata, rows };
  } finally {
    await reader.close();
  }
}

/** Besides Snappy, which the reader brings along. Zstandard is in Node from 22.15 on; an older one says that it cannot. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  BROTLI: (input) => zlib.brotliDecompressSync(input),
  ...('zstdDecompressSync' in zlib ? { ZSTD: zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array } : {}),
};

/** Reads a file row group by row group, so that memory does not grow with its size. */
export class ParquetReader {
  readonly numRows: number;
  /** Physical type and list depth of every top-level column. */
  readonly columns: readonly ColumnSpec[];
  readonly metadata: ReadonlyMap<string, string>;

  private constructor(
    readonly file: string,
    private readonly handle: FileHandle,
    private readonly buffer: AsyncBuffer,
    private readonly footer: FileMetaData,
  ) {
    this.numRows = Number(footer.num_rows);
    this.columns = columnsOf(footer);
    this.metadata = new Map(footer.key_value_metadata?.map(({ key, value }) => [key, value ?? '']));
  }

  static async open(file: string): Promise<ParquetReader> {
    const handle = await open(file, 'r').catch((error) => {
      throw unreadable(file, error);
    });
    try {
      const { size } = await handle.stat();
      const buffer: AsyncBuffer = {
        byteLength: size,
        async slice(start, end = size) {
          const bytes = new Uint8Array(Math.max(0, end - start));
          await handle.read(bytes, 0, bytes.length, start);
          return bytes.buffer;
        },
      };
      return new ParquetReader(file, handle, buffer, await parquetMetadataAsync(buffer));
    } catch (error) {
      await handle.close();
      throw unreadable(file, error);
    }
  }

  async *groups(only: (column: ColumnSpec) => boolean = () => true): AsyncGenerator<ParquetRow[]> {
    const columns = this.columns.filter(only).map(({ name }) => name);
    let rowStart = 0;
    for (const group of this.footer.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      try {
        const { buffer: file, footer: metadata } = this;
        yield await parquetReadObjects({ file, metadata, columns, rowStart, rowEnd, compressors: COMPRESSORS });
      } catch (error) {
        throw unreadable(this.file, error);
      }
      rowStart = rowEnd;
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function unreadable(file: string, error: unknown): UserError {
  const codec = /unsupported compression codec: (\w+)/.exec(messageOf(error))?.[1];
  if (codec) {
    const hint = codec === 'ZSTD' ? ' (Node 22.15 and newer can)' : '';
    return new UserError(`${file} is compressed with ${codec}, which this Node ${process.version} cannot read${hint}`);
  }
  return new UserError(`${file} is not a readable parquet file: ${messageOf(error)}`);
}

function columnsOf(metadata: FileMetaData): ColumnSpec[] {
  const columns: ColumnSpec[] = [];
  let at = 1;
  for (let child = 0; child < (metadata.schema[0].num_children ?? 0); child++) {
    const { name } = metadata.schema[at];
    let depth = 0;
    let pending = 1;
    let leaf = metadata.schema[at];
    // Walk the column's subtree in its stored (depth-first) order; every repeated node is one level of list.
    while (pending > 0) {
      leaf = metadata.schema[at++];
      if (leaf.repetition_type === 'REPEATED') depth++;
      pending += (leaf.num_children ?? 0) - 1;
    }
    columns.push({ name, type: typeOf(leaf), depth });
  }
  return columns;
}

function typeOf({ type, converted_type, logical_type }: SchemaElement): ColumnType {
  if (type === 'FLOAT') return 'float32';
  if (type === 'DOUBLE') return 'float64';
  if (type === 'INT64') return 'int64';
  if (type === 'INT32') return 'int32';
  if (type === 'BOOLEAN') return 'bool';
  if (converted_type === 'UTF8' || logical_type?.type === 'STRING') return 'string';
  throw new Error(`column type ${type} is not one of LeRobot's`);
}
