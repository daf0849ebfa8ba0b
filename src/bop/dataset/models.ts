/** The objects of a BOP data set: size, symmetries and mesh. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import { distance, norm, scale, type Vec3, vec3At } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import { loadMesh } from '../../mesh/load-mesh.js';
import { meshBounds } from '../../objects/mesh.js';
import { ModelsInfoSchema } from './schemas.js';
import type { Symmetries } from './symmetry.js';

export const METRES_PER_MM = 1e-3;

export interface BopObject {
  readonly id: number;
  /** Where the data set has names. */
  readonly name?: string;
  /** Largest distance between two vertices as the data set states it. */
  readonly diameterM: number;
  readonly sizeM: Vec3;
  readonly symmetries: Symmetries;
  /** The mesh that is scored (`models_eval` where there is one), metres, model frame. */
  readMesh(): Promise<ColouredMesh>;
  /** The mesh with the best looks (`models`), for drawing. */
  readLooks(): Promise<ColouredMesh>;
}

/** Diameters outside are a sign of another unit than millimetres. */
const PLAUSIBLE_DIAMETER_MM = [10, 5000] as const;

/** Objects by id. Symmetries and diameters are those beside the meshes that are scored. */
export async function openModels(folder: string, warnings: string[]): Promise<Map<number, BopObject>> {
  const looks = path.join(folder, 'models');
  const evaluated = path.join(folder, 'models_eval');
  const scored = existsSync(evaluated) ? evaluated : looks;
  if (scored === looks) warnings.push('no models_eval: errors are measured on models, which gives other numbers');
  const file = path.join(scored, 'models_info.json');
  if (!existsSync(file))
    throw new UserError(`${folder} has no ${path.relative(folder, file)}`, 'is this a BOP data set?');
  const infos = await readJson(file, ModelsInfoSchema);
  const objects = new Map<number, BopObject>();
  for (const [key, info] of Object.entries(infos)) {
    const [low, high] = PLAUSIBLE_DIAMETER_MM;
    if (info.diameter < low || info.diameter > high) {
      throw new UserError(
        `${file}: object ${key} has a diameter of ${info.diameter} mm`,
        `expected ${low} to ${high}: lengths in a BOP data set are millimetres`,
      );
    }
    const symmetries = symmetriesOf(info, `${file}: object ${key}`);
    const meshFile = `obj_${key.padStart(6, '0')}.ply`;
    const loaded = new Map<string, Promise<ColouredMesh>>();
    const meshIn = (models: string): Promise<ColouredMesh> => {
      const mesh = loaded.get(models) ?? readModel(path.join(models, meshFile), info.diameter);
      loaded.set(models, mesh);
      return mesh;
    };
    objects.set(Number(key), {
      id: Number(key),
      ...(info.name === undefined ? {} : { name: info.name }),
      diameterM: info.diameter * METRES_PER_MM,
      sizeM: [info.size_x * METRES_PER_MM, info.size_y * METRES_PER_MM, info.size_z * METRES_PER_MM],
      symmetries,
      readMesh: () => meshIn(scored),
      readLooks: () => meshIn(existsSync(looks) ? looks : scored),
    });
  }
  return objects;
}

/** The space diagonal of a bounding box is one to the root of three diameters long; beyond this a mesh is of another unit, or of another thing. */
const MAX_SPAN_PER_DIAMETER = 3;

async function readModel(file: string, diameterMm: number): Promise<ColouredMesh> {
  if (!existsSync(file)) throw new UserError(`cannot read ${file}`, 'is the folder of models complete?');
  const stored = await loadMesh(file);
  const mesh = { ...stored, vertices: stored.vertices.map((value) => METRES_PER_MM * value) };
  if (mesh.triangles.length === 0) {
    throw new UserError(`${file} has no faces`, 'a point cloud will not do: give a triangle mesh');
  }
  const { min, max } = meshBounds(mesh);
  const ratio = distance(min, max) / METRES_PER_MM / diameterMm;
  if (!(ratio > 1 / MAX_SPAN_PER_DIAMETER && ratio < MAX_SPAN_PER_DIAMETER)) {
    throw new UserError(
      `${file} spans ${(ratio * diameterMm).toPrecision(3)} mm, models_info.json says a diameter of ${diameterMm} mm`,
      'both are to be in millimetres',
    );
  }
  return mesh;
}

type ModelInfo = ReturnType<typeof ModelsInfoSchema.parse>[string];

function symmetriesOf(info: ModelInfo, what: string): Symmetries {
  const discrete = (info.symmetries_discrete ?? []).map((m) =>
    m.map((value, k) => (k === 3 || k === 7 || k === 11 ? value * METRES_PER_MM : value)),
  );
  const continuous = (info.symmetries_continuous ?? []).map(({ axis, offset }) => {
    if (!(norm(vec3At(axis)) > 0)) throw new UserError(`${what}: the axis of a continuous symmetry is zero`);
    return { axis: vec3At(axis), offsetM: scale(vec3At(offset), METRES_PER_MM) };
  });
  return { discrete, continuous };
}
