/** The kernels' memory above their own static data: blocks handed out and taken back by the host, growing as needed. */
import type { WasmMemory } from '../../base/webassembly.js';

const PAGE_BYTES = 65536;
/** Blocks begin at multiples of this: a cache line, and four vectors. */
const ALIGNMENT = 64;

interface Span {
  start: number;
  bytes: number;
}

/** First-fit allocator. Typed-array views go stale when the memory grows: ask for a new one after every `allocate`. */
export class Arena {
  /** Free spans, sorted by address, never touching each other. */
  private free: Span[];
  private readonly used = new Map<number, number>();

  constructor(
    private readonly memory: WasmMemory,
    start: number,
  ) {
    const first = Math.ceil(start / ALIGNMENT) * ALIGNMENT;
    this.free = [{ start: first, bytes: memory.buffer.byteLength - first }];
  }

  get usedBytes(): number {
    let sum = 0;
    for (const bytes of this.used.values()) sum += bytes;
    return sum;
  }

  /** Address of a block of at least `bytes`. Throws a plain error when the machine has no more memory. */
  allocate(bytes: number): number {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    let index = this.free.findIndex((span) => span.bytes >= size);
    if (index < 0) {
      this.grow(size);
      index = this.free.length - 1;
    }
    const span = this.free[index];
    const address = span.start;
    if (span.bytes === size) this.free.splice(index, 1);
    else this.free[index] = { start: span.start + size, bytes: span.bytes - size };
    this.used.set(address, size);
    return address;
  }

  release(address: number): void {
    const bytes = this.used.get(address);
    if (bytes === undefined) throw new Error(`splat memory: ${address} is not an allocated block`);
    this.used.delete(address);
    this.insert({ start: address, bytes });
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }

  doubles(address: number, count: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, count);
  }

  bytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, count);
  }

  private grow(size: number): void {
    const last = this.free.at(-1);
    const end = this.memory.buffer.byteLength;
    const atEnd = last !== undefined && last.start + last.bytes === end ? last.bytes : 0;
    // A fifth more than needed, so that slowly growing scenes do not grow the memory every time.
    const pages = Math.ceil(((size - atEnd) * 1.2) / PAGE_BYTES);
    try {
      this.memory.grow(pages);
    } catch {
      throw new Error(`splat memory: cannot grow by ${pages * PAGE_BYTES} bytes beyond ${end}`);
    }
    this.insert({ start: end, bytes: pages * PAGE_BYTES });
  }

  private insert(span: Span): void {
    let index = this.free.findIndex((other) => other.start > span.start);
    if (index < 0) index = this.free.length;
    this.free.splice(index, 0, span);
    const next = this.free[index + 1];
    if (next && span.start + span.bytes === next.start) {
      span.bytes += next.bytes;
      this.free.splice(index + 1, 1);
    }
    const previous = this.free[index - 1];
    if (previous && previous.start + previous.bytes === span.start) {
      previous.bytes += span.bytes;
      this.free.splice(index, 1);
    }
  }
}

/** One block that only ever gets larger; its contents do not survive growing. */
export class ScratchBlock {
  address = 0;
  private bytes = 0;

  constructor(private readonly arena: Arena) {}

  ensure(bytes: number): number {
    if (bytes <= this.bytes) return this.address;
    if (this.bytes > 0) this.arena.release(this.address);
    this.bytes = Math.ceil(bytes * 1.25);
    this.address = this.arena.allocate(this.bytes);
    return this.address;
  }
}
