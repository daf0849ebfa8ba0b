/** The run folder: which stages are there, what made them, and how they are replaced without a gap. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../base/errors.js';
import { diskError, readJson, writeFileAtomic, writeJson } from '../base/files.js';
import type { StageName } from './stage.js';

/** What made a stage's folder; kept in `.stages/`, so that clock times stay out of the artifacts. `digest` decides about reuse. */
export const StageRecordSchema = z.object({
  stage: z.string(),
  digest: z.string(),
  seconds: z.number(),
  finding: z.string().nullable(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type StageRecord = z.infer<typeof StageRecordSchema>;

export class RunFolder {
  constructor(readonly path: string) {}

  folderOf(stage: StageName): string {
    return path.join(this.path, stage);
  }

  /** Checked before any work: can we write here, and is it (or can it become) a run folder? */
  async open(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
      const entries = await readdir(this.path);
      if (entries.length > 0 && !entries.includes('run.json') && !entries.some((name) => name.startsWith('.'))) {
        throw new UserError(
          `${this.path} is not empty and is not a run folder`,
          'choose another folder with --out FOLDER',
        );
      }
    } catch (error) {
      if (error instanceof UserError) throw error;
      const problem = diskError(this.path, error);
      if (problem instanceof UserError) throw problem;
      throw new UserError(
        `cannot use ${this.path} as run folder: ${messageOf(error)}`,
        'choose another with --out FOLDER',
      );
    }
  }

  /**
   * Keeps a second run out of this folder while one is at work; returns the function that lets go again. A lock whose process
   * has died is taken over.
   */
  async lock(): Promise<() => Promise<void>> {
    const file = path.join(this.path, '.lock');
    const owner = await readFile(file, 'utf8').then(Number, () => null);
    if (owner !== null && owner !== process.pid && isRunning(owner)) {
      throw new UserError(
        `another v2r (process ${owner}) is working in ${this.path}`,
        'wait for it, or choose another folder with --out FOLDER',
      );
    }
    await writeFileAtomic(file, String(process.pid));
    return () => rm(file, { force: true });
  }

  /** The record of a finished stage, or null when it is missing or unreadable (then the stage simply runs again). */
  async record(stage: StageName): Promise<StageRecord | null> {
    const file = this.recordFile(stage);
    if (!existsSync(file) || !existsSync(this.folderOf(stage))) return null;
    try {
      return await readJson(file, StageRecordSchema);
    } catch {
      return null;
    }
  }

  /** A folder to work in. Kept from an interrupted run of the same digest when the stage can resume, else made anew. */
  async beginStage(stage: StageName, digest: string, resumable: boolean): Promise<string> {
    const prefix = `.${stage}.partial-`;
    const work = path.join(this.path, `${prefix}${digest.slice(0, 12)}`);
    for (const name of await readdir(this.path)) {
      const stale = name.startsWith(prefix) && path.join(this.path, name) !== work;
      if (stale) await rm(path.join(this.path, name), { recursive: true, force: true });
    }
    if (!resumable) await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true });
    return work;
  }

  /** Puts the finished folder in place of the old one. A crash in between leaves no record: the stage then runs again. */
  async commitStage(work: string, record: StageRecord): Promise<void> {
    const stage = record.stage as StageName;
    const target = this.folderOf(stage);
    await rm(this.recordFile(stage), { force: true });
    const old = `${work}.old`;
    const replaces = existsSync(target);
    if (replaces) await rename(target, old);
    await rename(work, target);
    await writeJson(this.recordFile(stage), record);
    if (replaces) await rm(old, { recursive: true, force: true });
  }

  private recordFile(stage: StageName): string {
    return path.join(this.path, '.stages', `${stage}.json`);
  }

  async sizeBytes(): Promise<number> {
    let total = 0;
    for (const name of await readdir(this.path, { recursive: true })) {
      const info = await stat(path.join(this.path, name));
      if (info.isFile()) total += info.size;
    }
    return total;
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
