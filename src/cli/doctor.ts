/** `v2r doctor`: what is present on this machine, what is missing, and how to get it. */
import { existsSync } from 'node:fs';
import { access, constants, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { messageOf } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { engineVersion } from '../models/runtime.js';
import { INSTALL, PACKAGE } from '../splat/load.js';
import { locateFfmpeg } from '../video/ffmpeg.js';
import { presentModels } from './models.js';
import { formatBytes, formatTable, printJson, type VerbState } from './verb.js';

/** `missing` stops the main job; `optional` only takes something away. */
type Status = 'ok' | 'optional' | 'missing';

export interface Finding {
  what: string;
  status: Status;
  detail: string;
  remedy: string | null;
}

export function addDoctorVerb(program: Command, state: VerbState): void {
  program
    .command('doctor')
    .description('tell what is present on this machine and how to get what is not')
    .option('--json', 'print one JSON object on stdout')
    .action(async (flags: { json?: boolean }) => {
      const findings = await examine();
      if (flags.json) printJson({ v2r: VERSION, findings });
      else process.stdout.write(`${describe(findings)}\n`);
      if (findings.some((finding) => finding.status === 'missing')) state.exitCode = 1;
    });
}

async function examine(): Promise<Finding[]> {
  return [
    nodeVersion(),
    cores(),
    memory(),
    await disk(),
    ...(await ffmpeg()),
    kernels(),
    await packedSplats(),
    await gpu(),
    ...(await networks()),
  ];
}

const ok = (what: string, detail: string): Finding => ({ what, status: 'ok', detail, remedy: null });

async function packedSplats(): Promise<Finding> {
  const what = 'packed Gaussians';
  try {
    await import(PACKAGE);
    return ok(what, `${PACKAGE}: reads .compressed.ply, .spz, .sog, .ksplat`);
  } catch {
    const detail = `${PACKAGE} is not installed (210 MB): only .ply and .splat are read`;
    return { what, status: 'optional', detail, remedy: INSTALL };
  }
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= 20) return ok('node', process.version);
  return { what: 'node', status: 'missing', detail: process.version, remedy: 'install Node 20 or newer' };
}

function cores(): Finding {
  return ok('cores', `${availableParallelism()}`);
}

/** A 640x480 run stays well below this; 1 GB leaves room for the system. */
const MIN_MEMORY_BYTES = 2 * 1024 ** 3;

function memory(): Finding {
  const detail = `${formatBytes(totalmem())}, ${formatBytes(freemem())} free`;
  if (totalmem() >= MIN_MEMORY_BYTES) return ok('memory', detail);
  return { what: 'memory', status: 'optional', detail, remedy: 'use --max-size 480 and --workers 1' };
}

async function disk(): Promise<Finding> {
  try {
    await access('.', constants.W_OK);
    const { bavail, bsize } = await statfs('.');
    const free = bavail * bsize;
    const detail = `${formatBytes(free)} free here`;
    if (free > 1024 ** 3) return ok('disk', detail);
    return { what: 'disk', status: 'optional', detail, remedy: 'a run takes 20 to 200 MB; use --out on a larger disk' };
  } catch (error) {
    return {
      what: 'disk',
      status: 'optional',
      detail: messageOf(error),
      remedy: 'use --out FOLDER to write elsewhere',
    };
  }
}

async function ffmpeg(): Promise<Finding[]> {
  try {
    const found = await locateFfmpeg('libx264');
    const origin = found.origin === 'packaged' ? 'packaged with v2r' : `from ${found.origin}`;
    const findings = [ok('ffmpeg', `${found.version}, ${origin}`)];
    if (!found.filters.has('zscale') || !found.filters.has('tonemap')) {
      findings.push({
        what: 'HDR video',
        status: 'optional',
        detail: 'this ffmpeg has no zscale or tonemap filter: HDR video comes out pale',
        remedy: 'install a newer ffmpeg (apt install ffmpeg, brew install ffmpeg)',
      });
    } else {
      findings.push(ok('HDR video', 'tone-mapped to sRGB'));
    }
    return findings;
  } catch (error) {
    return [
      {
        what: 'ffmpeg',
        status: 'missing',
        detail: messageOf(error),
        remedy: 'install ffmpeg (apt install ffmpeg, brew install ffmpeg) or set V2R_FFMPEG to its path',
      },
    ];
  }
}

/** Compiled parts: the splat renderer, the point tracker and the minimum cut. */
const KERNELS = ['splat.wasm', 'klt.wasm', 'cut.wasm'];

function kernels(): Finding {
  const folder = fileURLToPath(new URL('../../dist/kernels', import.meta.url));
  const missing = KERNELS.map((name) => path.join(folder, name)).filter((file) => !existsSync(file));
  if (missing.length === 0) return ok('kernels', 'WebAssembly SIMD');
  const detail = `${missing.join(' and ')} not there`;
  return { what: 'kernels', status: 'missing', detail, remedy: 'npm run build' };
}

async function gpu(): Promise<Finding> {
  const device = existsSync('/dev/dri') || existsSync('/dev/nvidia0');
  const detail = device ? 'a GPU is present, but no step uses it yet' : 'none found';
  return { what: 'GPU', status: 'optional', detail, remedy: 'nothing to do: every step runs on the processor' };
}

async function networks(): Promise<Finding[]> {
  const engine = await engineVersion();
  const runtime: Finding =
    'version' in engine
      ? ok('onnxruntime', engine.version)
      : {
          what: 'onnxruntime',
          status: 'optional',
          detail: `cannot be loaded: ${engine.problem}`,
          remedy: 'npm install onnxruntime-node (only networks need it)',
        };
  const { present, broken, folder } = await presentModels();
  const models: Finding =
    broken.length > 0
      ? {
          what: 'models',
          status: 'optional',
          detail: `damaged: ${broken.join(', ')} in ${folder}`,
          remedy: `delete them and fetch them again: v2r models pull ${broken.join(' ')}`,
        }
      : present.length > 0
        ? ok('models', `${present.join(', ')} in ${folder}`)
        : {
            what: 'models',
            status: 'optional',
            detail: `none in ${folder}: perception is classical and needs none`,
            remedy: 'v2r models pull',
          };
  return [runtime, models];
}

function describe(findings: readonly Finding[]): string {
  const mark: Record<Status, string> = { ok: 'ok', optional: '-', missing: 'MISSING' };
  const rows = findings.map((f) => [mark[f.status], f.what, f.detail]);
  const remedies = findings
    .filter((f) => f.status !== 'ok' && f.remedy !== null)
    .map((f) => `  ${f.what}: ${f.remedy}`);
  return [formatTable([['', `v2r ${VERSION}`, ''], ...rows]), ...(remedies.length > 0 ? ['', ...remedies] : [])].join(
    '\n',
  );
}
