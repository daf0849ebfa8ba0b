/** Sections of documents that a bench writes: between two marks, everything around them left alone. */
import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../src/base/files.js';

/** Puts `text` between the marks of section `name`; throws when the document lacks them. */
export async function replaceSection(file: string, name: string, text: string): Promise<void> {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
  const document = await readFile(file, 'utf8');
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no section "${begin}"`);
  await writeFileAtomic(file, `${document.slice(0, from)}${begin}\n\n${text.trim()}\n\n${document.slice(to)}`);
}
