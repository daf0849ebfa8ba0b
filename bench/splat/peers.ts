/** Other renderers on the same splats, when they are installed. */
export interface PeerResult {
  ratioVsGaussianSplats3d: number | null;
  ratioVsSplatTransform: number | null;
  psnrPeerDb: number | null;
  details: Record<string, unknown>;
}

export async function comparePeers(_args: string[], say: (text: string) => void): Promise<PeerResult> {
  say('peers: none installed');
  return { ratioVsGaussianSplats3d: null, ratioVsSplatTransform: null, psnrPeerDb: null, details: {} };
}
