import type { Vec3 } from '../math/vec3.js';

const NUM_BUCKETS = 1 << 16;

/** A growing set of 3D points in a hash grid, for near-neighbour questions up to one cell size away. */
export class PointGrid {
  private readonly heads = new Int32Array(NUM_BUCKETS).fill(-1);
  private readonly next: number[] = [];
  private readonly xyz: number[] = [];

  constructor(private readonly cellM: number) {}

  get count(): number {
    return this.next.length;
  }

  add(point: Vec3): void {
    const bucket = this.bucketOf(this.cellOf(point[0]), this.cellOf(point[1]), this.cellOf(point[2]));
    this.next.push(this.heads[bucket]);
    this.heads[bucket] = this.next.length - 1;
    this.xyz.push(point[0], point[1], point[2]);
  }

  /** Index of the nearest point closer than `maxM` (at most the cell size) that `accepts` lets through; -1 if there is none. */
  nearest(point: Vec3, maxM: number, accepts: (index: number) => boolean = () => true): number {
    const { xyz, next } = this;
    const [cx, cy, cz] = [this.cellOf(point[0]), this.cellOf(point[1]), this.cellOf(point[2])];
    let best = -1;
    let bestSquare = maxM * maxM;
    for (let x = cx - 1; x <= cx + 1; x++) {
      for (let y = cy - 1; y <= cy + 1; y++) {
        for (let z = cz - 1; z <= cz + 1; z++) {
          for (let j = this.heads[this.bucketOf(x, y, z)]; j >= 0; j = next[j]) {
            const dx = xyz[3 * j] - point[0];
            const dy = xyz[3 * j + 1] - point[1];
            const dz = xyz[3 * j + 2] - point[2];
            const square = dx * dx + dy * dy + dz * dz;
            if (square >= bestSquare || !accepts(j)) continue;
            best = j;
            bestSquare = square;
          }
        }
      }
    }
    return best;
  }

  /** Is there a point closer than `maxM` (at most the cell size) that `accepts` lets through? Looks in the own cell first. */
  hasWithin(point: Vec3, maxM: number, accepts: (index: number) => boolean): boolean {
    const [cx, cy, cz] = [this.cellOf(point[0]), this.cellOf(point[1]), this.cellOf(point[2])];
    if (this.cellHas(this.bucketOf(cx, cy, cz), point, maxM, accepts)) return true;
    // Cells that the ball reaches: on each axis the own cell and one or both neighbours.
    const low = point.map((value) => this.cellOf(value - maxM));
    const high = point.map((value) => this.cellOf(value + maxM));
    for (let x = low[0]; x <= high[0]; x++) {
      for (let y = low[1]; y <= high[1]; y++) {
        for (let z = low[2]; z <= high[2]; z++) {
          if (x === cx && y === cy && z === cz) continue;
          if (this.cellHas(this.bucketOf(x, y, z), point, maxM, accepts)) return true;
        }
      }
    }
    return false;
  }

  private cellHas(bucket: number, point: Vec3, maxM: number, accepts: (index: number) => boolean): boolean {
    const { xyz, next } = this;
    for (let j = this.heads[bucket]; j >= 0; j = next[j]) {
      const dx = xyz[3 * j] - point[0];
      const dy = xyz[3 * j + 1] - point[1];
      const dz = xyz[3 * j + 2] - point[2];
      if (dx * dx + dy * dy + dz * dz < maxM * maxM && accepts(j)) return true;
    }
    return false;
  }

  pointAt(index: number): Vec3 {
    return [this.xyz[3 * index], this.xyz[3 * index + 1], this.xyz[3 * index + 2]];
  }

  /** [N, 3] in the order in which they were added. */
  points(): Float64Array {
    return Float64Array.from(this.xyz);
  }

  private cellOf(value: number): number {
    return Math.floor(value / this.cellM);
  }

  /** Teschner et al. 2003, "Optimized spatial hashing". */
  private bucketOf(x: number, y: number, z: number): number {
    return (Math.imul(x, 73856093) ^ Math.imul(y, 19349663) ^ Math.imul(z, 83492791)) & (NUM_BUCKETS - 1);
  }
}
