import type { TProperties, TSchema } from 'typebox';
import { CHANNELS } from '../../domain/channel.ts';
import { DELIVERY_STATUSES } from '../../domain/delivery.ts';
import { PROBLEMS, type ProblemCode } from '../../domain/problem.ts';
import { ref, timeText, word } from './forms.ts';
import { ProblemOutSchema } from './problem-out.ts';
import { Type } from './schema.ts';

/** How routes describe themselves in the OpenAPI document. */

/** The problems a route that asks for a key can answer, by status. Those that all of them can come by themselves. */
export function problems(...codes: readonly ProblemCode[]): Record<number, object> {
  return openProblems(...codes, 'unauthorized', 'too_many_requests', 'unavailable', 'overloaded');
}

/** The same for a route that a user may ask with a token too; `USER_SECURITY` says so. */
export function userProblems(...codes: readonly ProblemCode[]): Record<number, object> {
  return problems(...codes, 'invalid_token', 'token_expired', 'forbidden');
}

export const USER_SECURITY = [{ bearer: [] }, { apiKey: [] }, { userToken: [] }];

/** The same for a route that is open to everybody. */
export function openProblems(...codes: readonly ProblemCode[]): Record<number, object> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set<ProblemCode>([...codes, 'bad_request', 'uri_too_long', 'internal'])) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [
      status,
      {
        description: some.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('. '),
        content: { 'application/problem+json': { schema: ref(ProblemOutSchema) } },
      },
    ]),
  );
}

/** What a route can say about a body that it cannot read. One that takes none says it of a body that comes all the same. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  ...(['invalid_json', 'invalid_utf8', 'duplicate_key', 'too_deep', 'forbidden_character', 'forbidden_key'] as const),
  ...(['bad_request', 'too_large', 'unsupported_media_type', 'invalid_request', 'request_timeout'] as const),
];

export function answers(description: string, schema: TSchema & { readonly $id?: string }, headers?: object) {
  const content = { 'application/json': { schema: ref(schema) } };
  return { description, content, ...(headers === undefined ? {} : { headers }) };
}

/** An answer of one of two forms. */
export function answersEither(description: string, schemas: readonly (TSchema & { $id?: string })[], headers: object) {
  return {
    description,
    headers,
    content: { 'application/json': { schema: Type.Union(schemas.map((one) => ref(one))) } },
  };
}

export const ID_PARAM = Type.Object({ id: Type.String() });
export const USER_PARAM = Type.Object({ user_id: Type.String() });

export const IDEMPOTENCY_HEADER = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The same key with the same body is answered with the stored answer; nothing is sent twice.',
    }),
  ),
});

export const PAGE_QUERY = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
  cursor: Type.Optional(Type.String({ description: '`next_cursor` of the page before.' })),
};

const text = Type.Optional(Type.String());

/** The filters that notification lists and dead letters share. */
export const FILTER_QUERY: TProperties = {
  channel: Type.Optional(word(CHANNELS)),
  recipient: Type.Optional(Type.String({ description: 'Any address of the recipient, or the user id.' })),
  tag: text,
  request_id: text,
  created_after: Type.Optional(timeText('Inclusive.')),
  created_before: Type.Optional(timeText('Exclusive.')),
  q: Type.Optional(Type.String({ description: 'Part of the title or the message.' })),
};
export const STATUS_QUERY: TProperties = { status: Type.Optional(word(DELIVERY_STATUSES)) };
