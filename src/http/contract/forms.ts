import type { TObject, TProperties, TSchema, TUnsafe } from 'typebox';
import { CHANNELS, type Channel } from '../../domain/channel.ts';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../../domain/delivery.ts';
import type { JsonObject } from '../../domain/notification.ts';
import type { FaultCode } from '../../domain/problem.ts';
import { Type } from './schema.ts';

/** The building blocks of the contract: small forms that several schemas share. */

/** An object that has no other fields than these. */
export function closed<P extends TProperties>(
  properties: P,
  about: { description?: string; examples?: unknown[] } = {},
) {
  return Type.Object(properties, { additionalProperties: false, ...about });
}

/** The same, with a name of its own in the OpenAPI document. */
export function named<P extends TProperties>(name: string, properties: P, description: string): TObject<P> {
  return Type.Object(properties, { $id: name, additionalProperties: false, description });
}

/** Points to a named schema. */
export function ref(schema: TSchema & { readonly $id?: string }): TUnsafe {
  if (schema.$id === undefined) throw new Error('only a named schema can be pointed to');
  return Type.Unsafe({ $ref: `${schema.$id}#` });
}

/** One of a few words; `fault` is what another word is called. */
export function word<W extends string>(
  words: readonly W[],
  about: { description?: string; default?: W; fault?: FaultCode } = {},
): TUnsafe<W> {
  const { fault, ...rest } = about;
  return Type.Unsafe<W>({
    type: 'string',
    enum: [...words],
    ...rest,
    ...(fault === undefined ? {} : { 'x-fault': fault }),
  });
}

export function orNull<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

/** An object with keys of the client's own. */
export function map<T>(values: TSchema, about: { description?: string; maxProperties?: number } = {}) {
  return Type.Unsafe<Readonly<Record<string, T>>>({ type: 'object', additionalProperties: values, ...about });
}

/** Any JSON object; its size is checked when it is read. */
export function jsonObject(description: string) {
  return Type.Unsafe<JsonObject>({ type: 'object', description });
}

export function channelWord(): TUnsafe<Channel> {
  return word(CHANNELS, { fault: 'unknown_channel' });
}

export function statusWord(): TUnsafe<DeliveryStatus> {
  return word(DELIVERY_STATUSES);
}

export function timeText(description: string) {
  return Type.String({ maxLength: 40, description: `${description} RFC 3339, with a zone.` });
}

export function durationText(description: string) {
  return Type.String({
    maxLength: 40,
    description: `${description} \`"30s"\`, \`"10m"\`, \`"1h"\`, \`"2d"\` or \`"PT30S"\`.`,
  });
}

/** A time as it is answered. */
export function timeOut(description: string) {
  return Type.String({ description, examples: ['2026-01-31T09:30:00.000Z'] });
}
