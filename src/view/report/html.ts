/** Small pieces of the report page: one self-contained HTML file without scripts or links to elsewhere. */

import type { RgbImage } from '../../image/image.js';
import { encodeJpeg } from '../../image/image-io.js';

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** An image inside the page, so that the report is one file that can be mailed. */
export async function figure(image: RgbImage, caption: string): Promise<string> {
  const jpeg = await encodeJpeg(image, 85);
  const data = Buffer.from(jpeg).toString('base64');
  const alt = escapeHtml(caption);
  return `<figure><img alt="${alt}" width="${image.widthPx}" height="${image.heightPx}" src="data:image/jpeg;base64,${data}"><figcaption>${alt}</figcaption></figure>`;
}

export function svgFigure(svg: string, caption: string): string {
  return `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

/** First row is the head. Cells are text, not HTML. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    row.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('');
  const lines = body.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `<div class="wide"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>\n${lines}\n</tbody></table></div>`;
}

export function list(items: readonly string[]): string {
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}

export interface Section {
  id: string;
  title: string;
  html: string;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2126; --soft: #5b6670; --line: #d9dee3; --paper: #fff; --good: #1d7a46; --care: #a86400; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebee; --soft: #9aa5af; --line: #353c43; --paper: #15191d; --good: #58c98a; --care: #f0ae4c; --bad: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { margin-top: 2.4rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem }
.verdict { border-left: .4rem solid; padding: .4rem 1rem; margin: 1rem 0 } .good { border-color: var(--good) } .care { border-color: var(--care) } .bad { border-color: var(--bad) }
.verdict strong { font-size: 1.15rem } figure { margin: 1rem 0 } img, svg { max-width: 100%; height: auto; border-radius: 4px } figcaption { color: var(--soft); font-size: .9rem }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums } th, td { text-align: left; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 600 }
nav a { margin-right: 1rem } a { color: inherit }`;

/** `lead` is HTML that stands above the sections. */
export function page(title: string, lead: string, sections: readonly Section[]): string {
  const links = sections.map((section) => `<a href="#${section.id}">${escapeHtml(section.title)}</a>`).join('\n');
  const bodies = sections
    .map((section) => `<section id="${section.id}"><h2>${escapeHtml(section.title)}</h2>\n${section.html}\n</section>`)
    .join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(title)}</h1>
${lead}
<nav>${links}</nav>
${bodies}
</body></html>
`;
}
