/** Ways in which a film may be worse than the one that was made, each with one strength. */
import { Random } from '../../src/base/random.js';
import type { RgbImage } from '../../src/image/image.js';

export interface Perturbation {
  readonly name: string;
  /** What it is, for the table's legend. */
  readonly meaning: string;
  /** Options of the run, if it is the run that sees less. */
  readonly options?: Record<string, unknown>;
  /** Changes a frame in place, `k` of `numFrames`. */
  frame?(image: RgbImage, k: number, numFrames: number): void;
  /** Constant rate factor of the film that is written (x264), if frames are changed or the film is compressed anew. */
  readonly crf?: number;
}

/** So good that what it adds is not seen. */
const FINE_CRF = 12;
const NOISE_SD = 6;

export const PERTURBATIONS: readonly Perturbation[] = [
  { name: 'as filmed', meaning: 'the fixture itself' },
  {
    name: 'darker',
    meaning: 'half the light (-1 EV)',
    crf: FINE_CRF,
    frame: (image) => expose(image, 0.5),
  },
  {
    name: 'brighter',
    meaning: 'half as much light again (+0.6 EV), whites clipped',
    crf: FINE_CRF,
    frame: (image) => expose(image, 1.5),
  },
  {
    name: 'step',
    meaning: '15 % more light from the middle of the film on',
    crf: FINE_CRF,
    frame: (image, k, numFrames) => expose(image, k < numFrames / 2 ? 1 : 1.15),
  },
  {
    name: 'noise',
    meaning: `Gaussian noise, standard deviation ${NOISE_SD} of 255 in each channel`,
    crf: FINE_CRF,
    frame: (image, k) => addNoise(image, new Random(k)),
  },
  { name: '480 px', meaning: '`--max-size 480`', options: { maxSize: 480 } },
  { name: 'half rate', meaning: '`--fps 15`, every second frame', options: { fps: 15 } },
  { name: 'crf 34', meaning: 'compressed anew by x264 at a constant rate factor of 34', crf: 34 },
];

/** Light times `gain`, by the sRGB curve taken as a power of 2.2. */
function expose(image: RgbImage, gain: number): void {
  const factor = gain ** (1 / 2.2);
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, Math.round(v * factor)));
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]];
}

function addNoise({ data }: RgbImage, random: Random): void {
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.max(0, Math.min(255, Math.round(data[i] + NOISE_SD * random.normal())));
  }
}
