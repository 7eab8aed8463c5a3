import { isUtf8 } from 'node:buffer';
import type { ProblemCode } from '../../domain/problem.ts';

export type ReadForm =
  | { readonly ok: true; readonly texts: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly code: ProblemCode; readonly detail: string };

/** Most fields that are looked at. */
const MOST_FIELDS = 100;
/** Fields around which blanks are what the keyboard left, not what was meant. */
const TRIMMED = new Set(['user_id', 'type', 'email', 'phone', 'api_key']);

/**
 * Reads `application/x-www-form-urlencoded` as strictly as JSON is read: valid UTF-8, no field twice, no control
 * characters that stores disagree about. Fields left empty are left out.
 */
export function readForm(bytes: Buffer): ReadForm {
  if (!isUtf8(bytes)) return { ok: false, code: 'invalid_utf8', detail: 'The form is not valid UTF-8.' };
  const fields = new Map<string, string>();
  const parts = bytes.toString('utf8').split('&', MOST_FIELDS + 1);
  if (parts.length > MOST_FIELDS) return { ok: false, code: 'bad_request', detail: 'The form has too many fields.' };
  for (const part of parts) {
    if (part === '') continue;
    const end = part.includes('=') ? part.indexOf('=') : part.length;
    const name = decoded(part.slice(0, end));
    const value = decoded(part.slice(end + 1));
    if (name === null || value === null) {
      return { ok: false, code: 'bad_request', detail: 'The form is not percent-encoded UTF-8.' };
    }
    if (fields.has(name)) return { ok: false, code: 'duplicate_key', detail: 'The form has the same field twice.' };
    if (name === '__proto__') return { ok: false, code: 'forbidden_key', detail: 'A field may not have this name.' };
    const text = TRIMMED.has(name) ? value.trim() : value;
    fields.set(name, text);
  }
  return { ok: true, texts: Object.fromEntries([...fields].filter(([, text]) => text !== '')) };
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
