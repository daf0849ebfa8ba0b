/** What `npm run bench -- splat` gives; milliseconds unless the name says otherwise. */
import type { Timing } from './measure.js';
import type { PeerComparison } from './peers.js';
import type { Roofline } from './roofline.js';

export interface SplatResult {
  robotScene640Ms: number;
  robotScene256Ms: number;
  poseStepMs: number;
  millionMs: number;
  ratioVsGaussianSplats3d: number | null;
  ratioVsSplatTransform: number | null;
  ratioVsTwin: number;
  ratioTwoWorkers: number;
  /** The same by frames per CPU second, times two: what two free cores would give. */
  ratioTwoWorkersByCpu: number;
  psnrTwinDb: number;
  /** 8-bit pictures of closed bodies against drawing every Gaussian. */
  psnrClosedDb: number;
  psnrPeerDb: number | null;
  robotGaussians: number;
  timings: Record<string, Timing>;
  curve: { gaussians: number; medianMs: number; cpuMs: number }[];
  millionMemoryMb: number;
  roofline: Roofline;
  peers: PeerComparison[];
  /** What could not be compared, and why. */
  notes: string[];
}
