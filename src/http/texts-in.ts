import type { JsonObject, JsonValue } from '../domain/notification.ts';
import type { Fault } from '../domain/problem.ts';
import { fault } from './contract/shape.ts';

/** Most keys in `data`, at all depths together. */
const MAX_KEYS = 2000;

/** A heading: one line, something to see on it. */
export function checkLine(text: string, pointer: string, faults: Fault[]): void {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) {
    faults.push(fault(pointer, 'invalid_format', 'It must be one line without control characters.'));
  } else if (text.trim() === '') {
    faults.push(fault(pointer, 'too_short', 'There is nothing to see in this text.'));
  }
}

/** A text of several lines in normal form: lines end with \n. Tabs stay; other control characters are refused. */
export function readText(given: string, pointer: string, faults: Fault[]): string {
  const text = given.includes('\r') ? given.replace(/\r\n?/g, '\n') : given;
  if (/[^\P{Cc}\n\t]/u.test(text)) {
    faults.push(fault(pointer, 'invalid_format', 'Of the control characters only line ends and tabs are allowed.'));
  } else if (text.trim() === '') {
    faults.push(fault(pointer, 'too_short', 'There is nothing to see in this text.'));
  }
  return text;
}

export function checkData(data: JsonObject, pointer: string, faults: Fault[]): void {
  if (countKeys(data) > MAX_KEYS) {
    faults.push(fault(pointer, 'too_many_items', `There may be at most ${MAX_KEYS} keys.`));
  }
}

function countKeys(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values<JsonValue>(value)) keys += countKeys(item);
  return keys;
}
