/** The skill as a picture: per object a bar of rest and motion, segments and events over it, thumbnails above. */
import type { Poses } from '../pose/poses.js';
import type { Skill, SkillEvent, SkillSegment } from './skill.js';

export interface TimelineOptions {
  /** Object names by id; ids are shown where a name is missing. */
  readonly names?: ReadonlyMap<number, string>;
  /** Small pictures of frames (data or relative URLs), drawn along the top in the order given. */
  readonly thumbnails?: readonly { frame: number; href: string }[];
  readonly widthPx?: number;
}

const LEFT = 130;
const RIGHT = 16;
const ROW = 46;
const BAR = 14;
const THUMB_HEIGHT = 72;
const STATE_COLOURS = { resting: '#d6d9de', moving: '#7ea6d8', guessed: '#e8c77a', lost: '#e39b93' } as const;
const SEGMENT_COLOURS: Record<SkillSegment['kind'], string> = { grasp: '#3b7a57', task: '#3458a4', release: '#8a5a9e' };
const EVENT_MARKS: Record<SkillEvent['kind'], string> = {
  grasp: 'grasp',
  lift: 'lift',
  contact: 'near target',
  down: 'down',
  release: 'release',
};

/** A standalone SVG. One row per object: what the tracker said (bar), what the parser made of it (boxes and marks). */
export function skillTimelineSvg(skill: Skill, poses: Poses, options: TimelineOptions = {}): string {
  const width = options.widthPx ?? 960;
  const thumbs = options.thumbnails ?? [];
  const top = thumbs.length > 0 ? THUMB_HEIGHT + 14 : 10;
  const height = top + poses.objects.length * ROW + 34;
  const x = (frame: number): number => LEFT + ((width - LEFT - RIGHT) * frame) / Math.max(1, poses.numFrames - 1);
  const parts: string[] = [];
  parts.push(...thumbnailParts(thumbs, x, width));
  poses.objects.forEach((object, row) => {
    const y = top + row * ROW;
    const name = options.names?.get(object.id) ?? `object ${object.id}`;
    parts.push(`<text x="${LEFT - 8}" y="${y + 30}" text-anchor="end">${escapeXml(name)}</text>`);
    parts.push(...stateParts(object.frames, x, y + 20));
    for (const segment of skill.segments.filter((s) => s.sourceId === object.id)) {
      parts.push(segmentPart(segment, x, y + 20));
    }
    for (const event of (skill.events ?? []).filter((e) => e.objectId === object.id)) {
      parts.push(eventPart(event, x, y));
    }
  });
  parts.push(...axisParts(poses, x, height - 22));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    ...parts,
    '</svg>',
  ].join('\n');
}

function thumbnailParts(
  thumbs: readonly { frame: number; href: string }[],
  x: (frame: number) => number,
  width: number,
): string[] {
  const each = (width - LEFT - RIGHT) / Math.max(1, thumbs.length);
  return thumbs.flatMap(({ frame, href }, i) => {
    const left = LEFT + i * each;
    return [
      `<image href="${escapeXml(href)}" x="${round(left)}" y="0" width="${round(each - 4)}" height="${THUMB_HEIGHT}" preserveAspectRatio="xMidYMid slice"/>`,
      `<line x1="${round(left + each / 2 - 2)}" y1="${THUMB_HEIGHT}" x2="${round(x(frame))}" y2="${THUMB_HEIGHT + 12}" stroke="#999"/>`,
    ];
  });
}

/** Runs of equal states as bars. */
function stateParts(frames: Poses['objects'][number]['frames'], x: (frame: number) => number, y: number): string[] {
  const parts: string[] = [];
  for (let from = 0; from < frames.length; ) {
    let to = from;
    while (to < frames.length && frames[to].state === frames[from].state) to++;
    const state = frames[from].state;
    parts.push(
      `<rect x="${round(x(from))}" y="${y}" width="${round(Math.max(1, x(to) - x(from)))}" height="${BAR}" fill="${STATE_COLOURS[state]}"><title>${state}, frames ${from} to ${to - 1}</title></rect>`,
    );
    from = to;
  }
  return parts;
}

function segmentPart(segment: SkillSegment, x: (frame: number) => number, y: number): string {
  const from = x(segment.fromFrame);
  const width = Math.max(3, x(segment.toFrame) - from);
  const label = segment.kind === 'task' ? (segment.word ?? 'task') : segment.kind;
  const title = `${label}, frames ${segment.fromFrame} to ${segment.toFrame}, confidence ${segment.confidence.toFixed(2)}: ${segment.evidence}`;
  return `<rect x="${round(from)}" y="${y + 2}" width="${round(width)}" height="${BAR - 4}" rx="2" fill="${SEGMENT_COLOURS[segment.kind]}" fill-opacity="0.85"><title>${escapeXml(title)}</title></rect>`;
}

function eventPart(event: SkillEvent, x: (frame: number) => number, y: number): string {
  const at = round(x(event.frame));
  // Events of one journey come in close pairs (grasp and lift, down and release): labels take turns above and below, and
  // the approach to the target is a mark without one.
  const low = event.kind === 'lift' || event.kind === 'down';
  const label =
    event.kind === 'contact'
      ? ''
      : `<text x="${at}" y="${low ? y + 44 : y + 14}" text-anchor="${low ? 'middle' : event.kind === 'grasp' ? 'end' : 'start'}" font-size="10">${EVENT_MARKS[event.kind]} ${event.frame}</text>`;
  const title = `${EVENT_MARKS[event.kind]}, frame ${event.frame}: ${event.evidence}`;
  return `<g><line x1="${at}" y1="${y + 16}" x2="${at}" y2="${y + 36}" stroke="#111"/>${label}<title>${escapeXml(title)}</title></g>`;
}

function axisParts(poses: Poses, x: (frame: number) => number, y: number): string[] {
  const seconds = (poses.numFrames - 1) / poses.fps;
  const step = seconds > 12 ? 2 : seconds > 5 ? 1 : 0.5;
  const parts = [`<line x1="${LEFT}" y1="${y}" x2="${round(x(poses.numFrames - 1))}" y2="${y}" stroke="#999"/>`];
  for (let s = 0; s <= seconds + 1e-9; s += step) {
    const at = round(x(s * poses.fps));
    parts.push(`<line x1="${at}" y1="${y}" x2="${at}" y2="${y + 4}" stroke="#999"/>`);
    parts.push(`<text x="${at}" y="${y + 16}" text-anchor="middle" font-size="10">${s} s</text>`);
  }
  return parts;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Text made safe for SVG content and attribute values. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
}
