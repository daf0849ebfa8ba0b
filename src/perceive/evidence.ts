/**
 * What is known about a clip besides its pixels: what networks saw and what the user pointed at. The classical steps work
 * without any of it and ask for it where it helps. Places are in work-size pixels of the stabilised clip.
 */

/** Something a detector has a word for. */
export interface NamedBox {
  readonly word: string;
  /** 0..1 */
  readonly score: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export interface Evidence {
  /** [H/2, W/2] u8: 255 surely hand or arm, 128 undecided, 0 surely not; null where nobody looked. */
  hand(frameIdx: number): Uint8Array | null;
  /** Frames that the detector looked at, in order. */
  readonly boxFrames: readonly number[];
  /** What the detector saw in the nearest frame it looked at; empty when it never looked. */
  boxes(frameIdx: number): readonly NamedBox[];
}
