/** Where a description's mesh lies: beside the file, or in a ROS package that the file is part of. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/errors.js';

/** Folders above the description that are searched for a package. */
const LEVELS = 6;

/** Path of the mesh `reference` (relative, absolute, file:// or package://) of the description `file`. */
export function findMeshFile(reference: string, file: string): string {
  const here = path.dirname(path.resolve(file));
  const candidates: string[] = [];
  const inPackage = /^(?:package|model):\/\/([^/]+)\/(.*)$/.exec(reference);
  if (inPackage) {
    const [, name, rest] = inPackage;
    for (let folder = here, k = 0; k < LEVELS; folder = path.dirname(folder), k++) {
      candidates.push(path.join(folder, name, rest), path.join(folder, rest));
    }
  } else if (reference.startsWith('file://')) {
    candidates.push(fileURLToPath(reference));
  } else {
    candidates.push(path.resolve(here, reference));
  }
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found) return found;
  throw new UserError(
    `${file}: mesh not found: ${reference}`,
    inPackage ? `put the package's folder beside the file or above it (looked for ${candidates[0]})` : undefined,
  );
}
