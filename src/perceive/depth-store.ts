/** `perceive/depth/`: z-depth of the frames in which objects are seen best (docs/formats/perceive.md). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson, writeJson } from '../base/files.js';
import { readNpy, writeNpy } from '../base/npy.js';
import { createFloats, type FloatImage } from '../image/image.js';
import type { DepthMap } from './providers/provider.js';

const DepthSchema = z.object({
  kind: z.literal('v2r/depth'),
  version: z.literal(1),
  /** What made it: a network's name, or files. */
  source: z.string(),
  maps: z.array(
    z.object({
      frame: z.int(),
      /** In this folder, [H, W] f32 metres, 0 = none. */
      file: z.string(),
      /** Median relative distance from the table plane, on bare table near the objects. */
      tableError: z.number(),
    }),
  ),
});
export type Depth = z.infer<typeof DepthSchema>;

export async function writeDepth(
  folder: string,
  { source, maps }: { source: string; maps: readonly DepthMap[] },
): Promise<void> {
  if (maps.length === 0) return;
  const inside = path.join(folder, 'depth');
  const listed: Depth['maps'] = [];
  for (const { frame, depth, tableError } of maps) {
    const file = `${String(frame).padStart(6, '0')}.npy`;
    await writeNpy(path.join(inside, file), [depth.heightPx, depth.widthPx], depth.data);
    listed.push({ frame, file, tableError });
  }
  await writeJson(path.join(inside, 'depth.json'), {
    kind: 'v2r/depth',
    version: 1,
    source,
    maps: listed,
  } satisfies Depth);
}

/** What depth there is; null without any. */
export async function readDepthIndex(folder: string): Promise<Depth | null> {
  const file = path.join(folder, 'depth', 'depth.json');
  return existsSync(file) ? readJson(file, DepthSchema) : null;
}

/** [H, W] f32 metres of one listed map. */
export async function readDepth(folder: string, map: Depth['maps'][number]): Promise<FloatImage> {
  const file = path.join(folder, 'depth', map.file);
  const { shape, data } = await readNpy(file);
  if (shape.length !== 2 || !(data instanceof Float32Array)) {
    throw new UserError(`${file}: expected f32 [H, W], found [${shape.join(', ')}]`);
  }
  return createFloats(shape[1], shape[0], data);
}
