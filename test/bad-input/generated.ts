import * as fc from 'fast-check';
import type { Contract, Json, Operation } from './contract.ts';
import { SEED_USER, STATES, seedDelivery, seedEntry, seedId } from './seeds.ts';

/** Texts that a field of this name may well hold, so that many generated requests are good until they are spoilt. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  recipient: ['user@example.com', '+14155552671', 'user-1', 'user-2'],
  recipients: ['user@example.com', '+14155552671', 'user-1'],
  user_id: [SEED_USER, 'user-2', 'a/b', 'ü', '42'],
  email: ['user@example.com', 'other@bücher.example'],
  phone: ['+14155552671'],
  whatsapp: ['+14155552671'],
  telegram: ['@channel', '-100123'],
  slack: ['#general', 'https://hooks.example.com/x'],
  discord: ['https://example.com/hook'],
  teams: ['https://example.com/hook'],
  webhook_url: ['https://example.com/hook', 'https://example.com:8443/?a=b'],
  push_token: ['token-1'],
  push_tokens: ['token-1', 'token-2', 'token-3'],
  locale: ['en', 'de-AT'],
  timezone: ['Europe/Berlin', 'UTC'],
  message: ['Hello', 'Zwei\nZeilen', '👋'],
  action_url: ['https://example.com/', '/orders/1', 'mailto:a@example.com'],
  send_at: ['2020-01-01T00:00:00Z', '2027-03-01T00:00:00+01:00'],
  expires_at: ['2400-02-29T00:00:00Z'],
  before: ['2020-01-01T00:00:00Z', '2400-02-29T00:00:00Z'],
  created_after: ['2020-01-01T00:00:00Z', '2400-01-01T00:00:00Z'],
  created_before: ['2400-02-29T00:00:00Z', '2020-01-01T00:00:00Z'],
  delay: ['0s', '1h', 'P1D'],
  ttl: ['10m', '2d', 'PT12H'],
  schedule: ['30s', '2m', '24h'],
  window: ['1h', '24h', '30d'],
  limit: ['1', '20', '100'],
  from: ['Tidings <a@example.com>', 'a@example.com'],
  reply_to: ['a@example.com'],
  cc: ['a@example.com', 'b@example.com'],
  bcc: ['a@example.com'],
  filename: ['a.txt', 'Rechnung März.pdf'],
  content_type: ['text/plain', 'application/pdf'],
  content: ['aGk=', ''],
  ids: [seedEntry(1), seedEntry(2), seedEntry(3)],
  id: [...STATES.map(seedId), seedEntry(1), seedEntry(2)],
  delivery_id: STATES.map(seedDelivery),
  mark: ['seen', 'read', 'unread', 'archive', 'unarchive'],
  notification_id: [seedId('sent')],
  idempotency_key: ['i1', 'i2', 'i3'],
  'idempotency-key': ['k1', 'k2', 'k3', 'k4'],
  code: ['no_address', 'provider_error'],
  q: ['Hello', '%', 'parcel'],
  tag: ['a', 'b'],
  tags: ['a', 'b', 'c'],
};

/** Optional fields that are mostly there: without them nothing else would be looked at. */
const ESSENTIAL = new Set(['recipient', 'user_id']);

/** A request as it is made up, in parts that shrink one by one. */
export interface Generated {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Requests that follow the OpenAPI document, though not always what it says in words. */
export function generatedRequests(contract: Contract): fc.Arbitrary<Generated> {
  return fc.oneof(
    ...contract.operations.filter(hasEnd).map((operation) => ({
      weight: operation.body === null ? 2 : 8,
      arbitrary: requestOf(contract, operation),
    })),
  );
}

/** A stream that is opened is answered for as long as somebody listens. */
function hasEnd({ responses }: Operation): boolean {
  const { content = {} } = (responses[200] ?? {}) as { readonly content?: Json };
  return content['text/event-stream'] === undefined;
}

function requestOf(contract: Contract, operation: Operation): fc.Arbitrary<Generated> {
  const placed = (place: string) =>
    mostly(
      operation.parameters
        .filter((one) => one.in === place)
        .map(({ name, schema, required }) => [name, valuesOf(contract, schema, name).map(String), required === true]),
    ) as fc.Arbitrary<Readonly<Record<string, string>>>;
  return fc.record({
    operation: fc.constant(operation),
    params: placed('path'),
    query: placed('query'),
    headers: placed('header'),
    body: operation.body === null ? fc.constant(undefined) : valuesOf(contract, operation.body, ''),
  });
}

const ABSENT = Symbol('absent');

/** An object of these fields, most of the optional ones left out. */
function mostly(fields: readonly (readonly [string, fc.Arbitrary<unknown>, boolean])[]): fc.Arbitrary<Json> {
  const model = fields.map(([name, value, required]) => {
    if (required) return [name, value] as const;
    const there = ESSENTIAL.has(name) ? 9 : 1;
    return [
      name,
      fc.oneof({ weight: 10 - there, arbitrary: fc.constant(ABSENT) }, { weight: there, arbitrary: value }),
    ] as const;
  });
  return fc
    .record(Object.fromEntries(model))
    .map((object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== ABSENT)));
}

function valuesOf(contract: Contract, given: Json, name: string): fc.Arbitrary<unknown> {
  const schema = contract.resolve(given);
  if (Array.isArray(schema.anyOf))
    return fc.oneof(...(schema.anyOf as Json[]).map((one) => valuesOf(contract, one, name)));
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  switch (schema.type) {
    case 'string':
      return textOf(schema, name);
    case 'integer':
      return fc.integer({ min: Number(schema.minimum ?? -5), max: Number(schema.maximum ?? 1_000_000) });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(contract, (schema.items ?? {}) as Json, name), {
        minLength: Number(schema.minItems ?? 0),
        maxLength: Math.min(3, Number(schema.maxItems ?? 3)),
      });
    case 'object':
      return objectOf(contract, schema);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function textOf(schema: Json, name: string): fc.Arbitrary<string> {
  const minLength = Number(schema.minLength ?? 0);
  const text = fc.string({
    unit: 'grapheme',
    minLength,
    maxLength: Math.max(minLength, Math.min(20, Number(schema.maxLength ?? 20))),
  });
  const words = WORDS[name];
  return words === undefined
    ? text
    : fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: text });
}

function objectOf(contract: Contract, schema: Json): fc.Arbitrary<Json> {
  if (schema.properties === undefined) {
    const values =
      schema.additionalProperties === undefined
        ? fc.jsonValue({ maxDepth: 2 })
        : valuesOf(contract, schema.additionalProperties as Json, '');
    return fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), values, {
      maxKeys: 4,
    });
  }
  const required = new Set((schema.required ?? []) as string[]);
  return mostly(
    Object.entries(schema.properties as Readonly<Record<string, Json>>).map(([name, one]) => [
      name,
      valuesOf(contract, one, name),
      required.has(name),
    ]),
  );
}
