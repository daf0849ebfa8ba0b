/** The part of the WebAssembly API that is used; TypeScript only declares it together with the whole browser. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds 64 KiB pages; throws a RangeError when there are none. Every view of the old buffer becomes empty. */
  grow(pages: number): number;
}

interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ exports: unknown }>;
  /** At once, for small modules. */
  Module: new (
    bytes: Uint8Array,
  ) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
}

export const wasm: WebAssemblyApi = Reflect.get(globalThis, 'WebAssembly');
