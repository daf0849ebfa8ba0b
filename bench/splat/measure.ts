/** Timing on machines that other programs share. */
export interface Timing {
  /** Wall clock, milliseconds. */
  medianMs: number;
  minMs: number;
  /** CPU time of the process in one run, median and smallest: what the work costs when another program holds the core meanwhile. */
  cpuMedianMs: number;
  cpuMs: number;
  runs: number;
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Warms up (V8 compiles WebAssembly twice), then times `runs` calls one by one. */
export function time(work: () => void, runs = 40, warmUp = 8): Timing {
  for (let k = 0; k < warmUp; k++) work();
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let k = 0; k < runs; k++) {
    const from = performance.now();
    const cpuFrom = cpuMs();
    work();
    cpu.push(cpuMs() - cpuFrom);
    wall.push(performance.now() - from);
  }
  wall.sort((a, b) => a - b);
  cpu.sort((a, b) => a - b);
  return { medianMs: wall[runs >> 1], minMs: wall[0], cpuMedianMs: cpu[runs >> 1], cpuMs: cpu[0], runs };
}

/** PSNR in dB of two pictures with values 0..1 (cut at 1). */
export function psnrDb(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (Math.min(a[i], 1) - Math.min(b[i], 1)) ** 2;
  return -10 * Math.log10(sum / a.length);
}

/** 0..1 of 8-bit values. */
export const toUnit = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (value) => value / 255);

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
