/**
 * Holds the architecture: imports point one way (docs/architecture.md) and no file imports itself through others.
 * Prints every violation and exits with 1 if there is one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Lower layers first. A folder may import from folders of lower rank and from itself. */
const LAYERS: string[][] = [
  ['base'],
  ['math'],
  ['image', 'mesh'],
  ['video', 'splat', 'models'],
  ['perceive', 'robot'],
  ['objects'],
  ['pose'],
  ['skill', 'bop'],
  ['scene', 'augment', 'physics'],
  ['episode'],
  ['dataset'],
  ['sweep'],
  ['view'],
  ['pipeline'],
  ['cli'],
];

const root = fileURLToPath(new URL('..', import.meta.url));
const source = path.join(root, 'src');
const rankOf = new Map(LAYERS.flatMap((folders, rank) => folders.map((folder) => [folder, rank] as const)));

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map((match) => match[1]);
  return specifiers.map((specifier) => path.resolve(path.dirname(file), specifier).replace(/\.js$/, '.ts'));
}

const files = ['src', 'bench', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(root, folder, name)),
);
const isSource = (file: string): boolean => file.startsWith(source + path.sep);
const graph = new Map(files.map((file) => [file, importsOf(file).filter((target) => files.includes(target))]));
const problems: string[] = [];
const show = (file: string): string => path.relative(root, file);
const folderOf = (file: string): string => path.relative(source, file).split(path.sep)[0];

for (const [file, targets] of graph) {
  // Benches, scripts and tests may import what they like, but not each other in circles.
  if (!isSource(file)) continue;
  const folder = folderOf(file);
  if (folder.endsWith('.ts')) continue; // src/index.ts may import everything
  const rank = rankOf.get(folder);
  if (rank === undefined) {
    problems.push(`${show(file)}: folder ${folder} has no place in LAYERS`);
    continue;
  }
  for (const target of targets) {
    if (!isSource(target)) {
      problems.push(`${show(file)} must not import ${show(target)}`);
      continue;
    }
    const targetFolder = folderOf(target);
    const targetRank = rankOf.get(targetFolder) ?? Number.POSITIVE_INFINITY;
    if (targetFolder !== folder && targetRank >= rank) problems.push(`${show(file)} must not import ${show(target)}`);
  }
}

const state = new Map<string, 'open' | 'done'>();
function visit(file: string, trail: string[]): void {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    problems.push(`circular: ${[...trail.slice(trail.indexOf(file)), file].map(show).join(' -> ')}`);
    return;
  }
  state.set(file, 'open');
  for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
  state.set(file, 'done');
}
for (const file of files) visit(file, []);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  console.log(`imports: ${files.length} files, all point one way`);
}
