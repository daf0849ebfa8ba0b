/** Small compiled kernels (kernels/NAME.ts -> dist/kernels/NAME.wasm), one instance of each per thread. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from './errors.js';
import { type WasmMemory, wasm } from './webassembly.js';

export interface KernelMemory {
  readonly memory: WasmMemory;
  /** From here on memory belongs to the host. */
  heapBase(): number;
}

const PAGE_BYTES = 65536;

/** Compiles at once. `what` names it in messages. <package root>/dist/kernels, whether this file runs from dist or from src. */
export function loadKernel<Exports extends KernelMemory>(name: string, what: string): Exports {
  const file = fileURLToPath(new URL(`../../dist/kernels/${name}.wasm`, import.meta.url));
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new UserError(`the compiled ${what} is missing (${file})`, 'npm run build');
  }
  const abort = (_message: number, _file: number, line: number, column: number): never => {
    throw new Error(`${name} kernel: aborted at line ${line}, column ${column}`);
  };
  return new wasm.Instance(new wasm.Module(bytes), { env: { abort } }).exports as Exports;
}

/** Lets memory reach up to `bytes`. Views of the old memory may become empty. */
export function growTo(memory: WasmMemory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}
