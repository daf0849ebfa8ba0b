import { expect, it } from 'vitest';
import { ablationText, bopText, realText } from '../../bench/bop/accuracy-doc.js';
import type { BenchSummary } from '../../src/cli/bench-bop.js';

const SCORES = { ar: 0.5, arVsd: 0.25, arMssd: 0.5, arMspd: 0.75, recallAdd: 0.1, recallAdi: 0.2, targets: 40 };
const summary: BenchSummary = {
  ...SCORES,
  ...{ kind: 'v2r/bench-bop', version: 1, dataset: 'films', split: 'test', averageTimePerImageSec: 0.1, warnings: [] },
  objects: { 4: SCORES },
  sequences: { 2: SCORES },
  ...{ framesPerSecond: 4.25, given: 'models', page: null },
  spinDegPerSec: { 4: 3, 7: 0.1 },
  restMotion: { 4: { worstMm: 0.44, worstDeg: 0.21, mm95: 0.1, deg95: 0.05, frames: 60 } },
  scaleFitted: { ...SCORES, ar: 0.9, sequences: { 2: SCORES }, scales: { 2: 1.1 } },
  ablation: {
    'no-track-loss': { ...SCORES, ar: 0.4, sequences: { 2: { ...SCORES, ar: 0.3 } }, spinDegPerSec: { 4: 12.34 } },
  },
};

const rows = [{ title: 'Films', sceneNames: { 2: 'drum' }, summary }];

it('fills the table of the ablation, all films and each, without bodies that never turn', () => {
  const text = ablationText('npm run bench -- bop --parts ablation', '1.2.3', rows);
  expect(text).toContain('| no-track-loss | 40.0 | 25.0 | 50.0 | 75.0 | 30.0 | 12.3 |');
  expect(text).not.toContain('object 7');
  expect(text).not.toMatch(/NaN|undefined|null/);
});

it('fills the tables of sequences and of the fitted scale', () => {
  const text = bopText('npm run bench -- bop', '1.2.3', rows);
  expect(text).toContain('| **Films** | all | 50.0 | 25.0 | 50.0 | 75.0 | 10.0 | 20.0 | 40 |');
  expect(text).toContain('|  | drum | 50.0 |');
  expect(text).toContain('| **Films, one scale per film fitted** | all | 90.0 |');
  expect(text).toContain('drum (x 1.10)');
  expect(text).toContain('| Films | object 4 | 60 | 0.10 / 0.44 | 0.05 / 0.21 |');
  expect(text).toContain('Films: 4.3');
  expect(text).not.toMatch(/NaN|undefined|null/);
});

it('says of real sequences what they are', () => {
  const text = realText('npm run bench -- bop --parts real', '1.2.3', rows);
  expect(text).toContain('| **Films** | all | 50.0 |');
  expect(text).toContain('visp_rbt');
});
