import type { FastifyInstance } from 'fastify';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import { parseDuration } from '../../domain/duration.ts';
import { answers, problems } from '../contract/documented.ts';
import { DoorStatsOut } from '../contract/doors.ts';
import { durationText } from '../contract/forms.ts';
import { Type } from '../contract/schema.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';
import { readerOf } from '../query-in.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** `GET /stats`: every notification in one of a few buckets. */
export function statsDoor(app: FastifyInstance, deps: Pick<HttpDeps, 'store' | 'clock'>): void {
  const stats = {
    operationId: 'getStatsAtDoor',
    summary: 'How many there were, and what became of them',
    description: 'What is unfinished is counted as it is now, the rest within the window.',
    tags: ['Existing clients'],
    querystring: Type.Object({ window: Type.Optional(durationText('One minute to 30 days; `24h` if not given.')) }),
    response: { 200: answers('The figures.', DoorStatsOut), ...problems('invalid_request') },
  };
  app.get('/stats', { schema: stats }, async (request, reply) => {
    const reader = readerOf(request.query, '/query');
    const asked = reader.parsed(
      'window',
      (text) => (parseDuration(text) === null ? undefined : text),
      'invalid_duration',
    );
    const window = asked ?? '24h';
    const length = parseDuration(window) ?? DAY;
    if (length < MINUTE || length > 30 * DAY) reader.add('window', 'out_of_range', 'From one minute to 30 days.');
    const faults = reader.finish();
    if (faults.length > 0) return sendProblem(reply, 'invalid_request', { faults });
    const { accepted, byStatus } = await deps.store.stats(deps.clock.now() - length);
    const sum = (...statuses: readonly DeliveryStatus[]) =>
      statuses.reduce((total, status) => total + (byStatus[status] ?? 0), 0);
    return {
      total: accepted,
      pending: sum('scheduled', 'pending', 'sending'),
      retrying: sum('retrying'),
      sent: sum('sent', 'delivered'),
      failed: sum('failed'),
      failed_permanently: sum('failed'),
      cancelled: sum('cancelled'),
      expired: sum('expired'),
      suppressed: sum('suppressed'),
      window,
    };
  });
}
