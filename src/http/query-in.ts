import { CHANNELS, isChannel } from '../domain/channel.ts';
import { DELIVERY_STATUSES } from '../domain/delivery.ts';
import { FAULTS, type Fault, type FaultCode } from '../domain/problem.ts';
import { recipientFromText } from '../domain/recipient.ts';
import { parseTime } from '../domain/time.ts';
import type { NotificationFilter } from '../store/store.ts';
import { fault } from './contract/shape.ts';
import { pointerStep } from './strict-json.ts';

/** How many entries a page has at most, and if nothing is said. */
export const MAX_LIMIT = 100;
export const DEFAULT_LIMIT = 20;

/** Longest value of a parameter, in characters. */
const MAX_VALUE = 500;

/**
 * Reads the parameters of a query, or the fields of a filter in a body, one by one; what nobody asked for is a fault.
 * All faults are collected and told at the end.
 */
export interface Reader {
  add(name: string, code: FaultCode, detail?: string): void;
  text(name: string): string | undefined;
  /** Undefined from `parse` is the fault `code`. */
  parsed<T>(name: string, parse: (text: string) => T | undefined, code: FaultCode, detail?: string): T | undefined;
  /** Adds a fault for every parameter that was not read. */
  finish(): readonly Fault[];
}

export function readerOf(given: unknown, base: string): Reader {
  const values = new Map<string, unknown>(typeof given === 'object' && given !== null ? Object.entries(given) : []);
  const unread = new Set(values.keys());
  const faults: Fault[] = [];
  const add = (name: string, code: FaultCode, detail?: string) => {
    faults.push(fault(base + pointerStep(name), code, detail));
  };
  const text = (name: string) => {
    unread.delete(name);
    const value = values.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') add(name, 'invalid_type', 'It must be one text.');
    else if (value === '') add(name, 'too_short', 'The value is empty.');
    else if (value.length > MAX_VALUE) add(name, 'too_long');
    else if (/\p{Cc}/u.test(value) || !value.isWellFormed()) add(name, 'invalid_format');
    else return value;
    return undefined;
  };
  return {
    add,
    text,
    parsed(name, parse, code, detail) {
      const given = text(name);
      const value = given === undefined ? undefined : parse(given);
      if (given !== undefined && value === undefined) add(name, code, detail);
      return value;
    },
    finish() {
      for (const name of unread) {
        add(name.slice(0, 100).toWellFormed(), 'unknown_field', 'There is no such parameter.');
      }
      return faults;
    },
  };
}

/** A word out of a list. */
export function wordIn<W extends string>(words: readonly W[]): (text: string) => W | undefined {
  return (text) => words.find((word) => word === text);
}

export function readLimit(reader: Reader): number {
  const parse = (text: string) => {
    const limit = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
    return limit >= 1 && limit <= MAX_LIMIT ? limit : undefined;
  };
  return (
    reader.parsed('limit', parse, 'out_of_range', `It must be a whole number from 1 to ${MAX_LIMIT}.`) ?? DEFAULT_LIMIT
  );
}

/** The conditions that notification lists, dead letters and their retry have in common. */
export function readFilter(
  reader: Reader,
  options: { readonly user: boolean; readonly status: boolean },
): NotificationFilter {
  const time = (text: string) => parseTime(text) ?? undefined;
  const filter: NotificationFilter = given({
    status: options.status
      ? reader.parsed('status', wordIn(DELIVERY_STATUSES), 'invalid_value', oneOf(DELIVERY_STATUSES))
      : undefined,
    channel: reader.parsed(
      'channel',
      (text) => (isChannel(text) ? text : undefined),
      'unknown_channel',
      `${FAULTS.unknown_channel} Allowed: ${CHANNELS.join(', ')}.`,
    ),
    userId: options.user ? reader.text('user_id') : undefined,
    recipient: reader.parsed('recipient', normalRecipient, 'invalid_value'),
    tag: reader.text('tag'),
    requestId: reader.text('request_id'),
    createdAfter: reader.parsed('created_after', time, 'invalid_time'),
    createdBefore: reader.parsed('created_before', time, 'invalid_time'),
    text: reader.text('q'),
  });
  const { createdAfter, createdBefore } = filter;
  if (createdAfter !== undefined && createdBefore !== undefined && createdAfter >= createdBefore) {
    reader.add('created_before', 'conflicting_fields', 'It must be later than created_after.');
  }
  return filter;
}

/** Addresses are stored in normal form; what is none is looked for as it stands. */
function normalRecipient(text: string): string {
  const recipient = recipientFromText(text);
  return recipient?.email ?? recipient?.phone ?? text;
}

function oneOf(words: readonly string[]): string {
  return `${FAULTS.invalid_value} Allowed: ${words.join(', ')}.`;
}

/** The object without the keys that have no value. */
export function given<T extends object>(values: { readonly [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  // Only keys whose value is undefined were left out, and those are optional in T.
  return Object.fromEntries(entries) as T;
}
