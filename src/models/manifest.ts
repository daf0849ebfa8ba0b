/** `models/manifest.json`: every network v2r can use, where it comes from, under which licence, and what goes in and out. */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';

/** Ids of the networks; their wrappers name them by these. */
export const MODEL_IDS = [
  'palm-detection',
  'hand-landmarks',
  'person-mask',
  'coco-boxes',
  'nanotrack',
  'xfeat',
  'pydnet',
  'depth-anything',
  'slimsam',
] as const;
export type ModelId = (typeof MODEL_IDS)[number];

const TensorSchema = z.object({
  name: z.string(),
  /** null where the size is free. */
  shape: z.array(z.int().positive().nullable()),
  dtype: z.string(),
});

const ModelFileSchema = z.object({
  /** Name in the cache folder. */
  file: z.string().regex(/^[\w.-]+\.onnx$/),
  bytes: z.int().positive().nullable(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Addresses, tried in order; empty: not published, to be added by hand. */
  urls: z.array(z.url()),
  inputs: z.array(TensorSchema),
  outputs: z.array(TensorSchema),
});
export type ModelFile = z.infer<typeof ModelFileSchema>;

const ModelSchema = z.object({
  id: z.enum(MODEL_IDS),
  task: z.string(),
  licence: z.string(),
  source: z.string(),
  /** tested: outputs compared with a reference. untested: written after the published model code, never run by us. */
  status: z.enum(['tested', 'untested']),
  note: z.string().optional(),
  preprocessing: z.string(),
  postprocessing: z.string(),
  files: z.array(ModelFileSchema).min(1),
});
export type Model = z.infer<typeof ModelSchema>;

export const ManifestSchema = z.object({
  kind: z.literal('v2r/models'),
  version: z.literal(1),
  models: z.array(ModelSchema),
});

const MANIFEST_FILE = fileURLToPath(new URL('../../models/manifest.json', import.meta.url));

export async function readManifest(file = MANIFEST_FILE): Promise<Model[]> {
  return (await readJson(file, ManifestSchema)).models;
}

export function findModel(models: readonly Model[], id: string): Model {
  const model = models.find((candidate) => candidate.id === id);
  if (model) return model;
  throw new UserError(`no network "${id}"`, `one of ${models.map((known) => known.id).join(', ')}`, 2);
}
