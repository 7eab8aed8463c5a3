import type { BadRequest } from './request.ts';

/** One request and what it must be answered, by every store. */
export interface Row {
  readonly name: string;
  /** Or its bytes as they are. */
  readonly request: BadRequest | Buffer;
  /** The status, and for a refusal the code: `422 invalid_request`. */
  readonly expect: string;
  /** Pointer and code of every fault that is named, in the order of the answer; of a batch, those of all its items. */
  readonly faults?: readonly string[];
  /** Headers that the answer must have. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How many notifications it makes; a refused one makes none. */
  readonly makes?: number;
  /** The server waits for the rest of it until a limit is reached. */
  readonly slow?: true;
}

export const SEND = '/api/v1/notifications';
export const BATCH = '/api/v1/notifications/batch';

/** A notification that would be accepted. */
export const OK = { recipient: 'user@example.com', message: 'Hello' };

type Body = string | Buffer;

/** A request to send, refused before its meaning is looked at. */
export function unread(name: string, body: Body, expect: string, headers: BadRequest['headers'] = []): Row {
  return { name, request: { method: 'POST', target: SEND, headers, body }, expect };
}

/** A request to send with these faults. */
export function faulty(name: string, body: unknown, ...faults: readonly string[]): Row {
  return { ...unread(name, JSON.stringify(body), '422 invalid_request'), faults };
}

/** The good notification with one field that is wrong. */
export function wrong(field: string, value: unknown, fault: string, pointer = `/${field}`): Row {
  return faulty(`${field}: ${shown(value)}`, { ...OK, [field]: value }, `${pointer} ${fault}`);
}

/** Odd, but good. */
export function accepted(name: string, body: unknown, makes = 1): Row {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return { name, request: { method: 'POST', target: SEND, body: text }, expect: '202', makes };
}

export function get(target: string, expect: string, ...faults: readonly string[]): Row {
  return { name: `GET ${shown(target)}`, request: { method: 'GET', target }, expect, faults };
}

export function post(target: string, body: unknown, expect: string, ...faults: readonly string[]): Row {
  return withBody('POST', target, body, expect, ...faults);
}

export function withBody(
  method: string,
  target: string,
  body: unknown,
  expect: string,
  ...faults: readonly string[]
): Row {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const request = { method, target, ...(text === undefined ? {} : { body: text }) };
  return { name: `${method} ${target} ${shown(body)}`, request, expect, faults };
}

export function renamed(name: string, row: Row): Row {
  return { ...row, name };
}

/** A time so many days from now. */
export function later(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export function keys(count: number): Readonly<Record<string, string>> {
  return Object.fromEntries(times(count, (index) => [`k${index}`, 'v']));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 70 ? `${text.slice(0, 60)}… (${text.length})` : text;
}
