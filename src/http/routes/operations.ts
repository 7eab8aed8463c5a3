import type { FastifyInstance } from 'fastify';
import { CHANNELS, isChannel } from '../../domain/channel.ts';
import { DELIVERY_STATUSES } from '../../domain/delivery.ts';
import { parseDuration } from '../../domain/duration.ts';
import { parseNotificationId } from '../../domain/ids.ts';
import type { JsonObject, JsonValue } from '../../domain/notification.ts';
import { formatTime } from '../../domain/time.ts';
import type { SandboxFilter, SandboxMessage } from '../../store/sandbox.ts';
import type { StoreStats } from '../../store/store.ts';
import { answers, BODY_PROBLEMS, PAGE_QUERY, problems } from '../contract/documented.ts';
import { durationText, word } from '../contract/forms.ts';
import { SandboxListOut, StatsOut } from '../contract/other.ts';
import { Type } from '../contract/schema.ts';
import type { HttpDeps } from '../deps.ts';
import { readPage } from '../page-in.ts';
import { sendProblem } from '../problem-reply.ts';
import { given, readerOf } from '../query-in.ts';

const tags = ['Operations'];
const MINUTE = 60_000;
const DAY = 86_400_000;
const MAX_WINDOW = 30 * DAY;
/** About how many steps a series has at most. */
const STEPS = 144;

/** Figures, and what the sandbox caught. */
export function operationRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const stats = {
    operationId: 'getStats',
    summary: 'Figures of the last hours or days',
    tags,
    querystring: Type.Object({ window: Type.Optional(durationText('One minute to 30 days; `24h` if not given.')) }),
    response: { 200: answers('The figures.', StatsOut), ...problems('invalid_request') },
  };
  app.get('/stats', { schema: stats }, async (request, reply) => {
    const reader = readerOf(request.query, '/query');
    const window = reader.parsed('window', (text) => parseDuration(text) ?? undefined, 'invalid_duration') ?? DAY;
    if (window < MINUTE || window > MAX_WINDOW) reader.add('window', 'out_of_range', 'From one minute to 30 days.');
    const faults = reader.finish();
    if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
    const now = deps.clock.now();
    const [figures, backlog] = await Promise.all([deps.store.stats(now - window), deps.store.backlog()]);
    return statsOut(figures, backlog, window, now);
  });

  const sandbox = {
    operationId: 'listSandboxMessages',
    summary: 'What the sandbox caught instead of sending, newest first',
    tags,
    querystring: Type.Object({
      channel: Type.Optional(word(CHANNELS)),
      to: Type.Optional(Type.String()),
      notification_id: Type.Optional(Type.String()),
      q: Type.Optional(Type.String({ description: 'Part of the address, the subject, the title or the text.' })),
      ...PAGE_QUERY,
    }),
    response: { 200: answers('A page of them.', SandboxListOut), ...problems('invalid_request', 'invalid_cursor') },
  };
  app.get('/sandbox/messages', { schema: sandbox }, async (request, reply) => {
    const reader = readerOf(request.query, '/query');
    const filter: SandboxFilter = given({
      channel: reader.parsed('channel', (text) => (isChannel(text) ? text : undefined), 'unknown_channel'),
      to: reader.text('to'),
      notificationId: reader.parsed(
        'notification_id',
        (text) => parseNotificationId(text) ?? undefined,
        'invalid_format',
        'This is not the id of a notification.',
      ),
      text: reader.text('q'),
    });
    const page = readPage(reader, 'sandbox', filter);
    if (!page.ok) return sendProblem(reply, page.code, page.details);
    const { items, next } = await deps.sandbox.listSandbox(filter, { limit: page.limit, after: page.after });
    return { data: items.map(sandboxMessageOut), next_cursor: page.cursorOf(next) };
  });

  const clear = {
    operationId: 'clearSandbox',
    summary: 'Forget everything that the sandbox caught',
    tags,
    response: {
      204: { description: 'It is empty.', type: 'null' },
      ...problems(...BODY_PROBLEMS),
    },
  };
  app.delete('/sandbox/messages', { schema: clear }, async (_request, reply) => {
    await deps.sandbox.clearSandbox();
    return reply.code(204).send();
  });
}

function sandboxMessageOut({ id, notificationId, deliveryId, channel, to, message, caughtAt }: SandboxMessage) {
  return {
    id: String(id),
    notification_id: notificationId,
    delivery_id: deliveryId,
    channel,
    to,
    message: messageOut(message),
    caught_at: formatTime(caughtAt),
  };
}

/** The fields of a message by their names on the wire; what stands in them is the caller's and stays as it is. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  replyTo: 'reply_to',
  messageId: 'message_id',
  parseMode: 'parse_mode',
  actionUrl: 'action_url',
  contentType: 'content_type',
};

function messageOut(message: JsonObject): JsonObject {
  const { attachments } = message;
  const own = inWireNames(message);
  return Array.isArray(attachments) ? { ...own, attachments: attachments.map(attachmentOut) } : own;
}

function attachmentOut(attachment: JsonValue): JsonValue {
  const isObject = typeof attachment === 'object' && attachment !== null && !Array.isArray(attachment);
  return isObject ? inWireNames(attachment as JsonObject) : attachment;
}

function inWireNames(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [WIRE_NAMES[name] ?? name, value]));
}

function statsOut(
  figures: StoreStats,
  backlog: { readonly depth: number; readonly oldestDueAt: number | null },
  window: number,
  now: number,
) {
  const { depth, oldestDueAt } = backlog;
  return {
    total: figures.accepted,
    by_status: Object.fromEntries(DELIVERY_STATUSES.map((status) => [status, figures.byStatus[status] ?? 0])),
    by_channel: figures.byChannel,
    by_provider: figures.byProvider,
    queue: { depth, oldest_age_ms: oldestDueAt === null ? null : Math.max(0, now - oldestDueAt) },
    series: inSteps(figures.series, Math.max(1, Math.ceil(window / STEPS / MINUTE)) * MINUTE),
  };
}

/** The minutes added up to steps of `length` ms. */
function inSteps(series: StoreStats['series'], length: number) {
  const steps = new Map<number, { at: string; accepted: number; sent: number; failed: number }>();
  for (const { minute, accepted, sent, failed } of series) {
    const start = Math.floor(minute / length) * length;
    const step = steps.get(start) ?? { at: formatTime(start), accepted: 0, sent: 0, failed: 0 };
    step.accepted += accepted;
    step.sent += sent;
    step.failed += failed;
    steps.set(start, step);
  }
  return [...steps.values()];
}
