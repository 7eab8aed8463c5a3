import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseDeliveryId } from '../../domain/ids.ts';
import type { Fault } from '../../domain/problem.ts';
import { isUserId } from '../../domain/recipient.ts';
import { parseTime } from '../../domain/time.ts';
import { INBOX_MARKS, INBOX_STATUSES } from '../../store/inbox.ts';
import { answers, BODY_PROBLEMS, PAGE_QUERY, USER_PARAM, USER_SECURITY, userProblems } from '../contract/documented.ts';
import { word } from '../contract/forms.ts';
import { InboxItemOut, InboxMarkIn, InboxOut, MarkedOut } from '../contract/other.ts';
import { Type } from '../contract/schema.ts';
import { fault } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { inboxItemOut } from '../inbox-out.ts';
import { readPage } from '../page-in.ts';
import { sendProblem } from '../problem-reply.ts';
import { readerOf, wordIn } from '../query-in.ts';

export type ByUser = { Params: { user_id: string } };
const tags = ['Inbox'];

/** What a user sees in the application: the `in_app` messages. */
export function inboxRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const list = {
    operationId: 'listInbox',
    summary: "A user's inbox, newest first",
    tags,
    security: USER_SECURITY,
    params: USER_PARAM,
    querystring: Type.Object({ status: Type.Optional(word(INBOX_STATUSES)), ...PAGE_QUERY }),
    response: {
      200: answers('A page of it; without `status` everything that is not archived.', InboxOut),
      ...userProblems('invalid_request', 'invalid_cursor'),
    },
  };
  app.get<ByUser>('/users/:user_id/inbox', { schema: list }, (request, reply) =>
    withUser(request, reply, (userId) => sendInbox(request, reply, userId, deps)),
  );

  const mark = {
    operationId: 'markInbox',
    summary: 'Mark many entries',
    tags,
    security: USER_SECURITY,
    params: USER_PARAM,
    body: InboxMarkIn,
    response: { 200: answers('How many changed.', MarkedOut), ...userProblems(...BODY_PROBLEMS) },
  };
  app.post<ByUser & { Body: InboxMarkIn }>('/users/:user_id/inbox/mark', { schema: mark }, (request, reply) =>
    withUser(request, reply, async (userId) => {
      const which = readWhich(request.body);
      if (Array.isArray(which)) return sendProblem(reply, 'invalid_request', { faults: which });
      const changed = await deps.inbox.markInbox(userId, request.body.as, which, deps.clock.now());
      return { changed, counts: await deps.inbox.countInbox(userId) };
    }),
  );

  const markOne = {
    operationId: 'markInboxEntry',
    summary: 'Mark one entry',
    tags,
    security: USER_SECURITY,
    params: Type.Object({ user_id: Type.String(), id: Type.String(), mark: word(INBOX_MARKS) }),
    response: { 200: answers('The entry as it is now.', InboxItemOut), ...userProblems(...BODY_PROBLEMS, 'not_found') },
  };
  type One = { Params: { user_id: string; id: string; mark: string } };
  app.post<One>('/users/:user_id/inbox/:id/:mark', { schema: markOne }, (request, reply) =>
    withUser(request, reply, async (userId) => {
      const mark = wordIn(INBOX_MARKS)(request.params.mark);
      const id = parseDeliveryId(request.params.id);
      if (mark === undefined || id === null) return sendProblem(reply, 'not_found');
      const entry = await deps.inbox.markInboxEntry(userId, id, mark, deps.clock.now());
      return entry === null ? sendProblem(reply, 'not_found') : inboxItemOut(entry);
    }),
  );
}

/** The path's user id is one, or the request is refused. */
export function withUser<T>(
  request: FastifyRequest<ByUser>,
  reply: FastifyReply,
  act: (userId: string) => Promise<T>,
): Promise<T> | FastifyReply {
  const userId = request.params.user_id;
  if (isUserId(userId)) return act(userId);
  return sendProblem(reply, 'invalid_request', { faults: [fault('/path/user_id', 'invalid_user_id')] });
}

async function sendInbox(request: FastifyRequest, reply: FastifyReply, userId: string, deps: HttpDeps) {
  const reader = readerOf(request.query, '/query');
  const status = reader.parsed('status', wordIn(INBOX_STATUSES), 'invalid_value') ?? null;
  const page = readPage(reader, 'inbox', { userId, status });
  if (!page.ok) return sendProblem(reply, page.code, page.details);
  const { items, next } = await deps.inbox.listInbox(userId, status, { limit: page.limit, after: page.after });
  const counts = await deps.inbox.countInbox(userId);
  return { data: items.map(inboxItemOut), next_cursor: page.cursorOf(next), counts };
}

/** Which entries a request to mark many means, or what is wrong with it. */
function readWhich({ ids, before }: InboxMarkIn) {
  const faults: Fault[] = [];
  if (ids !== undefined && before !== undefined) {
    faults.push(fault('/before', 'conflicting_fields', 'Give ids or before, not both.'));
  }
  const time = before === undefined ? null : parseTime(before);
  if (before !== undefined && time === null) faults.push(fault('/before', 'invalid_time'));
  const known = (ids ?? []).flatMap((text, index) => {
    const id = parseDeliveryId(text);
    if (id === null) faults.push(fault(`/ids/${index}`, 'invalid_format', 'This is not the id of an inbox entry.'));
    return id ?? [];
  });
  if (faults.length > 0) return faults;
  return ids === undefined ? { before: time } : { ids: known };
}
