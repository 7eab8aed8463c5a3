import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CHANNELS, type Channel, isChannel } from '../../domain/channel.ts';
import { parseNotificationId } from '../../domain/ids.ts';
import { isUserId } from '../../domain/recipient.ts';
import { formatTime } from '../../domain/time.ts';
import { answers, BODY_PROBLEMS, ID_PARAM, IDEMPOTENCY_HEADER, problems, USER_PARAM } from '../contract/documented.ts';
import { DoorListOut, DoorNotificationIn, DoorNotificationOut, DoorRetryOut } from '../contract/doors.ts';
import { word } from '../contract/forms.ts';
import { Type } from '../contract/schema.ts';
import { checkedWhenRead, fault, shapeOf } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';
import { given, readerOf } from '../query-in.ts';
import { acceptJson, type JsonDoor } from './door-accept.ts';
import { typeIsGiven } from './door-in.ts';
import { doorNotificationOut, MOST_LISTED, MOST_LOOKED_AT } from './door-out.ts';

type ByUser = { Params: { user_id: string } };
const tags = ['Existing clients'];
const TYPES = [...CHANNELS, 'inapp'] as const;
const door: JsonDoor = {
  scope: 'POST /notifications',
  fields: { shape: shapeOf(DoorNotificationIn), rules: typeIsGiven },
  status: 201,
  answer: ({ id, createdAt }, { request, given: said, type }) =>
    JSON.stringify({
      id,
      user_id: said.user_id,
      type,
      message: request.message,
      status: 'pending',
      delivered: false,
      created_at: formatTime(createdAt),
    }),
};

/** `POST /notifications`, the list of a user, and the retry: services with a table of notifications and a poller. */
export function notificationDoors(app: FastifyInstance, deps: HttpDeps): void {
  const send = {
    operationId: 'sendAtDoor',
    summary: 'Tell a user something',
    tags,
    headers: IDEMPOTENCY_HEADER,
    body: DoorNotificationIn,
    response: {
      201: answers('It is durable and on its way.', DoorNotificationOut),
      ...problems(...BODY_PROBLEMS, 'unroutable', 'idempotency_mismatch', 'invalid_idempotency_key'),
    },
  };
  app.post('/notifications', { schema: send, validatorCompiler: checkedWhenRead }, (request, reply) =>
    acceptJson(request, reply, door, deps),
  );

  const list = {
    operationId: 'listAtDoor',
    summary: `A user's newest notifications (${MOST_LISTED} at most), the oldest of them first`,
    description: `With \`type\`, those of it among the newest ${MOST_LOOKED_AT}. Where there are older ones, the \`Link\` header leads to the list that has pages.`,
    tags,
    params: USER_PARAM,
    querystring: Type.Object({ type: Type.Optional(word(TYPES)) }),
    response: {
      200: { description: 'The list.', content: { 'application/json': { schema: DoorListOut } } },
      ...problems('invalid_request'),
    },
  };
  app.get<ByUser>('/users/:user_id/notifications', { schema: list }, (request, reply) => listOf(request, reply, deps));

  const retry = {
    operationId: 'retryAtDoor',
    summary: 'Start what failed afresh',
    tags,
    params: ID_PARAM,
    response: {
      200: answers('It is on its way again.', DoorRetryOut),
      ...problems(...BODY_PROBLEMS, 'not_found', 'not_retryable'),
    },
  };
  app.post<{ Params: { id: string } }>('/notifications/:id/retry', { schema: retry }, async (request, reply) => {
    const id = parseNotificationId(request.params.id);
    const result = id === null ? 'not_found' : await deps.control.retry(id);
    if (result === 'retried') return { message: 'Retry queued', id };
    return sendProblem(reply, result, result === 'not_found' ? { more: { error: 'Not found' } } : {});
  });
}

async function listOf(request: FastifyRequest<ByUser>, reply: FastifyReply, { store }: HttpDeps) {
  const { user_id: userId } = request.params;
  const reader = readerOf(request.query, '/query');
  const channel = reader.parsed(
    'type',
    typeIn,
    'unknown_channel',
    `There is no such type. Allowed: ${TYPES.join(', ')}.`,
  );
  const user = isUserId(userId) ? [] : [fault('/path/user_id', 'invalid_user_id')];
  const faults = [...user, ...reader.finish()];
  if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
  const page = { limit: MOST_LISTED, after: null, scan: MOST_LOOKED_AT };
  const { items, next } = await store.list({ userId, ...given<{ channel?: Channel }>({ channel }) }, page);
  if (next !== null) {
    reply.header('link', `</api/v1/users/${encodeURIComponent(userId)}/notifications>; rel="alternate"`);
  }
  return items.map(doorNotificationOut).toReversed();
}

function typeIn(text: string): Channel | undefined {
  if (text === 'inapp') return 'in_app';
  return isChannel(text) ? text : undefined;
}
