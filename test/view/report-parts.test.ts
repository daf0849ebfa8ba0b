import { describe, expect, it } from 'vitest';
import { lineChart } from '../../src/view/report/chart.js';
import { escapeHtml, page, table } from '../../src/view/report/html.js';

describe('lineChart', () => {
  it('breaks the line at NaN and draws nothing outside the box', () => {
    const svg = lineChart([{ name: 'height', values: [0, 1, Number.NaN, 1, 0] }], { unit: 'm', fps: 10 });
    const path = /d="([^"]+)"/.exec(svg)![1];
    expect(path.match(/M/g)).toHaveLength(2);
    for (const [, x, y] of path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
      expect(Number(x)).toBeLessThanOrEqual(720);
      expect(Number(y)).toBeLessThanOrEqual(180);
    }
  });

  it('survives series without a single number', () => {
    expect(lineChart([{ name: 'a', values: [Number.NaN] }], { unit: 'm', fps: 10 })).not.toContain('NaN');
  });
});

describe('html', () => {
  it('never lets a name become markup', () => {
    expect(escapeHtml('<b>"a" & b</b>')).toBe('&lt;b&gt;&quot;a&quot; &amp; b&lt;/b&gt;');
    const text = page('<i>', '', [{ id: 'x', title: '<u>', html: table([['<head>'], ['<cell>']]) }]);
    expect(text).not.toMatch(/<(i|u|head|cell)>(?!<meta)/);
  });
});
