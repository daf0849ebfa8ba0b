/** Real networks for tests: $V2R_MODELS or ../shared/models. Where neither is, tests skip and say so. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SHARED = fileURLToPath(new URL('../../../shared', import.meta.url));

/** Folder with the networks under their cache names. */
export const MODELS_FOLDER = path.join(SHARED, 'models');
export const REFERENCE_FOLDER = path.join(MODELS_FOLDER, 'reference');
export const VIDEOS_FOLDER = path.join(SHARED, 'data/videos');
export const modelsPresent = existsSync(path.join(MODELS_FOLDER, 'yolox_nano.onnx'));
if (!modelsPresent) console.log('skipped: tests of networks, for ../shared/models is not here');
