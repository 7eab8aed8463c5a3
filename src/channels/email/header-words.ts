import type { Sender } from '../../domain/setting-forms.ts';

/** Where a line of a header is folded, in characters: RFC 5322 advises 78, RFC 2047 asks for 76 beside encoded words. */
const LINE = 76;
/** Longest encoded word. RFC 2047 allows 75; this much stands in one line with the name of any header of ours. */
const ENCODED_WORD = 64;
const ROOM = ENCODED_WORD - '=?UTF-8?B?'.length - '?='.length;
/** A word of so many characters would come near the 998 that a line may have; encoded, it is in pieces. */
const LONG_WORD = 900;
/** Longest piece of a parameter's value, percent-encoded. */
const PIECE = 50;

/** A header with its end of line, folded at blanks. `value` must be of printable ASCII. */
export function headerLine(name: string, value: string): string {
  let rest = `${name}: ${value.trimEnd()}`;
  // Never right after the name: some readers take that for an empty header.
  let from = name.length + 3;
  let folded = '';
  while (rest.length > LINE) {
    const at = foldBefore(rest, from);
    if (at === -1) break;
    folded += `${rest.slice(0, at)}\r\n`;
    rest = rest.slice(at);
    from = 1;
  }
  return `${folded}${rest}\r\n`;
}

/** The last blank after a word that leaves a line short enough, or else the first; -1: there is none. */
function foldBefore(line: string, from: number): number {
  const isFold = (at: number) => isBlank(line, at) && !isBlank(line, at - 1);
  for (let at = LINE; at >= from; at--) if (isFold(at)) return at;
  for (let at = Math.max(from, LINE + 1); at < line.length; at++) if (isFold(at)) return at;
  return -1;
}

function isBlank(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x20;
}

/** Text for a header, on one line; what ASCII cannot say, or would say wrongly, in encoded words (RFC 2047). */
export function headerText(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return isReadAsWritten(line) && !hasLongWord(line) ? line : encodedWords(line);
}

/** The same for the value of a header that is its caller's affair: what is encoded already is left alone. */
export function givenText(text: string): string {
  return isPrintable(text) && !hasLongWord(text) ? text.trim() : headerText(text);
}

/** Printable, and without anything that a reader would decode. */
function isReadAsWritten(line: string): boolean {
  return isPrintable(line) && !line.includes('=?');
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function hasLongWord(line: string): boolean {
  return line.length >= LONG_WORD && line.split(' ').some((word) => word.length >= LONG_WORD);
}

/** An address with its name, as From, To and their like have it. */
export function mailbox({ name, address }: Sender): string {
  return name === null ? address : `${phrase(name)} <${address}>`;
}

function phrase(name: string): string {
  if (/^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/.test(name)) return name;
  return isReadAsWritten(name) && name.length < LONG_WORD ? quoted(name) : encodedWords(name);
}

export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** UTF-8 in as many words as it takes, none of which tears a character; legibly or in base64, whichever is shorter. */
function encodedWords(text: string): string {
  const characters = Array.from(text.toWellFormed());
  const legibly = characters.map(legible);
  const isLegible = legibly.join('').length * 3 <= Buffer.byteLength(text) * 4;
  const words = isLegible
    ? pieces(legibly, ROOM).map((word) => `Q?${word}`)
    : pieces(characters, (ROOM / 4) * 3).map((word) => `B?${Buffer.from(word).toString('base64')}`);
  return words.map((word) => `=?UTF-8?${word}?=`).join(' ');
}

/** Joins characters to pieces of no more than `room` bytes. */
function pieces(characters: readonly string[], room: number): string[] {
  const done: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of characters) {
    const more = Buffer.byteLength(character);
    if (used + more > room) {
      done.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += more;
  }
  return [...done, piece];
}

/** One character in the "Q" encoding, as it may stand in any header. */
function legible(character: string): string {
  if (/[A-Za-z0-9!*+/-]/.test(character)) return character;
  return character === ' ' ? '_' : hexOf(character, '=');
}

function hexOf(character: string, sign: string): string {
  return Array.from(Buffer.from(character), (byte) => sign + byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}

/** `; name="value"`, or the forms of RFC 2231 where the value is long or not ASCII. */
export function parameter(name: string, value: string): string {
  if (value.length <= PIECE && isReadAsWritten(value)) return `; ${name}=${quoted(value)}`;
  const characters = Array.from(value.toWellFormed(), (one) => (/[\w!#$&+.^`|~-]/.test(one) ? one : hexOf(one, '%')));
  return pieces(["utf-8''", ...characters], PIECE)
    .map((piece, index, all) => `; ${name}${all.length === 1 ? '' : `*${index}`}*=${piece}`)
    .join('');
}
