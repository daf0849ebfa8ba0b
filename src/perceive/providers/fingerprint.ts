/** What a perception depends on besides its options: the networks that are there, and the files that are named. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkModel, modelsFolder, sha256OfFile } from '../../models/cache.js';
import { readManifest } from '../../models/manifest.js';
import type { PerceiveOptions } from '../options.js';

/** Changes when the same options would give another result, because networks or files have changed. */
export async function fingerprintOf(options: PerceiveOptions): Promise<unknown> {
  const { segment, track, depth, camera } = options;
  const usesNetworks = [segment, track, depth, camera].some((choice) => choice === 'auto' || choice === 'onnx');
  const places = [options.maskFiles, options.trackFiles, options.depthFiles, options.cameraFile].filter(
    (place) => place !== '',
  );
  return {
    networks: usesNetworks ? await networksHere() : [],
    files: await Promise.all(places.map(factsOf)),
  };
}

async function networksHere(): Promise<string[]> {
  const reports = await Promise.all((await readManifest()).map((model) => checkModel(modelsFolder(), model)));
  const usable = reports.filter(({ state }) => state === 'ok' || state === 'accepted');
  const files = usable.flatMap((report) => report.files);
  return Promise.all(files.map(async ({ file, path: place }) => `${file.file} ${await sha256OfFile(place)}`));
}

/** Name, size and time of a file or of everything in a folder; bytes would take long to read. */
async function factsOf(place: string): Promise<unknown> {
  const info = await stat(place).catch(() => null);
  if (!info) return [place, 'missing'];
  if (!info.isDirectory()) return [place, info.size, info.mtimeMs];
  const names = (await readdir(place, { recursive: true })).sort();
  const facts = await Promise.all(names.map(async (name) => [name, await stat(path.join(place, name))] as const));
  return [place, facts.map(([name, { size, mtimeMs }]) => [name, size, mtimeMs])];
}
