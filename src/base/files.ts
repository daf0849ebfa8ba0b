import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { messageOf, UserError } from './errors.js';

/** Write a file so that a reader never sees half of it: temporary name beside it, then rename. Makes missing folders. */
export async function writeFileAtomic(file: string, data: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.tmp-${process.pid}`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw diskError(file, error);
  }
}

/** JSON with a trailing newline; arrays of numbers stay on one line so that matrices are readable. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  const joined = text.replace(
    /\[\s+(-?[\d.eE+-]+(?:,\s+-?[\d.eE+-]+)*)\s+\]/g,
    (_, inner: string) => `[${inner.replace(/\s+/g, ' ')}]`,
  );
  return `${joined}\n`;
}

export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomic(file, formatJson(value));
}

/** Read and validate a JSON artifact. Errors name the file, the field and what was found. */
export async function readJson<S extends z.ZodType>(file: string, schema: S): Promise<z.infer<S>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${file} is not valid JSON: ${messageOf(error)}`);
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new UserError(`${file}: ${issue.path.join('.') || '(top level)'}: ${issue.message}`);
  }
  return result.data;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Turns the usual disk failures into messages with a remedy; everything else passes through. */
export function diskError(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC')
    return new UserError(
      `disk full while writing ${file}`,
      'free some space and run the same command again: finished work is kept',
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new UserError(`no permission to write ${file}`, 'choose another folder with --out');
  return error;
}
