/** Plain words for things no network has named: their main colour and rough shape. */

type ColourWord = string;

function colourWord(lab: Uint8Array, i: number): ColourWord {
  const l = lab[3 * i] / 2.55;
  const a = lab[3 * i + 1] - 128;
  const b = lab[3 * i + 2] - 128;
  if (Math.hypot(a, b) < 12) return l < 25 ? 'black' : l < 60 ? 'grey' : 'white';
  const hue = ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;
  if (hue < 45 || hue >= 350) return l > 70 ? 'pink' : 'red';
  if (hue < 78) return l < 50 ? 'brown' : 'orange';
  if (hue < 110) return l < 50 ? 'brown' : 'yellow';
  if (hue < 170) return 'green';
  if (hue < 225) return 'teal';
  return hue < 308 ? 'blue' : 'purple';
}

/** Most frequent colour word of the masked pixels. */
export function mainColour(lab: Uint8Array, mask: Uint8Array): string {
  const votes = new Map<string, number>();
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const word = colourWord(lab, i);
    // Highlights and shadows make grey pixels on everything: colours count double.
    const weight = word === 'black' || word === 'grey' || word === 'white' ? 1 : 2;
    votes.set(word, (votes.get(word) ?? 0) + weight);
  }
  const ranked = [...votes].sort((p, q) => q[1] - p[1]);
  return ranked.length > 0 ? ranked[0][0] : 'unknown';
}

/** "red object", and "red object 2" for the next one of that colour. */
export function uniqueName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  let k = 2;
  while (taken.includes(`${base} ${k}`)) k++;
  return `${base} ${k}`;
}
