import type { FastifyInstance } from 'fastify';
import { parseDeliveryId } from '../../domain/ids.ts';
import { REASONS } from '../../domain/reason.ts';
import { answers, BODY_PROBLEMS, FILTER_QUERY, PAGE_QUERY, problems } from '../contract/documented.ts';
import { word } from '../contract/forms.ts';
import { DeadLetterListOut } from '../contract/notification-out.ts';
import { DeadLetterRetryIn, DeadLetterRetryOut } from '../contract/other.ts';
import { Type } from '../contract/schema.ts';
import { cursorsFor } from '../cursor.ts';
import { type HttpDeps, SCAN } from '../deps.ts';
import { deadLetterOut } from '../notification-out.ts';
import { readPage } from '../page-in.ts';
import { sendProblem } from '../problem-reply.ts';
import { type Reader, readerOf, readFilter, wordIn } from '../query-in.ts';

const tags = ['Dead letters'];
const CODES = Object.keys(REASONS);

/** What failed for good: look at it, start it afresh, set it aside. */
export function deadLetterRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const list = {
    operationId: 'listDeadLetters',
    summary: 'Deliveries that failed for good, newest first',
    tags,
    querystring: Type.Object({
      user_id: Type.Optional(Type.String()),
      ...FILTER_QUERY,
      code: Type.Optional(word(CODES)),
      ...PAGE_QUERY,
    }),
    response: { 200: answers('A page of them.', DeadLetterListOut), ...problems('invalid_request', 'invalid_cursor') },
  };
  app.get('/dead-letters', { schema: list }, async (request, reply) => {
    const reader = readerOf(request.query, '/query');
    const filter = readDeadLetterFilter(reader);
    const page = readPage(reader, 'dead-letters', filter);
    if (!page.ok) return sendProblem(reply, page.code, page.details);
    const found = await deps.store.deadLetters(filter, { limit: page.limit, after: page.after, scan: SCAN });
    return { data: found.items.map(deadLetterOut), next_cursor: page.cursorOf(found.next) };
  });

  const retry = {
    operationId: 'retryDeadLetters',
    summary: 'Start all that match afresh',
    tags,
    body: DeadLetterRetryIn,
    response: { 200: answers('What was done.', DeadLetterRetryOut), ...problems(...BODY_PROBLEMS, 'invalid_cursor') },
  };
  app.post<{ Body: DeadLetterRetryIn }>('/dead-letters/retry', { schema: retry }, async (request, reply) => {
    const reader = readerOf(request.body.filter, '/filter');
    const filter = readDeadLetterFilter(reader);
    const faults = reader.finish();
    if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
    const { dry_run = false, limit = Number.POSITIVE_INFINITY, cursor } = request.body;
    const cursors = cursorsFor('dead-letters', filter);
    const after = cursor === undefined ? null : cursors.read(cursor);
    if (after === undefined) return sendProblem(reply, 'invalid_cursor');
    const { next, ...done } = await deps.control.retryDeadLetters(filter, dry_run, { limit, after });
    return { ...done, next_cursor: cursors.write(next) };
  });

  const discard = {
    operationId: 'discardDeadLetter',
    summary: 'Set one aside',
    tags,
    params: Type.Object({ delivery_id: Type.String() }),
    response: {
      204: { description: 'It is out of the list.', type: 'null' },
      ...problems(...BODY_PROBLEMS, 'not_found'),
    },
  };
  type ById = { Params: { delivery_id: string } };
  app.delete<ById>('/dead-letters/:delivery_id', { schema: discard }, async (request, reply) => {
    const id = parseDeliveryId(request.params.delivery_id);
    const result = id === null ? 'not_found' : await deps.control.discard(id);
    return result === 'discarded' ? reply.code(204).send() : sendProblem(reply, result);
  });
}

function readDeadLetterFilter(reader: Reader) {
  const filter = readFilter(reader, { user: true, status: false });
  const code = reader.parsed('code', wordIn(CODES), 'invalid_value', 'There is no such code.');
  return code === undefined ? filter : { ...filter, code };
}
