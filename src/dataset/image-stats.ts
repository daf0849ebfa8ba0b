/** Made where frames are drawn (`src/image`), used where datasets are written. */
export * from '../image/image-stats.js';
