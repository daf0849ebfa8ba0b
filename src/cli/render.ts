/** `v2r render SPLAT`: a picture or a turntable video of a Gaussian file. */
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import { defineOptions, type OptionsOf, resolveOptions } from '../base/options.js';
import { writePng } from '../image/image-io.js';
import type { Vec3 } from '../math/vec3.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { loadSplat } from '../splat/load.js';
import {
  renderTurntable,
  renderView,
  TURNTABLE_DEFAULTS,
  type TurntableOptions,
  turntableViews,
  ViewSchema,
} from '../splat/views.js';
import { VideoEncoder } from '../video/encode.js';
import { addOptionFlags, givenValues } from './flags.js';

const UP: Record<string, Vec3> = {
  '+z': [0, 0, 1],
  '-z': [0, 0, -1],
  '+y': [0, 1, 0],
  '-y': [0, -1, 0],
};
const FPS = 30;

const renderOptions = defineOptions({
  up: {
    kind: 'enum',
    values: ['+z', '-z', '+y', '-y'],
    default: '+z',
    help: 'upward direction of the file; captures on the web often use -y',
  },
  width: {
    kind: 'number',
    default: TURNTABLE_DEFAULTS.widthPx,
    min: 16,
    max: 8192,
    integer: true,
    help: 'width in pixels; a camera file has its own',
  },
  height: {
    kind: 'number',
    default: TURNTABLE_DEFAULTS.heightPx,
    min: 16,
    max: 8192,
    integer: true,
    help: 'height in pixels; a camera file has its own',
  },
  frames: {
    kind: 'number',
    default: TURNTABLE_DEFAULTS.numFrames,
    min: 1,
    max: 10_000,
    integer: true,
    help: `frames of a turntable, ${FPS} per second`,
  },
  antialias: { kind: 'boolean', default: false, help: 'compensate opacity for the low-pass filter' },
});

export function addRenderVerb(program: Command): void {
  const command = program
    .command('render <splat>')
    .description('draw a Gaussian file (.ply, .splat): a picture (.png) or a turntable (.mp4)')
    .requiredOption('-o, --out <file>', 'picture (.png) or turntable video (.mp4)')
    .option(
      '--camera <json>',
      'camera file for a picture: widthPx, heightPx, fx, fy, cx, cy, cameraFromWorld; default: one that sees it all',
    );
  addOptionFlags(command, [renderOptions]);
  command.action(async (splat: string, flags: { out: string; camera?: string } & Record<string, unknown>) => {
    const options = resolveOptions(renderOptions, givenValues(flags, [renderOptions]));
    const { out, camera } = flags;
    const extension = path.extname(out).toLowerCase();
    if (extension !== '.png' && extension !== '.mp4') {
      throw new UserError(`--out ${out}: expected a name that ends with .png or .mp4`, undefined, 2);
    }
    const isVideo = extension === '.mp4';
    if (isVideo && camera) {
      throw new UserError('--camera is for pictures; a turntable moves its own camera', 'give --out a .png', 2);
    }
    if (isVideo && (options.width % 2 === 1 || options.height % 2 === 1)) {
      throw new UserError(
        `--width ${options.width} --height ${options.height}: a video needs even numbers`,
        undefined,
        2,
      );
    }
    const { set, warnings } = await loadSplat(splat);
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    if (isVideo) await writeTurntable(out, set, options);
    else await writePicture(out, set, options, camera);
    process.stderr.write(`${out}: ${set.count} Gaussians\n`);
  });
}

type RenderFlags = OptionsOf<typeof renderOptions>;

const turntableOf = ({ up, width, height, frames }: RenderFlags): TurntableOptions => ({
  ...TURNTABLE_DEFAULTS,
  up: UP[up],
  widthPx: width,
  heightPx: height,
  numFrames: frames,
});

async function writePicture(out: string, set: GaussianSet, options: RenderFlags, camera?: string): Promise<void> {
  const renderer = await createRenderer();
  const view = camera ? await readJson(camera, ViewSchema) : turntableViews(set, turntableOf(options))[0];
  const instance = { set: renderer.prepare(set), cameraFromSet: view.cameraFromWorld, label: 1 };
  await writePng(out, renderView(renderer, view, [instance], { antialias: options.antialias }));
}

async function writeTurntable(out: string, set: GaussianSet, options: RenderFlags): Promise<void> {
  const turntable = turntableOf(options);
  const { widthPx, heightPx } = turntable;
  const encoder = await VideoEncoder.open(out, { widthPx, heightPx, fps: FPS, gop: FPS });
  const renderer = await createRenderer();
  for (const image of renderTurntable(renderer, set, { ...turntable, antialias: options.antialias })) {
    await encoder.write(image.data);
  }
  await encoder.close();
}
