/**
 * Where networks lie on this machine: $V2R_MODELS, else v2r/models in the user's cache folder (XDG_CACHE_HOME, ~/.cache,
 * LOCALAPPDATA). A folder filled by hand serves as well; nothing is ever fetched unasked.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { diskError, readJson, writeJson } from '../base/files.js';
import type { Model, ModelFile } from './manifest.js';

export function modelsFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.V2R_MODELS) return env.V2R_MODELS;
  const base =
    env.XDG_CACHE_HOME ??
    (process.platform === 'win32' && env.LOCALAPPDATA ? env.LOCALAPPDATA : path.join(homedir(), '.cache'));
  return path.join(base, 'v2r', 'models');
}

/** ok: the right bytes. accepted: other bytes that the user added with --unverified. broken: other bytes, not wanted. */
export type FileState = 'missing' | 'ok' | 'accepted' | 'broken';

export interface FileReport {
  readonly file: ModelFile;
  readonly path: string;
  readonly state: FileState;
  /** What is wrong with a broken file; empty otherwise. */
  readonly problem: string;
}

const AcceptedSchema = z.record(z.string(), z.string());

/** File names with the sha256 that the user accepted in place of the manifest's. */
async function accepted(folder: string): Promise<Record<string, string>> {
  return readJson(path.join(folder, 'accepted.json'), AcceptedSchema).catch(() => ({}));
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

/** Looks at one file of a network. Size first: a cut download is told without reading it. */
export async function checkFile(folder: string, file: ModelFile): Promise<FileReport> {
  const place = path.join(folder, file.file);
  const report = (state: FileState, problem = ''): FileReport => ({ file, path: place, state, problem });
  const info = await stat(place).catch(() => null);
  if (!info?.isFile()) return report('missing');
  const others = await accepted(folder);
  if (file.bytes !== null && info.size !== file.bytes && !(file.file in others)) {
    return report('broken', `${info.size} bytes, expected ${file.bytes}`);
  }
  const found = await sha256OfFile(place).catch((error: unknown) => messageOf(error));
  if (found === file.sha256) return report('ok');
  if (others[file.file] === found) return report('accepted');
  return report('broken', `sha256 ${found.slice(0, 12)}..., expected ${file.sha256.slice(0, 12)}...`);
}

export interface ModelReport {
  readonly model: Model;
  readonly files: readonly FileReport[];
  /** The worst of its files. */
  readonly state: FileState;
}

export async function checkModel(folder: string, model: Model): Promise<ModelReport> {
  const files = await Promise.all(model.files.map((file) => checkFile(folder, file)));
  const order: FileState[] = ['missing', 'broken', 'accepted', 'ok'];
  const state = order.find((candidate) => files.some((file) => file.state === candidate)) ?? 'missing';
  return { model, files, state };
}

/** Puts a file of the user's into the cache. Other bytes than the manifest's are only taken with `unverified`. */
export async function addFile(folder: string, file: ModelFile, from: string, unverified: boolean): Promise<void> {
  const found = await sha256OfFile(from).catch((error: unknown) => {
    throw new UserError(`cannot read ${from}: ${messageOf(error)}`);
  });
  if (found !== file.sha256 && !unverified) {
    throw new UserError(
      `${from} is not the file in the manifest: sha256 ${found}, expected ${file.sha256}`,
      'add --unverified if it is another export with the same inputs and outputs',
    );
  }
  const place = path.join(folder, file.file);
  const temporary = `${place}.tmp-${process.pid}`;
  try {
    await mkdir(folder, { recursive: true });
    await copyFile(from, temporary);
    await rename(temporary, place);
    if (found !== file.sha256) {
      await writeJson(path.join(folder, 'accepted.json'), { ...(await accepted(folder)), [file.file]: found });
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskError(place, error);
  }
}
