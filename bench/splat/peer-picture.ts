/** What a peer gives: its picture, [H, W, 3] u8 sRGB over black, and times per frame. */
export interface PeerPicture {
  /** Median and least by the wall clock. */
  frameMs: number;
  leastMs: number;
  /** CPU time of all its threads, NaN where it cannot be told. */
  cpuMs: number;
  rgb: Uint8Array;
}
