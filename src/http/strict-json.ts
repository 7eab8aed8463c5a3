import { isUtf8 } from 'node:buffer';
import type { JsonObject, JsonValue } from '../domain/notification.ts';

/** Deepest nesting of objects and lists that is taken. */
export const MAX_DEPTH = 32;

export type StrictJson =
  | { readonly ok: true; readonly value: JsonValue }
  | {
      readonly ok: false;
      readonly code:
        | 'invalid_json'
        | 'invalid_utf8'
        | 'duplicate_key'
        | 'too_deep'
        | 'forbidden_character'
        | 'forbidden_key';
      /** JSON pointer to where it is; null where no place can be named. */
      readonly pointer: string | null;
    };

type Refusal = Extract<StrictJson, { ok: false }>;

/** What no store keeps alike: NUL and the other C0 controls, except for tab and line ends. */
const CONTROL = /[^\P{Cc}\t\n\r\u007f-\u009f]/u;

/**
 * Reads a body as JSON, refusing what parsers and databases disagree about: bytes that are not UTF-8, an object with
 * the same key twice, deep nesting, control characters and lone surrogates in texts, `__proto__`, and numbers beyond
 * a double. A byte order mark is skipped. Never throws.
 *
 * It is on the way of every request, so it costs one native parse, one scan over the text and one walk over the
 * values: an object with a key written twice shows as more colons in the text than keys in the values, and only
 * then is the place looked for.
 */
export function strictJson(bytes: Buffer): StrictJson {
  if (!isUtf8(bytes)) return refuse('invalid_utf8');
  const text = bytes.toString('utf8', bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  let value: JsonValue;
  try {
    // Any text that JSON.parse takes is a JsonValue.
    value = JSON.parse(text) as JsonValue;
  } catch {
    return refuse('invalid_json');
  }
  const shape = scan(text);
  if (shape.depth > MAX_DEPTH) return refuse('too_deep');
  const walk: Walk = { keys: 0, escaped: shape.escaped };
  const refusal = walkValue(value, walk);
  if (refusal !== null) return refusal;
  if (walk.keys !== shape.colons) return refuse('duplicate_key', findDuplicate(text));
  return { ok: true, value };
}

/** One step of a JSON pointer. */
export function pointerStep(key: string | number): string {
  if (typeof key === 'number') return `/${key}`;
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function refuse(code: Refusal['code'], pointer: string | null = null): Refusal {
  return { ok: false, code, pointer };
}

/** Colons and depth outside of strings, in a text that is known to be JSON; and whether anything is escaped. */
function scan(text: string): { colons: number; depth: number; escaped: boolean } {
  let colons = 0;
  let open = 0;
  let depth = 0;
  // Only strings can hold one. Without any, each ends at the next quotation mark, which is found several times as fast.
  const escaped = text.includes('\\');
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case 0x22:
        index = escaped ? stringEnd(text, index) : text.indexOf('"', index + 1);
        break;
      case 0x3a:
        colons += 1;
        break;
      case 0x7b:
      case 0x5b:
        open += 1;
        if (open > depth) depth = open;
        break;
      case 0x7d:
      case 0x5d:
        open -= 1;
        break;
      default:
    }
  }
  return { colons, depth, escaped };
}

/** Where the string that begins at `start` ends. */
function stringEnd(text: string, start: number): number {
  for (let index = start + 1; ; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x22) return index;
    if (code === 0x5c) index += 1;
  }
}

interface Walk {
  keys: number;
  /** Raw control characters are no JSON and raw surrogates no UTF-8: only escapes can bring either. */
  readonly escaped: boolean;
}

/** The pointer of a refusal is put together on the way back, so that what is fine costs no texts. */
function walkValue(value: JsonValue, walk: Walk): Refusal | null {
  if (typeof value === 'string') return walk.escaped && isForbidden(value) ? refuse('forbidden_character', '') : null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : refuse('invalid_json', '');
  if (typeof value !== 'object' || value === null) return null;
  return isList(value) ? walkList(value, walk) : walkObject(value, walk);
}

function walkList(list: readonly JsonValue[], walk: Walk): Refusal | null {
  let index = 0;
  for (const item of list) {
    const refusal = walkValue(item, walk);
    if (refusal !== null) return { ...refusal, pointer: pointerStep(index) + (refusal.pointer ?? '') };
    index += 1;
  }
  return null;
}

function walkObject(object: JsonObject, walk: Walk): Refusal | null {
  for (const key of Object.keys(object)) {
    walk.keys += 1;
    if (key === '__proto__') return refuse('forbidden_key', '/__proto__');
    if (walk.escaped && isForbidden(key)) return refuse('forbidden_character', '');
    const refusal = walkValue(object[key] ?? null, walk);
    if (refusal !== null) return { ...refusal, pointer: pointerStep(key) + (refusal.pointer ?? '') };
  }
  return null;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isForbidden(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

interface Frame {
  readonly pointer: string;
  /** Null in a list. */
  readonly keys: Set<string> | null;
  /** The last key, or the index, that was come to. */
  step: string | number;
  wantsKey: boolean;
}

/** The pointer of the first key that its object has already. The text is known to be JSON. */
function findDuplicate(text: string): string | null {
  const frames: Frame[] = [];
  for (let index = 0; index < text.length; index++) {
    const top = frames.at(-1);
    const char = text[index];
    if (char === '{' || char === '[') {
      const pointer = top === undefined ? '' : top.pointer + pointerStep(top.step);
      const isObject = char === '{';
      frames.push({ pointer, keys: isObject ? new Set() : null, step: isObject ? '' : 0, wantsKey: isObject });
    } else if (char === '}' || char === ']') {
      frames.pop();
    } else if (char === ',' && top !== undefined) {
      if (typeof top.step === 'number') top.step += 1;
      top.wantsKey = top.keys !== null;
    } else if (char === '"') {
      const end = stringEnd(text, index);
      if (top?.keys && top.wantsKey) {
        const key = String(JSON.parse(text.slice(index, end + 1)));
        if (top.keys.has(key)) return top.pointer + pointerStep(key);
        top.keys.add(key);
        top.step = key;
        top.wantsKey = false;
      }
      index = end;
    }
  }
  return null;
}
