/** What a person asks for with `--shape`: a family for all objects, or for some by name or id. */

export const SHAPE_WISHES = [
  'auto',
  'box',
  'revolution',
  'rod',
  'stack',
  'prism',
  'inflated',
  'free',
  'files',
] as const;
export type ShapeWish = (typeof SHAPE_WISHES)[number];

const ONE = `(?:[^=,]+=)?(?:${SHAPE_WISHES.join('|')})`;
export const SHAPE_FORM = {
  pattern: new RegExp(`^${ONE}(?:,${ONE})*$`),
  expected: `one of ${SHAPE_WISHES.join(', ')}, or such a word for single objects: mug=free,2=box`,
};

/** What an object goes by in options and file names: its id or its name, in lower case. */
export const callsOf = (id: number, name: string): string[] => [
  `${id}`,
  `object-${id}`,
  name.toLowerCase(),
  name.toLowerCase().replaceAll(' ', '-'),
];

interface Named {
  readonly id: number;
  readonly name: string;
}

const wishesIn = (option: string): { call: string | null; wish: ShapeWish }[] =>
  option.split(',').flatMap((part) => {
    const [word, call] = part.split('=').reverse();
    const wish = SHAPE_WISHES.find((known) => known === word.trim());
    return wish ? [{ call: call === undefined ? null : call.trim().toLowerCase(), wish }] : [];
  });

/** The wish for one object: its own, else the one for all. */
export function shapeWishFor(option: string, { id, name }: Named): ShapeWish {
  const wishes = wishesIn(option);
  const own = wishes.find(({ call }) => call !== null && callsOf(id, name).includes(call));
  return (own ?? wishes.find(({ call }) => call === null))?.wish ?? 'auto';
}

/** Names in the option that no object goes by. */
export const unmetWishes = (option: string, objects: readonly Named[]): string[] =>
  wishesIn(option).flatMap(({ call }) =>
    call === null || objects.some(({ id, name }) => callsOf(id, name).includes(call)) ? [] : [call],
  );
