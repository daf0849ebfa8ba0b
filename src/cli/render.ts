/** `v2r render SPLAT`: a picture or a turntable video of a Gaussian file. */
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import { writePng } from '../image/image-io.js';
import type { Vec3 } from '../math/vec3.js';
import { createRenderer } from '../splat/create-renderer.js';
import { loadSplat } from '../splat/load.js';
import { renderTurntable, renderView, TURNTABLE_DEFAULTS, turntableViews, ViewSchema } from '../splat/views.js';
import { VideoEncoder } from '../video/encode.js';

const UP: Record<string, Vec3> = {
  '+z': [0, 0, 1],
  '-z': [0, 0, -1],
  '+y': [0, 1, 0],
  '-y': [0, -1, 0],
};
const FPS = 30;

interface RenderFlags {
  out: string;
  camera?: string;
  up: string;
  antialias?: boolean;
}

export function addRenderVerb(program: Command): void {
  program
    .command('render <splat>')
    .description('draw a Gaussian file (.ply, .splat): a picture (.png) or a turntable (.mp4)')
    .requiredOption('-o, --out <file>', 'picture (.png) or turntable video (.mp4)')
    .option(
      '--camera <json>',
      'camera file: widthPx, heightPx, fx, fy, cx, cy, cameraFromWorld; default: one that sees it all',
    )
    .option(
      '--up <axis>',
      `upward direction of the file: ${Object.keys(UP).join(', ')}; captures on the web often use -y`,
      '+z',
    )
    .option('--antialias', 'compensate opacity for the low-pass filter')
    .action(async (splat: string, flags: RenderFlags) => {
      const up = UP[flags.up];
      if (!up) throw new UserError(`--up ${flags.up}: expected one of ${Object.keys(UP).join(', ')}`, undefined, 2);
      const extension = path.extname(flags.out).toLowerCase();
      if (extension !== '.png' && extension !== '.mp4') {
        throw new UserError(`--out ${flags.out}: expected a name that ends with .png or .mp4`, undefined, 2);
      }
      const { set, warnings } = await loadSplat(splat);
      for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
      const renderer = await createRenderer();
      const options = { up, antialias: flags.antialias };
      if (extension === '.png') {
        const views = turntableViews(set, { ...TURNTABLE_DEFAULTS, up });
        const view = flags.camera ? await readJson(flags.camera, ViewSchema) : views[0];
        const instance = { set: renderer.prepare(set), cameraFromSet: view.cameraFromWorld, label: 1 };
        await writePng(flags.out, renderView(renderer, view, [instance], options));
      } else {
        const { widthPx, heightPx } = TURNTABLE_DEFAULTS;
        const encoder = await VideoEncoder.open(flags.out, { widthPx, heightPx, fps: FPS, gop: FPS });
        for (const image of renderTurntable(renderer, set, options)) await encoder.write(image.data);
        await encoder.close();
      }
      process.stderr.write(`${flags.out}: ${set.count} Gaussians\n`);
    });
}
