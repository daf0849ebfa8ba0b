/** The video artifact of a very small film. */
import type { VideoInfo } from '../../src/video/video-info.js';

export const videoJson = (numFrames: number): VideoInfo => ({
  kind: 'v2r/video',
  version: 1,
  source: {
    name: 'a.mp4',
    sha256: '',
    container: 'mp4',
    codec: 'h264',
    widthPx: 64,
    heightPx: 48,
    rotationDeg: 0,
    fps: 30,
    durationSec: 1,
    isVariableRate: false,
    transfer: 'sdr',
    focal35mm: null,
    cameraMake: null,
    cameraModel: null,
  },
  fps: 30,
  numFrames,
  widthPx: 64,
  heightPx: 48,
  startSec: 0,
  warnings: [],
});
