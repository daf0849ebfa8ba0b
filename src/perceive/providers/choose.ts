/** Which provider does which step: the one that was asked for, or of those that are present the one that measured best. */
import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { NanoTrack } from '../../models/networks/nanotrack.js';
import { type DepthNetwork, openDepthAnything, openPydnet } from '../../models/networks/relative-depth.js';
import { SlimSam } from '../../models/networks/slimsam.js';
import { XFeat } from '../../models/networks/xfeat.js';
import { ModelUnavailable } from '../../models/runtime.js';
import { hintedSegment } from '../hints/hinted-segment.js';
import { type Hints, hasObjectHints, readHints } from '../hints/hints.js';
import type { PerceiveOptions } from '../options.js';
import type { ProviderName, ProvidersUsed } from '../perception.js';
import { filesCamera } from './camera-files.js';
import { type CameraExtras, classicalCamera } from './classical-camera.js';
import { classicalSegment } from './classical-segment.js';
import { classicalTrack } from './classical-track.js';
import { classicalDepth, filesDepth, onnxDepth } from './depth.js';
import { filesSegment } from './files-segment.js';
import { openSightNetworks, type SightNetworks } from './network-evidence.js';
import { onnxSegment } from './onnx-segment.js';
import { onnxTrack } from './onnx-track.js';
import type { CameraProvider, DepthProvider, SegmentProvider, TrackProvider } from './provider.js';
import { classCues, handCues, knownSizeCues, NETWORK_WORD_LOG_SD } from './scale-cues.js';
import { filesTrack } from './track-files.js';

export interface Providers {
  readonly names: ProvidersUsed;
  readonly segment: SegmentProvider;
  readonly track: TrackProvider;
  readonly depth: DepthProvider;
  readonly camera: CameraProvider;
  readonly tablePx: Hints['tablePx'];
}

/** Opens what the options ask for. What is asked for but missing falls back on classical, with a warning that names it. */
export async function chooseProviders(options: PerceiveOptions, ctx: StageContext): Promise<Providers> {
  const hints = readHints(options);
  checkFiles(options);
  const segment = await chooseSegment(options, hints, ctx);
  const track = await chooseTrack(options, ctx);
  const depth = await chooseDepth(options, ctx);
  const camera = chooseCamera(options, hints, segment.sees, ctx);
  return {
    names: { segment: segment.name, track: track.name, depth: depth.name, camera: camera.name },
    segment: segment.provider,
    track: track.provider,
    depth: depth.provider,
    camera: camera.provider,
    tablePx: hints.tablePx,
  };
}

interface Choice<P> {
  readonly name: ProviderName;
  readonly provider: P;
}

/** A step that is to read files needs to know which. */
function checkFiles(options: PerceiveOptions): void {
  const needs = [
    ['segment', options.segment, '--mask-files FOLDER', options.maskFiles],
    ['track', options.track, '--track-files FILE', options.trackFiles],
    ['depth', options.depth, '--depth-files PLACE', options.depthFiles],
    ['camera', options.camera, '--camera-file FILE', options.cameraFile],
  ];
  for (const [step, choice, flag, value] of needs) {
    if (choice === 'files' && value === '') {
      throw new UserError(`--${step} files: name them with ${flag}`, 'v2r perceive --explain-files', 2);
    }
  }
}

/** Tries networks in order; each that is missing is named in a warning if it was asked for. */
async function firstOf<T>(opens: readonly (() => Promise<T>)[], asked: boolean, ctx: StageContext): Promise<T | null> {
  for (const open of opens) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ModelUnavailable)) throw error;
      warnMissing(error, asked, ctx);
    }
  }
  return null;
}

/** Damaged files are worth a word even when nobody asked for them by name. */
function warnMissing(error: ModelUnavailable, asked: boolean, ctx: StageContext): void {
  if (asked || !error.message.includes('is not there')) ctx.warn('network-missing', error.message);
}

async function chooseSegment(
  options: PerceiveOptions,
  hints: Hints,
  ctx: StageContext,
): Promise<Choice<SegmentProvider> & { sees: boolean }> {
  if (options.segment === 'files' || (options.segment === 'auto' && options.maskFiles !== '')) {
    return { name: 'files', provider: hinted(filesSegment(options.maskFiles), hints, null), sees: false };
  }
  // Not by themselves: on films with known truth their masks are no better, and some are worse (docs/accuracy.md).
  if (options.segment === 'onnx' || (options.segment === 'auto' && options.camera === 'onnx')) {
    const asked = options.segment === 'onnx';
    const networks = await openSightNetworks((problem) => warnMissing(problem, asked, ctx));
    if (seesAnything(networks)) {
      const boxTracker = await firstOf([() => NanoTrack.open()], asked, ctx);
      const sam = hasObjectHints(hints) ? await firstOf([() => SlimSam.open()], false, ctx) : null;
      const ownNames = new Set(hints.objects.map(({ name }) => name));
      const provider = onnxSegment(networks, boxTracker, hinted(classicalSegment, hints, sam), ownNames);
      return { name: 'onnx', provider, sees: networks.landmarks !== null || networks.boxes !== null };
    }
    if (asked) warnFallback('segment', ctx);
  }
  return { name: 'classical', provider: hinted(classicalSegment, hints, null), sees: false };
}

const seesAnything = ({ palms, landmarks, person, boxes }: SightNetworks): boolean =>
  (palms !== null && landmarks !== null) || person !== null || boxes !== null;

const hinted = (inner: SegmentProvider, hints: Hints, sam: SlimSam | null): SegmentProvider =>
  hasObjectHints(hints) ? hintedSegment(inner, hints, sam) : inner;

function warnFallback(step: string, ctx: StageContext): void {
  ctx.warn('classical-instead', `--${step} onnx: no network for it can be used, so it is done without`);
}

async function chooseTrack(options: PerceiveOptions, ctx: StageContext): Promise<Choice<TrackProvider>> {
  if (options.track === 'files' || (options.track === 'auto' && options.trackFiles !== '')) {
    return { name: 'files', provider: filesTrack(options.trackFiles) };
  }
  // Features of a network find fewer points within 4 px of where they truly are than following alone does (docs/accuracy.md).
  if (options.track === 'onnx') {
    const features = await firstOf([() => XFeat.open()], true, ctx);
    if (features) return { name: 'onnx', provider: onnxTrack(features) };
    warnFallback('track', ctx);
  }
  return { name: 'classical', provider: classicalTrack };
}

async function chooseDepth(options: PerceiveOptions, ctx: StageContext): Promise<Choice<DepthProvider>> {
  if (options.depth === 'files' || (options.depth === 'auto' && options.depthFiles !== '')) {
    return { name: 'files', provider: filesDepth(options.depthFiles, options.depthKind, options.depthUnit) };
  }
  if (options.depth !== 'classical') {
    const asked = options.depth === 'onnx';
    const opens: (() => Promise<DepthNetwork>)[] = [() => openDepthAnything(), () => openPydnet()];
    const network = await firstOf(opens, false, ctx);
    if (network) return { name: 'onnx', provider: onnxDepth(network) };
    if (asked) warnFallback('depth', ctx);
  }
  return { name: 'classical', provider: classicalDepth };
}

/**
 * Networks help the camera through what segmentation saw: hands and named things are measures. Only when asked: on films with known
 * truth they put the table farther off than the classical cues do, in four of six (docs/accuracy.md).
 */
function chooseCamera(
  options: PerceiveOptions,
  hints: Hints,
  sees: boolean,
  ctx: StageContext,
): Choice<CameraProvider> {
  const ownNames = new Set(hints.objects.map(({ name }) => name));
  const byNetwork = sees && options.camera === 'onnx';
  const byUser = (name: string): boolean => !sees || ownNames.has(name);
  const doubtOf = (name: string): number | null => (byUser(name) ? 0 : byNetwork ? NETWORK_WORD_LOG_SD : null);
  const cues: CameraExtras['cues'] = (inputs, unitLength, up) => [
    ...classCues(inputs, unitLength, doubtOf),
    ...(byNetwork ? handCues(inputs, unitLength) : []),
    ...knownSizeCues(hints.sizes, inputs, unitLength, up),
  ];
  if (options.camera === 'files' || (options.camera === 'auto' && options.cameraFile !== '')) {
    const provider = filesCamera(options.cameraFile, (camera) => classicalCamera(options, { camera, cues }));
    return { name: 'files', provider };
  }
  if (options.camera === 'onnx' && !sees) warnFallback('camera', ctx);
  return { name: byNetwork ? 'onnx' : 'classical', provider: classicalCamera(options, { cues }) };
}
