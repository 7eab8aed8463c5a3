import type { FastifyInstance } from 'fastify';
import type { Fault } from '../../domain/problem.ts';
import { isUserId } from '../../domain/recipient.ts';
import { formatTime } from '../../domain/time.ts';
import { answers, BODY_PROBLEMS, IDEMPOTENCY_HEADER, problems, USER_PARAM } from '../contract/documented.ts';
import { type DoorFields, DoorInboxOut, type DoorType, NotifyIn, NotifyOut } from '../contract/doors.ts';
import { checkedWhenRead, fault, shapeOf } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';
import { acceptJson, type JsonDoor } from './door-accept.ts';
import type { DoorRules } from './door-in.ts';
import { MOST_LISTED } from './door-out.ts';

const tags = ['Existing clients'];

const NEEDS: Readonly<Record<DoorType, readonly (keyof DoorFields)[]>> = {
  email: ['email'],
  sms: ['phone', 'user_id'],
  in_app: ['user_id'],
  inapp: ['user_id'],
};

const rules: DoorRules = ({ type }, has) =>
  (type === undefined ? [] : NEEDS[type])
    .filter((field) => !has(field))
    .map((field): Fault => fault(`/${field}`, 'missing_field', `A notification of type ${type} needs it.`));

const door: JsonDoor = {
  scope: 'POST /notify',
  fields: { shape: shapeOf(NotifyIn), rules },
  status: 202,
  answer: ({ id }) => JSON.stringify({ status: 'Notification queued.', id }),
};

/** `POST /notify` and the messages of a user: services that take a message off a RabbitMQ queue. */
export function notifyDoors(app: FastifyInstance, deps: HttpDeps): void {
  const notify = {
    operationId: 'notify',
    summary: 'Queue a notification',
    tags,
    headers: IDEMPOTENCY_HEADER,
    body: NotifyIn,
    response: {
      202: answers('It is durable and on its way.', NotifyOut),
      ...problems(...BODY_PROBLEMS, 'unroutable', 'idempotency_mismatch', 'invalid_idempotency_key'),
    },
  };
  app.post('/notify', { schema: notify, validatorCompiler: checkedWhenRead }, (request, reply) =>
    acceptJson(request, reply, door, deps),
  );

  const messages = {
    operationId: 'listMessagesAtDoor',
    summary: `A user's newest in-app messages (${MOST_LISTED} at most), the oldest of them first`,
    description: 'Archived ones are left out. Where there are older ones, the `Link` header leads to the inbox.',
    tags,
    params: USER_PARAM,
    response: { 200: answers('The messages.', DoorInboxOut), ...problems('invalid_request') },
  };
  app.get<{ Params: { user_id: string } }>('/notifications/:user_id', { schema: messages }, async (request, reply) => {
    const { user_id: userId } = request.params;
    if (!isUserId(userId)) {
      return sendProblem(reply, 'invalid_request', { faults: [fault('/path/user_id', 'invalid_user_id')] });
    }
    const { items, next } = await deps.inbox.listInbox(userId, null, { limit: MOST_LISTED, after: null });
    if (next !== null) reply.header('link', `</api/v1/users/${encodeURIComponent(userId)}/inbox>; rel="alternate"`);
    const entries = items.map(({ notificationId, body, createdAt }) => ({
      id: notificationId,
      message: body,
      created_at: formatTime(createdAt),
    }));
    return { user_id: userId, messages: entries.toReversed() };
  });
}
