import { describe, expect, it } from 'vitest';
import { identity } from '../../src/math/se3.js';
import type { Perception } from '../../src/perceive/perception.js';
import type { Poses } from '../../src/pose/poses.js';
import type { Skill } from '../../src/skill/skill.js';
import { judge } from '../../src/view/verdict.js';

function perception(
  more: { table?: Partial<Perception['table']>; confidence?: number; manipulated?: boolean } = {},
): Perception {
  return {
    kind: 'v2r/perception',
    version: 1,
    numFrames: 10,
    fps: 30,
    camera: { widthPx: 640, heightPx: 480, fx: 500, fy: 500, cx: 320, cy: 240, source: 'metadata', focalLogSd: 0.01 },
    table: {
      cameraFromWorld: identity(),
      normalSource: 'lines',
      normalSdDeg: 1,
      scaleSource: 'given length',
      scaleLogSd: 0.02,
      ...more.table,
    },
    cameraMotion: { kind: 'static', maxShiftPx: 0 },
    frameFromReference: null,
    hand: { seen: true, confidence: 1, firstFrame: 0, lastFrame: 9 },
    objects: [
      {
        id: 1,
        name: 'red can',
        role: 'source',
        confidence: more.confidence ?? 0.9,
        evidence: '',
        motion: null,
        referenceFrame: 0,
      },
    ],
    finding: 'a finding',
    manipulated: more.manipulated ?? true,
  };
}

function poses(states: ('resting' | 'moving' | 'guessed')[]): Poses {
  const frames = states.map((state) => ({
    cameraFromObject: identity(),
    state,
    visibleFraction: 1,
    loss: 0,
    sdM: 0,
    sdRad: 0,
  }));
  return {
    kind: 'v2r/poses',
    version: 1,
    fps: 30,
    numFrames: states.length,
    cameraFromWorld: identity(),
    objects: [{ id: 1, frames }],
  };
}

const noSkill: Skill = {
  kind: 'v2r/skill',
  version: 1,
  fps: 30,
  task: 'none',
  instruction: '',
  segments: [],
  relativeMotions: [],
  confidence: 0,
  finding: 'nothing was carried',
};

describe('judge', () => {
  it('is good when every stage was sure', () => {
    expect(judge(perception(), null, null, null, { accepted: 10, rejected: 0, reasons: {} })).toEqual({
      level: 'good',
      headline: 'Every stage was confident.',
      reasons: [],
    });
  });

  it('names an unsure scale as a share of every length, and how to settle it', () => {
    const verdict = judge(
      perception({ table: { scaleLogSd: 0.2, scaleSource: 'size of a can' } }),
      null,
      null,
      null,
      null,
    );
    expect(verdict.level).toBe('care');
    expect(verdict.reasons[0]).toBe(
      'Metric scale is known to about 22 % only; if you know a length: --size "source=95mm".',
    );
  });

  it('puts the worst reason first', () => {
    const verdict = judge(perception({ table: { normalSdDeg: 8 }, confidence: 0.2 }), null, null, null, null);
    expect(verdict.level).toBe('bad');
    expect(verdict.reasons[0]).toContain('red can (source) was found with confidence 0.20');
    expect(verdict.reasons[1]).toContain('tilt is known to about 8 degrees');
  });

  it('counts guessed poses among the moving ones only', () => {
    const resting = Array<'resting'>(100).fill('resting');
    expect(judge(perception(), null, poses([...resting, 'moving', 'moving']), null, null).level).toBe('good');
    const verdict = judge(
      perception(),
      null,
      poses([...resting, 'moving', 'guessed', 'guessed', 'guessed']),
      null,
      null,
    );
    expect(verdict.level).toBe('bad');
    expect(verdict.reasons[0]).toContain('a guess in 75 % of the frames');
  });

  it('says so when nothing was manipulated, when there is no skill and when no episode passed', () => {
    expect(judge(perception({ manipulated: false }), null, null, null, null)).toMatchObject({
      level: 'bad',
      reasons: ['a finding'],
    });
    expect(judge(perception(), null, null, noSkill, null).reasons).toEqual(['nothing was carried']);
    const none = judge(perception(), null, null, null, {
      accepted: 0,
      rejected: 4,
      reasons: { 'out-of-reach': 3, collision: 1 },
    });
    expect(none.reasons).toEqual(['None of 4 episodes passed its checks (mostly: out-of-reach).']);
  });
});
