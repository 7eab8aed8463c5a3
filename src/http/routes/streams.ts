import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { parseNotificationId } from '../../domain/ids.ts';
import type { Auth } from '../auth.ts';
import { problems, USER_PARAM, USER_SECURITY, userProblems } from '../contract/documented.ts';
import { word } from '../contract/forms.ts';
import { Type } from '../contract/schema.ts';
import { type Cursors, cursorsFor } from '../cursor.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';
import { readerOf, wordIn } from '../query-in.ts';
import type { EventStreams } from '../streams/event-streams.ts';
import { inboxSource } from '../streams/inbox-source.ts';
import { inboxWakes } from '../streams/inbox-wakes.ts';
import { moveSource, pulseSource } from '../streams/move-source.ts';
import { type ByUser, withUser } from './inbox.ts';

const RESUME = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ description: 'The `id` of the last event that was taken: the stream goes on after it.' }),
  ),
});
const FORM = `Server-Sent Events. Every one has an \`id\`; \`Last-Event-ID\` goes on after it, with nothing left out and
nothing twice. A line without meaning comes every 15 seconds. \`reset\`: what was missed is no longer known, so everything is
to be loaded again; what follows goes on from now.`;

/** What happens in a user's inbox, as it happens; to whoever shows a token no longer than that is good. */
export function inboxStreamRoutes(
  app: FastifyInstance,
  deps: HttpDeps,
  streams: EventStreams,
  { tokenOf }: Pick<Auth, 'tokenOf'>,
): void {
  const wakes = inboxWakes(deps.inbox, deps.news, deps.clock);

  const inbox = {
    operationId: 'streamInbox',
    summary: "What happens in a user's inbox, live",
    description: `${FORM} \`notification\`: an entry came. \`update\`: entries were marked, those of \`ids\`, or all that had
come until then and were created before \`before\`. \`counts\`: at first, and after every change. Open the stream, then load
the list.`,
    tags: ['Inbox'],
    security: USER_SECURITY,
    params: USER_PARAM,
    headers: RESUME,
    response: {
      200: streamAnswer('`notification`, `update`, `counts`, `reset`.'),
      ...userProblems('invalid_request', 'invalid_cursor'),
    },
  };
  app.get<ByUser>('/users/:user_id/inbox/stream', { schema: inbox, exposeHeadRoute: false }, (request, reply) =>
    withUser(request, reply, async (userId) => {
      const cursors = cursorsFor('inbox stream', { userId });
      const from = lastEventOf(request, cursors);
      const faults = readerOf(request.query, '/query').finish();
      if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
      if (from === undefined) return sendProblem(reply, 'invalid_cursor');
      const token = await tokenOf(request.raw);
      const until = token?.ok === true ? token.expiresAt : null;
      return streams.open(request, reply, inboxSource({ inbox: deps.inbox, wakes, userId, cursors, from }), until);
    }),
  );
}

/** What becomes of deliveries, as it does. */
export function eventStreamRoutes(app: FastifyInstance, deps: HttpDeps, streams: EventStreams): void {
  const events = {
    operationId: 'streamEvents',
    summary: 'What becomes of deliveries, live',
    description: `${FORM} \`delivery\`: one came to a state, by being accepted too. \`pulse\`: some did.`,
    tags: ['Operations'],
    querystring: Type.Object({
      notification_id: Type.Optional(Type.String({ description: 'Only what becomes of this one.' })),
      as: Type.Optional(word(FORMS, { description: '`pulse`: only that something happened, once a second at most.' })),
    }),
    headers: RESUME,
    response: {
      200: streamAnswer('`delivery` or `pulse`, `reset`.'),
      ...problems('invalid_request', 'invalid_cursor'),
    },
  };
  app.get('/events', { schema: events, exposeHeadRoute: false }, async (request, reply) => {
    const cursors = cursorsFor('events', {});
    const reader = readerOf(request.query, '/query');
    const notificationId =
      reader.parsed('notification_id', (text) => parseNotificationId(text) ?? undefined, 'invalid_format') ?? null;
    const form = reader.parsed('as', wordIn(FORMS), 'invalid_value') ?? 'deliveries';
    if (form === 'pulse' && notificationId !== null) reader.add('as', 'conflicting_fields', 'A pulse is of all.');
    const faults = reader.finish();
    if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
    const from = lastEventOf(request, cursors);
    if (from === undefined) return sendProblem(reply, 'invalid_cursor');
    const options = { log: deps.moves, news: deps.news, clock: deps.clock, cursors, from, notificationId };
    return streams.open(request, reply, form === 'pulse' ? pulseSource(options) : moveSource(options));
  });
}

const FORMS = ['deliveries', 'pulse'] as const;

/** Null: there was none before. Undefined: it is not one of this stream. */
function lastEventOf({ headers }: FastifyRequest, cursors: Cursors): string | null | undefined {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return null;
  return typeof given === 'string' ? cursors.read(given) : undefined;
}

function streamAnswer(description: string): { description: string; content: Record<string, { schema: TSchema }> } {
  return { description, content: { 'text/event-stream': { schema: Type.String() } } };
}
