/**
 * onnxruntime-node behind one door: loaded only when a network is used, so that v2r works without it. A session is made
 * once per process and file and used again.
 */
import type * as Ort from 'onnxruntime-node';
import { messageOf } from '../base/errors.js';
import { checkFile, modelsFolder } from './cache.js';
import { findModel, type ModelFile, type ModelId, readManifest } from './manifest.js';

/** Why a network cannot be used here, in words that name it and the remedy. */
export class ModelUnavailable extends Error {
  override readonly name = 'ModelUnavailable';
  constructor(
    readonly modelId: string,
    message: string,
  ) {
    super(message);
  }
}

/** A tensor without its engine. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export interface Session {
  /** Runs on named inputs; gives all outputs, f32, by name. */
  run(
    inputs: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, { shape: readonly number[]; data: Float32Array }>>;
}

/** Threads per network: fixed, so that results do not depend on the machine's load or `--workers`. */
const NUM_THREADS = 2;
/** ONNX Runtime's levels: 0 verbose .. 4 fatal. Warnings about unused weights are of no use to anybody. */
const LOG_ERRORS = 3;

let engine: Promise<typeof Ort> | null = null;

/** The engine, or an error that says what is missing. */
export function loadEngine(): Promise<typeof Ort> {
  engine ??= import('onnxruntime-node');
  return engine;
}

/** The engine's version, or why there is none. */
export async function engineVersion(): Promise<{ version: string } | { problem: string }> {
  try {
    const { env } = await loadEngine();
    return { version: env.versions.node ?? env.versions.common };
  } catch (error) {
    return { problem: messageOf(error).split('\n')[0] };
  }
}

const sessions = new Map<string, Promise<Session>>();

/** Sessions of all files of a network, in the manifest's order. Throws `ModelUnavailable`. */
export async function openModel(id: ModelId, folder = modelsFolder()): Promise<Session[]> {
  const model = findModel(await readManifest(), id);
  return Promise.all(
    model.files.map((file) => {
      const key = `${folder}\n${file.file}`;
      const session = sessions.get(key) ?? openFile(id, folder, file);
      sessions.set(key, session);
      // A failure is not kept: the file may have been put there meanwhile.
      session.catch(() => sessions.delete(key));
      return session;
    }),
  );
}

async function openFile(id: ModelId, folder: string, file: ModelFile): Promise<Session> {
  const { state, problem, path } = await checkFile(folder, file);
  if (state === 'missing') {
    throw new ModelUnavailable(id, `network ${id} is not there (${path}): v2r models pull ${id}`);
  }
  if (state === 'broken') throw new ModelUnavailable(id, `network ${id} is damaged (${path}: ${problem})`);
  let ort: typeof Ort;
  try {
    ort = await loadEngine();
  } catch (error) {
    throw new ModelUnavailable(id, `onnxruntime-node cannot be loaded (${messageOf(error).split('\n')[0]})`);
  }
  try {
    const session = await ort.InferenceSession.create(path, {
      intraOpNumThreads: NUM_THREADS,
      interOpNumThreads: 1,
      logSeverityLevel: LOG_ERRORS,
    });
    const difference = contractDifference(file, session);
    if (difference !== null) throw new Error(difference);
    return wrap(ort, session);
  } catch (error) {
    throw new ModelUnavailable(id, `network ${id} cannot be used (${path}: ${messageOf(error).split('\n')[0]})`);
  }
}

/** What the file's own inputs and outputs have other than the manifest says, or null. */
export function contractDifference(
  file: Pick<ModelFile, 'inputs' | 'outputs'>,
  session: Pick<Ort.InferenceSession, 'inputMetadata' | 'outputMetadata'>,
): string | null {
  const sides = [
    ['input', file.inputs, session.inputMetadata],
    ['output', file.outputs, session.outputMetadata],
  ] as const;
  for (const [side, expected, found] of sides) {
    for (const tensor of expected) {
      const names = found.map((other) => other.name).join(', ');
      const other = found.find((candidate) => candidate.name === tensor.name);
      if (!other) return `expected ${side} "${tensor.name}", found ${names}`;
      if (!other.isTensor) return `${side} "${tensor.name}" is no tensor`;
      const fits =
        other.type === tensor.dtype &&
        other.shape.length === tensor.shape.length &&
        tensor.shape.every((n, i) => n === null || typeof other.shape[i] !== 'number' || other.shape[i] === n);
      if (!fits) {
        const wanted = tensor.shape.map((n) => n ?? 'any').join(', ');
        return `${side} "${tensor.name}": expected ${tensor.dtype} [${wanted}], found ${other.type} [${other.shape.join(', ')}]`;
      }
    }
  }
  return null;
}

function wrap(ort: typeof Ort, session: Ort.InferenceSession): Session {
  return {
    async run(inputs) {
      const feeds = Object.fromEntries(
        Object.entries(inputs).map(([name, { data, shape }]) => [
          name,
          data instanceof Float32Array ? new ort.Tensor('float32', data, shape) : new ort.Tensor('int64', data, shape),
        ]),
      );
      const outputs = await session.run(feeds);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, { data, dims }]) => {
          if (!(data instanceof Float32Array)) throw new Error(`output "${name}" is not f32`);
          return [name, { shape: dims, data }];
        }),
      );
    },
  };
}
