import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseNotificationId } from '../../domain/ids.ts';
import { isUserId } from '../../domain/recipient.ts';
import { parseTime } from '../../domain/time.ts';
import {
  answers,
  BODY_PROBLEMS,
  FILTER_QUERY,
  ID_PARAM,
  PAGE_QUERY,
  problems,
  STATUS_QUERY,
  USER_PARAM,
} from '../contract/documented.ts';
import { RescheduleIn } from '../contract/notification-in.ts';
import { NotificationListOut, NotificationOut } from '../contract/notification-out.ts';
import { ResultOut } from '../contract/other.ts';
import { Type } from '../contract/schema.ts';
import { fault } from '../contract/shape.ts';
import { type HttpDeps, SCAN } from '../deps.ts';
import { notificationItemOut, notificationOut } from '../notification-out.ts';
import { readPage } from '../page-in.ts';
import { sendProblem } from '../problem-reply.ts';
import { readerOf, readFilter } from '../query-in.ts';
import { MAX_AHEAD } from '../times-in.ts';

type ById = { Params: { id: string } };
type ByUser = { Params: { user_id: string } };
const tags = ['Notifications'];

/** Looking at notifications, and stepping in. */
export function notificationRoutes(app: FastifyInstance, deps: HttpDeps): void {
  lists(app, deps);
  app.get<ById>(
    '/notifications/:id',
    {
      schema: {
        operationId: 'getNotification',
        summary: 'One notification with its deliveries and attempts',
        tags,
        params: ID_PARAM,
        response: { 200: answers('The notification.', NotificationOut), ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const id = parseNotificationId(request.params.id);
      const record = id === null ? null : await deps.store.find(id);
      return record === null ? sendProblem(reply, 'not_found') : notificationOut(record);
    },
  );
  steps(app, deps);
  reschedule(app, deps);
}

function lists(app: FastifyInstance, deps: HttpDeps): void {
  const query = { ...STATUS_QUERY, ...FILTER_QUERY, ...PAGE_QUERY };
  app.get(
    '/notifications',
    {
      schema: {
        operationId: 'listNotifications',
        summary: 'Notifications, newest first',
        tags,
        querystring: Type.Object({ user_id: Type.Optional(Type.String()), ...query }),
        response: {
          200: answers('A page of them.', NotificationListOut),
          ...problems('invalid_request', 'invalid_cursor'),
        },
      },
    },
    (request, reply) => sendList(request, reply, null, deps),
  );
  app.get<ByUser>(
    '/users/:user_id/notifications',
    {
      schema: {
        operationId: 'listNotificationsOfUser',
        summary: "A user's notifications over all channels, newest first",
        tags,
        params: USER_PARAM,
        querystring: Type.Object(query),
        response: {
          200: answers('A page of them.', NotificationListOut),
          ...problems('invalid_request', 'invalid_cursor'),
        },
      },
    },
    (request, reply) => {
      const userId = request.params.user_id;
      if (isUserId(userId)) return sendList(request, reply, userId, deps);
      return sendProblem(reply, 'invalid_request', { faults: [fault('/path/user_id', 'invalid_user_id')] });
    },
  );
}

async function sendList(request: FastifyRequest, reply: FastifyReply, userId: string | null, deps: HttpDeps) {
  const reader = readerOf(request.query, '/query');
  const asked = readFilter(reader, { user: userId === null, status: true });
  const filter = userId === null ? asked : { ...asked, userId };
  const page = readPage(reader, 'notifications', filter);
  if (!page.ok) return sendProblem(reply, page.code, page.details);
  const { items, next } = await deps.store.list(filter, { limit: page.limit, after: page.after, scan: SCAN });
  return { data: items.map(notificationItemOut), next_cursor: page.cursorOf(next) };
}

function steps(app: FastifyInstance, deps: HttpDeps): void {
  app.post<ById>(
    '/notifications/:id/cancel',
    {
      schema: {
        operationId: 'cancelNotification',
        summary: 'Stop what has not been sent',
        tags,
        params: ID_PARAM,
        response: {
          200: answers('No provider call starts from now on.', ResultOut),
          ...problems(...BODY_PROBLEMS, 'not_found', 'too_late'),
        },
      },
    },
    async (request, reply) => {
      const id = parseNotificationId(request.params.id);
      const result = id === null ? 'not_found' : await deps.control.cancel(id);
      return result === 'cancelled' ? { result } : sendProblem(reply, result);
    },
  );
  app.post<ById>(
    '/notifications/:id/retry',
    {
      schema: {
        operationId: 'retryNotification',
        summary: 'Start what failed, expired or was cancelled afresh',
        tags,
        params: ID_PARAM,
        response: {
          202: answers('It is on its way again.', ResultOut),
          ...problems(...BODY_PROBLEMS, 'not_found', 'not_retryable'),
        },
      },
    },
    async (request, reply) => {
      const id = parseNotificationId(request.params.id);
      const result = id === null ? 'not_found' : await deps.control.retry(id);
      return result === 'retried' ? reply.code(202).send({ result }) : sendProblem(reply, result);
    },
  );
}

function reschedule(app: FastifyInstance, deps: HttpDeps): void {
  app.patch<ById & { Body: RescheduleIn }>(
    '/notifications/:id',
    {
      schema: {
        operationId: 'rescheduleNotification',
        summary: 'Another time for what is still scheduled',
        tags,
        params: ID_PARAM,
        body: RescheduleIn,
        response: {
          200: answers('The notification as it is now.', NotificationOut),
          ...problems(...BODY_PROBLEMS, 'not_found', 'not_scheduled'),
        },
      },
    },
    async (request, reply) => {
      const refuse = (code: 'invalid_time' | 'too_far_ahead' | 'expires_before_send') =>
        sendProblem(reply, 'invalid_request', { faults: [fault('/send_at', code)] });
      const id = parseNotificationId(request.params.id);
      const now = deps.clock.now();
      const sendAt = parseTime(request.body.send_at);
      if (sendAt === null) return refuse('invalid_time');
      if (sendAt > now + MAX_AHEAD) return refuse('too_far_ahead');
      const result = id === null ? 'not_found' : await deps.control.reschedule(id, Math.max(sendAt, now));
      if (result === 'expires_before_send') return refuse(result);
      if (result !== 'rescheduled') return sendProblem(reply, result);
      const record = id === null ? null : await deps.store.find(id);
      return record === null ? sendProblem(reply, 'not_found') : notificationOut(record);
    },
  );
}
