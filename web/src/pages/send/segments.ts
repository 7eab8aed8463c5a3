/**
 * How many SMS a text becomes: 160 characters of the GSM 03.38 alphabet, or 70 units of UCS-2 where one character is
 * outside of it; of several, each gives some room to the header that joins them.
 */
export interface Segments {
  readonly count: number;
  readonly alphabet: 'GSM-7' | 'UCS-2';
  /** Units used, and how many the segments there are could hold. */
  readonly used: number;
  readonly room: number;
}

const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** These take an escape in front. */
const EXTENDED = new Set('^{}\\[~]|€\f');

export function segmentsOf(text: string): Segments {
  const characters = Array.from(text);
  const isGsm = characters.every((character) => BASIC.has(character) || EXTENDED.has(character));
  const alphabet = isGsm ? 'GSM-7' : 'UCS-2';
  const [single, joined] = isGsm ? [160, 153] : [70, 67];
  const sizes = characters.map((character) => (isGsm ? (EXTENDED.has(character) ? 2 : 1) : character.length));
  const used = sizes.reduce((sum, size) => sum + size, 0);
  if (used <= single) return { count: 1, alphabet, used, room: single };
  let count = 1;
  let inLast = 0;
  // A character is never cut in two.
  for (const size of sizes) {
    if (inLast + size > joined) {
      count += 1;
      inLast = 0;
    }
    inLast += size;
  }
  return { count, alphabet, used, room: count * joined };
}
