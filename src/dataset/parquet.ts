/** Parquet files as LeRobot lays them out: scalars and nested 3-level lists, all nullable, Snappy. */
import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaElement } from 'hyparquet';
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

export interface ParquetContent {
  readonly numRows: number;
  /** Physical type and list depth of every top-level column. */
  readonly columns: readonly ColumnSpec[];
  readonly metadata: ReadonlyMap<string, string>;
  /** Rows as stored, by column name; a cell is null where nothing is stored. */
  readonly rows: readonly Record<string, unknown>[];
}

/** Reads a whole file (or the named columns). Throws `UserError` naming the file when it is damaged. */
export async function readParquet(file: string, only?: (column: ColumnSpec) => boolean): Promise<ParquetContent> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const buffer: AsyncBuffer = {
        byteLength: size,
        async slice(start, end = size) {
          const bytes = new Uint8Array(end - start);
          await handle.read(bytes, 0, bytes.length, start);
          return bytes.buffer;
        },
      };
      const metadata = await parquetMetadataAsync(buffer);
      const columns = columnsOf(metadata);
      const wanted = only ? columns.filter(only) : columns;
      const rows =
        wanted.length === 0
          ? []
          : await parquetReadObjects({ file: buffer, metadata, columns: wanted.map(({ name }) => name) });
      return {
        numRows: Number(metadata.num_rows),
        columns,
        metadata: new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value ?? ''])),
        rows,
      };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new UserError(`${file} is not a readable parquet file: ${messageOf(error)}`);
  }
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
