/** The body of a part: ASCII in lines of at most 76 characters that end with CRLF, and nowhere in it stands `=_`. */
export interface EncodedBody {
  readonly encoding: '7bit' | 'quoted-printable' | 'base64';
  readonly body: string;
}

/** As it is, if that gets through unharmed; else so that it stays legible, unless most of it is not ASCII. */
export function encodeText(text: string): EncodedBody {
  const lines = inLines(text);
  const isAscii = !/[^\t\r\n\x20-\x7e]/.test(lines);
  if (isAscii && !ISSUES.test(lines)) return { encoding: '7bit', body: lines };
  const bytes = Buffer.from(lines);
  const isLegible = isAscii || countAbove(bytes, 0x7e) * 2 <= bytes.length;
  if (!isLegible) return { encoding: 'base64', body: inBase64(bytes) };
  return { encoding: 'quoted-printable', body: quotedPrintable(bytes) };
}

/** A long line, blanks at its end, `From ` at its beginning; and `=_`, with which a boundary begins. */
const ISSUES = /^.{77}|[\t ]$|^From |=_/m;

/** With the ends of lines that mail has, whichever it had. */
export function inLines(text: string): string {
  if (!text.includes('\r')) return text.replaceAll('\n', '\r\n');
  return /\r(?!\n)|(?<!\r)\n/.test(text) ? text.replace(/\r\n?|\n/g, '\r\n') : text;
}

function countAbove(bytes: Buffer, limit: number): number {
  let count = 0;
  for (const byte of bytes) if (byte > limit) count += 1;
  return count;
}

const LINE = 76;

export function inBase64(bytes: Buffer): string {
  const from = Buffer.from(bytes.toString('base64'), 'latin1');
  const into = Buffer.allocUnsafe(from.length + 2 * Math.ceil(from.length / LINE));
  let end = 0;
  for (let at = 0; at < from.length; at += LINE) {
    end += from.copy(into, end, at, at + LINE);
    into[end++] = CR;
    into[end++] = LF;
  }
  return into.toString('latin1', 0, Math.max(0, end - 2));
}

const [TAB, LF, CR, BLANK, EQUALS, F] = [9, 10, 13, 32, 61, 70];
/** Before the sign that the line goes on. */
const ROOM = LINE - 1;
const HEX = Buffer.from('0123456789ABCDEF');
const FROM = Buffer.from('From ');

/** RFC 2045 §6.7, of text whose lines end with CRLF. No character is torn by the end of a line. */
function quotedPrintable(bytes: Buffer): string {
  // Three for each byte, and three for each line that goes on: none is left with fewer than 64.
  const into = Buffer.allocUnsafe(bytes.length * 3 + Math.ceil((bytes.length * 3) / 64) * 3);
  let end = 0;
  let column = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === CR) {
      end += bytes.copy(into, end, at, at + 2);
      at += 1;
      column = 0;
      continue;
    }
    if (column + widthFrom(bytes, at) > ROOM) {
      into[end++] = EQUALS;
      into[end++] = CR;
      into[end++] = LF;
      column = 0;
    }
    if (isLiteral(bytes, at) && !(byte === F && column === 0 && isFrom(bytes, at))) {
      into[end++] = byte;
      column += 1;
    } else {
      into[end++] = EQUALS;
      into[end++] = HEX[byte >> 4] ?? 0;
      into[end++] = HEX[byte & 15] ?? 0;
      column += 3;
    }
  }
  return into.toString('latin1', 0, end);
}

/** What has to stay in one line from here on: a character's first byte speaks for all of them. */
function widthFrom(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0;
  if (byte < 0xc0) return isLiteral(bytes, at) && byte !== F ? 1 : 3;
  return byte < 0xe0 ? 6 : byte < 0xf0 ? 9 : 12;
}

function isLiteral(bytes: Buffer, at: number): boolean {
  const byte = bytes[at] ?? 0;
  if (byte !== BLANK && byte !== TAB) return byte > BLANK && byte < 0x7f && byte !== EQUALS;
  return at + 1 < bytes.length && bytes[at + 1] !== CR;
}

function isFrom(bytes: Buffer, at: number): boolean {
  return bytes.compare(FROM, 0, FROM.length, at, Math.min(at + FROM.length, bytes.length)) === 0;
}
