import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addFile, checkFile } from '../../src/models/cache.js';
import { pullFile } from '../../src/models/download.js';
import type { ModelFile } from '../../src/models/manifest.js';

const BYTES = Uint8Array.from({ length: 50_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
const file: ModelFile = {
  file: 'made-up.onnx',
  bytes: BYTES.length,
  sha256: createHash('sha256').update(BYTES).digest('hex'),
  urls: [],
  inputs: [],
  outputs: [],
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Sends all of it, or from where a Range header says. */
const withRanges: Handler = (request, response) => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= BYTES.length) response.writeHead(416).end();
  else if (from > 0) response.writeHead(206, { 'content-length': BYTES.length - from }).end(BYTES.subarray(from));
  else response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
};

describe('pulling networks from a server on this machine', () => {
  let folder: string;
  let server: Server;
  let handler: Handler;
  let ranges: (string | undefined)[];
  let address: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'models-'));
    handler = withRanges;
    ranges = [];
    server = createServer((request, response) => {
      ranges.push(request.headers.range);
      handler(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  const place = (): string => path.join(folder, file.file);

  it('fetches, verifies, and keeps what is there already', async () => {
    const seen: number[] = [];
    expect(await pullFile(folder, file, { from: address, onProgress: (done) => seen.push(done) })).toBe('fetched');
    expect(Uint8Array.from(await readFile(place()))).toEqual(BYTES);
    expect(seen.at(-1)).toBe(BYTES.length);
    expect(await pullFile(folder, file, { from: address })).toBe('kept');
    expect(ranges).toHaveLength(1);
    expect(await readdir(folder)).toEqual([file.file]);
  });

  it('goes on where a broken connection stopped', async () => {
    handler = (_, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 20_000));
      // Not before something has arrived on the disk.
      const watch = setInterval(async () => {
        const part = await stat(`${place()}.part`).catch(() => null);
        if (!part || part.size === 0) return;
        clearInterval(watch);
        response.destroy();
      }, 5);
    };
    await expect(pullFile(folder, file, { from: address })).rejects.toThrow(/could not fetch made-up.onnx/);
    expect((await checkFile(folder, file)).state).toBe('missing');
    handler = withRanges;
    expect(await pullFile(folder, file, { from: address })).toBe('fetched');
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect(Uint8Array.from(await readFile(place()))).toEqual(BYTES);
  });

  it('begins anew when the server knows no ranges', async () => {
    await writeFile(`${place()}.part`, BYTES.subarray(0, 1000));
    handler = (_, response) => response.writeHead(200).end(BYTES);
    expect(await pullFile(folder, file, { from: address })).toBe('fetched');
    expect(Uint8Array.from(await readFile(place()))).toEqual(BYTES);
  });

  it('finishes a part that is complete already', async () => {
    await writeFile(`${place()}.part`, BYTES);
    expect(await pullFile(folder, file, { from: address })).toBe('fetched');
    expect(ranges).toEqual([`bytes=${BYTES.length}-`]);
  });

  it('throws corrupt bytes away and says what was found', async () => {
    handler = (_, response) => response.writeHead(200).end(Uint8Array.from(BYTES, (value) => value ^ 1));
    await expect(pullFile(folder, file, { from: address })).rejects.toThrow(/sha256 [0-9a-f]{12}\.\.\., expected/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('throws away a corrupt beginning too, so that the next try works', async () => {
    await writeFile(`${place()}.part`, new Uint8Array(10_000));
    await expect(pullFile(folder, file, { from: address })).rejects.toThrow(/thrown away/);
    expect(await pullFile(folder, file, { from: address })).toBe('fetched');
  });

  it('tries the next address when one fails, and names all that failed', async () => {
    const urls = [`${address}/gone/x`, `${address}/here/x`];
    handler = (request, response) => {
      if (request.url?.startsWith('/gone')) response.writeHead(404).end();
      else withRanges(request, response);
    };
    expect(await pullFile(folder, { ...file, urls })).toBe('fetched');
    await rm(place());
    await expect(pullFile(folder, { ...file, urls: [urls[0], urls[0]] })).rejects.toThrow(/answers 404.*answers 404/);
  });

  it('takes files from a folder, with no connection', async () => {
    const mirror = await mkdtemp(path.join(tmpdir(), 'mirror-'));
    await writeFile(path.join(mirror, file.file), BYTES);
    expect(await pullFile(folder, file, { from: mirror })).toBe('fetched');
    expect(ranges).toEqual([]);
    await rm(mirror, { recursive: true });
  });

  it('does not fetch what is not published', async () => {
    await expect(pullFile(folder, file)).rejects.toThrow(/not published/);
  });

  it('tells missing, cut, wrong and accepted files apart', async () => {
    expect((await checkFile(folder, file)).state).toBe('missing');
    await writeFile(place(), BYTES.subarray(0, 100));
    expect(await checkFile(folder, file)).toMatchObject({ state: 'broken', problem: '100 bytes, expected 50000' });
    const other = path.join(folder, 'other.bin');
    await writeFile(other, BYTES.subarray(0, 4000));
    await expect(addFile(folder, file, other, false)).rejects.toThrow(/not the file in the manifest/);
    await addFile(folder, file, other, true);
    expect((await checkFile(folder, file)).state).toBe('accepted');
    expect(await pullFile(folder, file, { from: address })).toBe('kept');
  });
});
