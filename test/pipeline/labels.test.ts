import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, writeJson } from '../../src/base/files.js';
import { createRgb } from '../../src/image/image.js';
import type { Perception } from '../../src/perceive/perception.js';
import { readPerception, writePerception } from '../../src/perceive/store.js';
import { applyLabels, relabel } from '../../src/pipeline/labels.js';
import { RunFolder } from '../../src/pipeline/run-folder.js';
import type { Stage } from '../../src/pipeline/stage.js';

const perception: Perception = {
  kind: 'v2r/perception',
  version: 1,
  numFrames: 2,
  fps: 30,
  camera: { widthPx: 8, heightPx: 6, fx: 8, fy: 8, cx: 4, cy: 3, source: 'option', focalLogSd: 0.02 },
  table: {
    cameraFromWorld: [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 1, 0, 0, 0, 1],
    normalSource: '',
    normalSdDeg: 1,
    scaleSource: '',
    scaleLogSd: 0.1,
  },
  cameraMotion: { kind: 'static', maxShiftPx: 0 },
  frameFromReference: null,
  hand: { seen: false, confidence: 0, firstFrame: 0, lastFrame: 0 },
  objects: [1, 2].map((id) => ({
    id,
    name: `red object ${id}`,
    role: 'source',
    confidence: 1,
    evidence: '',
    motion: null,
    referenceFrame: 0,
  })),
  finding: '',
  manipulated: true,
};

describe('names given to a finished run', () => {
  let run: string;
  /** A report that holds the names it was made with. */
  const report: Stage = {
    name: 'report',
    version: 1,
    inputs: ['perceive'],
    options: {},
    run: async (io) => {
      const { objects } = await readPerception(io.input('perceive'));
      await writeJson(
        path.join(io.output, 'names.json'),
        objects.map(({ name }) => name),
      );
      return undefined;
    },
  };

  beforeAll(async () => {
    run = await mkdtemp(path.join(tmpdir(), 'labels-'));
    const folder = new RunFolder(run);
    await writeJson(path.join(run, 'run.json'), { seed: 0, options: {} });
    for (const name of ['perceive', 'report'] as const) {
      const work = await folder.beginStage(name, `digest of ${name}`, false);
      await mkdir(work, { recursive: true });
      if (name === 'perceive') {
        const tracks = { numFrames: 2, numTracks: 0, xyPx: new Float32Array(0), objectIds: [] };
        const depth = { source: '', maps: [] };
        await writePerception(work, { perception, tracks, plate: createRgb(8, 6), depth, hands: null });
      }
      await folder.commitStage(work, {
        stage: name,
        digest: `digest of ${name}`,
        seconds: 1,
        finding: null,
        warnings: [],
      });
    }
  });
  afterAll(() => rm(run, { recursive: true }));

  it('are in the artifacts and in what is written anew, and others stay', async () => {
    const result = await relabel(run, { 1: 'mug' }, [report]);
    expect(result.objects).toEqual([
      { id: 1, name: 'mug' },
      { id: 2, name: 'red object 2' },
    ]);
    expect(result.remade).toEqual(['report']);
    expect((await readPerception(path.join(run, 'perceive'))).objects.map(({ name }) => name)).toEqual([
      'mug',
      'red object 2',
    ]);
    await relabel(run, { 2: 'bowl' }, [report]);
    const names = await readJson(path.join(run, 'report', 'names.json'), z.array(z.string()));
    expect(names).toEqual(['mug', 'bowl']);
    const record = await new RunFolder(run).record('report');
    expect(record).toMatchObject({ digest: 'digest of report', seconds: 1 });
  });

  it('survive when perception is made again with the same digest, and only then', async () => {
    const again = path.join(run, 'again');
    await cp(path.join(run, 'perceive'), again, { recursive: true });
    await writeJson(path.join(again, 'perception.json'), perception);
    await applyLabels(run, 'another digest', again);
    expect((await readPerception(again)).objects[0].name).toBe('red object 1');
    await applyLabels(run, 'digest of perceive', again);
    expect((await readPerception(again)).objects[0].name).toBe('mug');
  });

  it('are refused for objects that are not there', async () => {
    await expect(relabel(run, { 9: 'cup' }, [report])).rejects.toThrow(/no object 9; there are: 1 \(mug\), 2 \(bowl\)/);
    await expect(relabel(tmpdir(), { 1: 'cup' }, [report])).rejects.toThrow(/is not a run/);
  });
});
