/** An object's size in words, with how well it is known. */

/** `sizeM`, `sdM`: extents along x, y, z and their standard deviations, metres: "7.0 x 7.0 x 2.4 cm, each ± 18 to 25 %". */
export function sizeText(sizeM: readonly number[], sdM?: readonly number[]): string {
  const size = `${sizeM.map((m) => (m * 100).toFixed(1)).join(' x ')} cm`;
  if (!sdM) return size;
  const shares = sdM.map((sd, k) => Math.round((100 * sd) / Math.max(sizeM[k], 1e-9)));
  const [low, high] = [Math.min(...shares), Math.max(...shares)];
  return `${size}, each ± ${low === high ? low : `${low} to ${high}`} %`;
}
