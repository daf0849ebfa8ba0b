/**
 * Reads any Gaussian file: standard PLY and .splat ourselves, packed formats through @playcanvas/splat-transform when it is
 * installed (it weighs 210 MB with its engine, so it is not a dependency).
 */
import path from 'node:path';
import { messageOf, UserError } from '../base/errors.js';
import { type Bounds, boundsOf } from './ops.js';
import { decodePly, type LoadedSplat, readSplatFile } from './ply.js';
import { parsePlyHeader } from './ply-header.js';
import type { RepairReport } from './repair.js';
import { decodeSplat } from './splat-file.js';

/** What `v2r inspect` says about a Gaussian file. */
export interface SplatSummary {
  readonly kind: 'gaussians';
  readonly numInFile: number;
  /** After those that cannot be drawn were dropped. */
  readonly numUsable: number;
  readonly shDegree: number;
  /** Box of the centres, metres (or the file's units); null when there are none. */
  readonly bounds: Bounds | null;
  /** Share of Gaussians with opacity above one half. */
  readonly opaqueShare: number;
  readonly repairs: RepairReport;
  readonly warnings: string[];
}

export async function inspectSplat(file: string): Promise<SplatSummary> {
  const { set, numInFile, repairs, warnings } = await loadSplat(file);
  const numOpaque = set.opacityLogit.reduce((sum, logit) => sum + Number(logit > 0), 0);
  return {
    kind: 'gaussians',
    numInFile,
    numUsable: set.count,
    shDegree: set.shDegree,
    bounds: boundsOf(set),
    opaqueShare: set.count === 0 ? 0 : numOpaque / set.count,
    repairs,
    warnings,
  };
}

/** What is used of the package (2.7). */
interface SplatTransform {
  MemoryReadFileSystem: new () => { set(name: string, bytes: Uint8Array): void };
  MemoryFileSystem: new () => { results: Map<string, Uint8Array> };
  getInputFormat(name: string): string;
  readFile(options: object): Promise<object[]>;
  writePly(options: { filename: string; plyData: object }, fs: object): Promise<void>;
}

/** Optional: reads what is not a standard PLY or .splat. */
export const PACKAGE: string = '@playcanvas/splat-transform';
export const INSTALL = `npm install ${PACKAGE}@2.7`;
/** Formats that only the package reads. A compressed PLY is told from a plain one by its content. */
const PACKED = ['.spz', '.sog', '.ksplat', '.lcc'];
/** Extensions of everything that `loadSplat` reads; .compressed.ply is one of .ply. */
export const SPLAT_EXTENSIONS: readonly string[] = ['.ply', '.splat', ...PACKED];

export async function loadSplat(file: string): Promise<LoadedSplat> {
  const bytes = await readSplatFile(file);
  const extension = path.extname(file).toLowerCase();
  if (extension === '.splat') return decodeSplat(bytes, file);
  const isPackedPly = extension === '.ply' && isPackedHeader(bytes);
  if (extension === '.ply' && !isPackedPly) return decodePly(bytes, file);
  if (isPackedPly) checkPackedPly(bytes, file);
  if (isPackedPly || PACKED.includes(extension)) return unpack(bytes, file);
  throw new UserError(
    `${file}: "${extension}" is no Gaussian format; known are .ply, .splat, .compressed.ply, ${PACKED.join(', ')}`,
  );
}

const isPackedHeader = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).includes('packed_position');

/** The package believes what a header promises; for a few hundred bytes it would work for hours. */
function checkPackedPly(bytes: Uint8Array, file: string): void {
  const { promisedBytes } = parsePlyHeader(bytes, file);
  if (promisedBytes > bytes.length) {
    throw new UserError(
      `${file}: the header promises ${promisedBytes} bytes, the file has ${bytes.length}`,
      'the file is cut short or damaged: export or download it again',
    );
  }
}

/** Converts to a standard PLY in memory and reads that, so that one reader checks everything. */
async function unpack(bytes: Uint8Array, file: string): Promise<LoadedSplat> {
  const library = await importLibrary(file);
  const name = path.basename(file);
  const input = new library.MemoryReadFileSystem();
  const output = new library.MemoryFileSystem();
  // The package tells its progress on stdout, where only data belongs.
  const { log } = console;
  console.log = console.error;
  try {
    input.set(name, bytes);
    const inputFormat = library.getInputFormat(name);
    const [table] = await library.readFile({ filename: name, inputFormat, options: {}, params: [], fileSystem: input });
    const elements = [{ name: 'vertex', dataTable: table }];
    await library.writePly({ filename: 'out.ply', plyData: { comments: [], elements } }, output);
  } catch (error) {
    throw new UserError(`${file}: ${PACKAGE} cannot read it: ${messageOf(error)}`);
  } finally {
    console.log = log;
  }
  const loaded = decodePly(output.results.get('out.ply')!, file);
  // It takes nonsense for an empty file.
  if (loaded.numInFile === 0) throw new UserError(`${file}: ${PACKAGE} finds no Gaussians in it`);
  return loaded;
}

async function importLibrary(file: string): Promise<SplatTransform> {
  try {
    return (await import(PACKAGE)) as SplatTransform;
  } catch {
    throw new UserError(`${file} is a packed format that needs ${PACKAGE}, which is not installed`, INSTALL);
  }
}
