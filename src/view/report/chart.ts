/** Line charts as SVG text: enough to see a curve over time, nothing more. */
import { escapeHtml } from './html.js';

export interface Series {
  name: string;
  /** One value per frame; NaN leaves a gap. */
  values: readonly number[];
}

const COLOURS = ['#2f7ed8', '#d9822b', '#3a9d5d', '#b64fb0', '#8a6d3b'];
const WIDTH = 720;
const HEIGHT = 180;
const MARGIN = { left: 52, right: 12, top: 12, bottom: 30 };

/** `marks` are vertical lines with a label, e.g. grasp and release. */
export function lineChart(
  series: readonly Series[],
  axes: { unit: string; fps: number },
  marks: readonly { frame: number; label: string }[] = [],
): string {
  const finite = series.flatMap((s) => s.values.filter(Number.isFinite));
  const numFrames = Math.max(2, ...series.map((s) => s.values.length));
  const low = Math.min(0, ...finite);
  const high = Math.max(low + 1e-9, ...finite);
  const x = (frame: number): number => MARGIN.left + (frame / (numFrames - 1)) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number): number =>
    HEIGHT - MARGIN.bottom - ((value - low) / (high - low)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const parts = [
    `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(low)}" y2="${y(low)}" stroke="currentColor" opacity=".4"/>`,
    label(4, y(high) + 10, formatValue(high)),
    label(4, y(low), `${formatValue(low)} ${axes.unit}`),
    label(MARGIN.left, HEIGHT - 8, '0 s'),
    label(WIDTH - 60, HEIGHT - 8, `${((numFrames - 1) / axes.fps).toFixed(1)} s`),
  ];
  for (const mark of marks) {
    const at = x(mark.frame).toFixed(1);
    parts.push(
      `<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="currentColor" stroke-dasharray="3 3" opacity=".5"/>`,
    );
    parts.push(label(x(mark.frame) + 3, MARGIN.top + 8, mark.label));
  }
  series.forEach((one, index) => {
    const colour = COLOURS[index % COLOURS.length];
    parts.push(`<path d="${pathOf(one.values, x, y)}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(
      `<text x="${MARGIN.left + 100 + index * 150}" y="${HEIGHT - 8}" font-size="12" fill="${colour}">${escapeHtml(one.name)}</text>`,
    );
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">${parts.join('')}</svg>`;
}

function label(x: number, y: number, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="11" fill="currentColor" opacity=".8">${escapeHtml(text)}</text>`;
}

function formatValue(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function pathOf(values: readonly number[], x: (i: number) => number, y: (v: number) => number): string {
  let pen: 'M' | 'L' = 'M';
  let path = '';
  values.forEach((value, frame) => {
    if (Number.isFinite(value)) {
      path += `${pen}${x(frame).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = 'L';
    } else {
      pen = 'M';
    }
  });
  return path;
}
