/** Fetching networks: goes on where a broken download stopped, and keeps only what has the right sha256. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, UserError } from '../base/errors.js';
import { addFile, checkFile, sha256OfFile } from './cache.js';
import type { ModelFile } from './manifest.js';

export interface PullOptions {
  /** Folder or http(s) address that holds the files under their cache names; instead of the manifest's addresses. */
  readonly from?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number | null) => void;
}

/** Makes sure that a file lies in the cache. Gives what was done. */
export async function pullFile(
  folder: string,
  file: ModelFile,
  options: PullOptions = {},
): Promise<'kept' | 'fetched'> {
  const before = await checkFile(folder, file);
  if (before.state === 'ok' || before.state === 'accepted') return 'kept';
  const { from } = options;
  const isAddress = from !== undefined && /^https?:\/\//.test(from);
  if (from !== undefined && !isAddress) {
    await addFile(folder, file, path.join(from, file.file), false);
    return 'fetched';
  }
  const urls = from === undefined ? file.urls : [`${from.replace(/\/$/, '')}/${file.file}`];
  if (urls.length === 0) {
    throw new UserError(
      `${file.file} is not published, so it cannot be pulled`,
      'put it there: v2r models add ID FILE',
    );
  }
  await mkdir(folder, { recursive: true });
  const problems: string[] = [];
  for (const url of urls) {
    const problem = await fetchVerified(url, path.join(folder, file.file), file, options);
    if (problem === null) return 'fetched';
    problems.push(`${url}: ${problem}`);
  }
  throw new UserError(
    `could not fetch ${file.file}: ${problems.join('; ')}`,
    'run the same command again to go on, or fetch it elsewhere and give --from FOLDER',
  );
}

/** Fetches into `place`.part and renames it when its bytes are right. Gives what went wrong, or null. */
async function fetchVerified(
  url: string,
  place: string,
  file: ModelFile,
  options: PullOptions,
): Promise<string | null> {
  const part = `${place}.part`;
  try {
    await fetchInto(url, part, options);
    const found = await sha256OfFile(part);
    if (found !== file.sha256) {
      // Wrong bytes do not get right by adding more: the next try begins anew.
      await rm(part, { force: true });
      return `sha256 ${found.slice(0, 12)}..., expected ${file.sha256.slice(0, 12)}...; thrown away`;
    }
    await rename(part, place);
    return null;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const cause = error instanceof Error && error.cause ? ` (${messageOf(error.cause)})` : '';
    return `${messageOf(error)}${cause}`;
  }
}

async function fetchInto(url: string, part: string, { signal, onProgress }: PullOptions): Promise<void> {
  const have = (await stat(part).catch(() => null))?.size ?? 0;
  const headers: Record<string, string> = have > 0 ? { Range: `bytes=${have}-` } : {};
  const response = await fetch(url, { headers, signal });
  // The part is already as long as the file: nothing to add.
  if (response.status === 416) return;
  if (!response.ok || response.body === null) throw new Error(`the server answers ${response.status}`);
  const resumes = response.status === 206;
  let done = resumes ? have : 0;
  const length = response.headers.get('content-length');
  const total = length === null ? null : done + Number(length);
  const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
  body.on('data', (chunk: Uint8Array) => {
    done += chunk.length;
    onProgress?.(done, total);
  });
  await pipeline(body, createWriteStream(part, { flags: resumes ? 'a' : 'w' }), { signal });
}
