import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formatTime } from '../../domain/time.ts';
import type { AcceptAnswer, Accepted, SendRequest } from '../../pipeline/accept.ts';
import { answers, answersEither, BODY_PROBLEMS, IDEMPOTENCY_HEADER, problems } from '../contract/documented.ts';
import { BatchIn, BatchShellIn as BatchShell, type BatchShellIn, NotificationIn } from '../contract/notification-in.ts';
import { AcceptedOut, BroadcastAcceptedOut } from '../contract/notification-out.ts';
import { BatchOut } from '../contract/problem-out.ts';
import { checkedWhenRead, fault, shapeOf } from '../contract/shape.ts';
import { HTTP_LIMITS, type HttpDeps } from '../deps.ts';
import { idempotencyKeyOf, requestKey } from '../idempotency.ts';
import { type ReadBatchItem, readBatchItem, readDeps, readNotification } from '../notification-in.ts';
import { type ProblemOut, problemDocument, sendProblem } from '../problem-reply.ts';

/** Where idempotency keys count. The items of a batch share the scope of single requests: either can repeat the other. */
const SINGLE = 'POST /api/v1/notifications';
const BATCH = 'POST /api/v1/notifications/batch';

/** The paths that notifications are posted to. */
export const WAYS_IN: ReadonlySet<string> = new Set(['/api/v1/notifications', '/api/v1/notifications/batch']);

/** Most faults that are named of one item of a batch. */
const MAX_ITEM_FAULTS = 20;

/** The two ways in. */
export function sendRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const bodyLimit = deps.limits?.manyBytes ?? HTTP_LIMITS.manyBytes;
  const location = { Location: { type: 'string', description: 'The notification.' } };
  const replayed = { 'Idempotency-Replayed': { type: 'string', enum: ['true'] } };
  app.post(
    '/notifications',
    {
      bodyLimit,
      validatorCompiler: checkedWhenRead,
      schema: {
        operationId: 'send',
        summary: 'Tell somebody something',
        description:
          'The answer comes when the notification is durable. `recipients` instead of `recipient` tells many.',
        tags: ['Notifications'],
        headers: IDEMPOTENCY_HEADER,
        body: NotificationIn,
        response: {
          202: answersEither('It is durable and on its way.', [AcceptedOut, BroadcastAcceptedOut], {
            ...location,
            ...replayed,
          }),
          ...problems(...BODY_PROBLEMS, 'unroutable', 'idempotency_mismatch', 'invalid_idempotency_key'),
        },
      },
    },
    (request, reply) => send(request, reply, deps),
  );
  app.post<{ Body: BatchShellIn }>(
    '/notifications/batch',
    {
      bodyLimit,
      validatorCompiler: checkedWhenRead,
      schema: {
        operationId: 'sendBatch',
        summary: 'Send many different notifications',
        description:
          'Valid items are accepted, each bad one is named. `idempotency_key` makes one item safe to repeat; the ' +
          'header makes the whole batch so: then the valid items are accepted together, and items have no keys.',
        tags: ['Notifications'],
        headers: IDEMPOTENCY_HEADER,
        body: BatchIn,
        response: {
          202: answers('What became of each item.', BatchOut, replayed),
          ...problems(...BODY_PROBLEMS, 'idempotency_mismatch', 'invalid_idempotency_key'),
        },
      },
    },
    (request, reply) => sendBatch(request, reply, deps),
  );
}

/** Answers by the reply alone: a reply that is returned is waited for once more. */
async function send(request: FastifyRequest, reply: FastifyReply, deps: HttpDeps): Promise<void> {
  const key = idempotencyKeyOf(request.raw);
  if (key === undefined) return void sendProblem(reply, 'invalid_idempotency_key');
  const read = readNotification(request.body, readDeps(deps));
  if (!read.ok) {
    // A repeat may come when times that were right the first time have passed: it is a repeat all the same.
    const before = key === null ? null : await answeredBefore(request, key, deps);
    if (before !== null) sendRepeated(reply, before);
    else sendProblem(reply, 'invalid_request', { faults: read.faults });
    return;
  }
  const { requests, broadcast } = read;
  const [answer] = await deps.accept([
    {
      requestId: request.id,
      requests,
      broadcast,
      key: key === null ? null : requestKey(SINGLE, key, request.body),
      answer: broadcast ? broadcastAnswer : singleAnswer,
    },
  ]);
  switch (answer?.kind) {
    case 'mismatch':
      sendProblem(reply, 'idempotency_mismatch');
      break;
    case 'unroutable': {
      const places = answer.indexes.map((index) => (broadcast ? `/recipients/${index}` : '/recipient'));
      sendProblem(reply, 'unroutable', { faults: places.map((place) => fault(place, 'unroutable')) });
      break;
    }
    case 'accepted':
      sendAnswer(broadcast ? reply : reply.header('location', locationOf(answer.id)), answer.answer);
      break;
    case 'replayed':
      sendRepeated(reply, answer.answer);
      break;
    case undefined:
      throw new Error('a submission was not answered');
  }
}

/** What the same request was answered when it came first; null: it never came, or was another one. */
async function answeredBefore(request: FastifyRequest, key: string, deps: HttpDeps): Promise<string | null> {
  const { scope, fingerprint } = requestKey(SINGLE, key, request.body);
  const before = await deps.store.findAnswer(scope, key);
  return before?.fingerprint === fingerprint ? before.answer : null;
}

function sendAnswer(reply: FastifyReply, answer: string): FastifyReply {
  return reply.code(202).header('content-type', 'application/json; charset=utf-8').send(answer);
}

/** To a repeat: what was answered the first time, `Location` included. */
function sendRepeated(reply: FastifyReply, answer: string): FastifyReply {
  const { id } = JSON.parse(answer) as { readonly id?: string };
  // One notification has a place; a broadcast and a batch have none.
  if (id !== undefined && !answer.includes('"notifications":[')) reply.header('location', locationOf(id));
  return sendAnswer(reply.header('idempotency-replayed', 'true'), answer);
}

function locationOf(id: string): string {
  return `/api/v1/notifications/${id}`;
}

function singleAnswer({ id, createdAt, notifications }: Accepted): string {
  // Nothing in it needs to be escaped, and so it costs a fraction of what `JSON.stringify` does.
  return `{"id":"${id}","status":"${notifications[0]?.status ?? 'pending'}","created_at":"${formatTime(createdAt)}"}`;
}

function broadcastAnswer({ id, notifications }: Accepted): string {
  return JSON.stringify({ id, accepted: notifications.length, notifications: notifications.map((one) => one.id) });
}

/** The id in an answer that `singleAnswer` wrote long ago. */
function idIn(answer: string): string {
  const { id } = JSON.parse(answer) as { readonly id: string };
  return id;
}

type ItemResult = { readonly index: number } & ({ readonly id: string } | { readonly error: ProblemOut });

const shapeOfShell = shapeOf(BatchShell);

async function sendBatch(
  request: FastifyRequest<{ Body: BatchShellIn }>,
  reply: FastifyReply,
  deps: HttpDeps,
): Promise<FastifyReply> {
  const key = idempotencyKeyOf(request.raw);
  if (key === undefined) return sendProblem(reply, 'invalid_idempotency_key');
  const faults = shapeOfShell(request.body);
  if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
  const given = request.body.notifications;
  const at = readDeps(deps);
  const items = given.map((item, index) => readBatchItem(item, `/notifications/${index}`, at));
  if (key !== null) return sendBatchAsOne(request, reply, items, key, deps);

  const valid = items.flatMap((item, index) => (item.ok ? [{ item, index }] : []));
  const submissions = valid.map(({ item, index }) => ({
    requestId: request.id,
    requests: [item.request],
    broadcast: false,
    key: item.key === null ? null : requestKey(SINGLE, item.key, withoutKey(given[index])),
    answer: singleAnswer,
  }));
  const accepted = submissions.length === 0 ? [] : await deps.accept(submissions);
  const results = items.map((item, index) => (item.ok ? null : rejected(index, item)));
  for (const [place, { index }] of valid.entries()) results[index] = itemResult(index, accepted[place]);
  return sendAnswer(reply, batchAnswer(results.filter((one) => one !== null)));
}

/** The whole batch under one key: the valid items are one submission, and its answer holds the rejections too. */
async function sendBatchAsOne(
  request: FastifyRequest,
  reply: FastifyReply,
  items: readonly ReadBatchItem[],
  key: string,
  deps: HttpDeps,
): Promise<FastifyReply> {
  const keyed = items.flatMap((item, index) => (item.ok && item.key !== null ? [index] : []));
  if (keyed.length > 0) {
    const detail = 'With the header Idempotency-Key the items have no keys of their own.';
    const faults = keyed.map((index) => fault(`/notifications/${index}/idempotency_key`, 'conflicting_fields', detail));
    return sendProblem(reply, 'invalid_request', { faults });
  }
  const results = items.map((item, index) => (item.ok ? null : rejected(index, item)));
  // What cannot be routed is known to the pipeline only: it refuses the submission, and the rest is handed in again.
  for (;;) {
    const places = results.flatMap((result, index) => (result === null ? [index] : []));
    const requests = places.flatMap((index) => requestOf(items[index]));
    const answerWith = (ids: readonly string[]) => {
      const all = [...results];
      for (const [place, index] of places.entries()) all[index] = { index, id: ids[place] ?? '' };
      return batchAnswer(all.filter((one) => one !== null));
    };
    if (requests.length === 0) return sendAnswer(reply, answerWith([]));
    const [answer] = await deps.accept([
      {
        requestId: request.id,
        requests,
        broadcast: false,
        key: requestKey(BATCH, key, request.body),
        answer: ({ notifications }) => answerWith(notifications.map((one) => one.id)),
      },
    ]);
    if (answer === undefined) throw new Error('a submission was not answered');
    if (answer.kind === 'mismatch') return sendProblem(reply, 'idempotency_mismatch');
    if (answer.kind !== 'unroutable') {
      return answer.kind === 'replayed' ? sendRepeated(reply, answer.answer) : sendAnswer(reply, answer.answer);
    }
    if (answer.indexes.length === 0) throw new Error('a submission is unroutable, but none of its requests is');
    for (const place of answer.indexes) {
      const index = places[place];
      if (index !== undefined) results[index] = unroutable(index);
    }
  }
}

function requestOf(item: ReadBatchItem | undefined): readonly SendRequest[] {
  return item?.ok === true ? [item.request] : [];
}

function batchAnswer(results: readonly ItemResult[]): string {
  const accepted = results.filter((result) => 'id' in result).length;
  return JSON.stringify({ accepted, rejected: results.length - accepted, results });
}

function itemResult(index: number, answer: AcceptAnswer | undefined): ItemResult {
  switch (answer?.kind) {
    case 'accepted':
      return { index, id: answer.id };
    case 'replayed':
      return { index, id: idIn(answer.answer) };
    case 'mismatch':
      return { index, error: problemDocument('idempotency_mismatch') };
    case 'unroutable':
      return unroutable(index);
    case undefined:
      throw new Error('a submission was not answered');
  }
}

function rejected(index: number, { faults }: Extract<ReadBatchItem, { ok: false }>): ItemResult {
  return { index, error: problemDocument('invalid_request', { faults: faults.slice(0, MAX_ITEM_FAULTS) }) };
}

function unroutable(index: number): ItemResult {
  const faults = [fault(`/notifications/${index}/recipient`, 'unroutable')];
  return { index, error: problemDocument('unroutable', { faults }) };
}

/** The item as it would stand alone: the key is no part of what is asked for. */
function withoutKey(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  return Object.fromEntries(Object.entries(item).filter(([field]) => field !== 'idempotency_key'));
}
