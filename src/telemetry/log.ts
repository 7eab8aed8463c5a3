import { type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { TripEvent } from '../domain/events.ts';
import { formatTime } from '../domain/time.ts';

export type Log = Logger;

/** Structured lines to standard error; `pretty` for people. Fields are chosen here, so no message or secret gets in. */
export function createLog(options: { readonly level: string; readonly format: 'auto' | 'json' | 'pretty' }): Log {
  const forPeople = options.format === 'pretty' || (options.format === 'auto' && process.stderr.isTTY);
  const settings = {
    level: options.level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    // What stands there was put together by `describe`; the library's own serializer would add to it.
    serializers: { err: (described: unknown) => described },
  };
  if (!forPeople) return pino(settings, pino.destination({ fd: 2, sync: true }));
  const stream = pretty({
    destination: 2,
    sync: true,
    ignore: 'pid,event',
    messageFormat: '{event}',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return pino(settings, stream);
}

/** One line per event of a trip. */
export function logEvent(log: Log, event: TripEvent): void {
  switch (event.type) {
    case 'accepted':
      log.info({
        event: event.type,
        request_id: event.requestId,
        notification_ids: event.ids.slice(0, 10),
        count: event.ids.length,
      });
      return;
    case 'replayed':
      log.info({ event: event.type, request_id: event.requestId });
      return;
    case 'attempted': {
      const { attempt } = event;
      const level = attempt.outcome === 'accepted' ? 'info' : 'warn';
      log[level]({
        event: event.type,
        request_id: event.requestId,
        delivery_id: event.deliveryId,
        attempt: attempt.number,
        channel: attempt.channel,
        provider: attempt.provider,
        outcome: attempt.outcome,
        code: attempt.code,
        duration_ms: attempt.durationMs,
      });
      return;
    }
    case 'held_back':
      log.info({
        event: event.type,
        request_id: event.requestId,
        delivery_id: event.deliveryId,
        channel: event.channel,
        wait_ms: event.waitMs,
      });
      return;
    case 'moved': {
      const { delivery } = event;
      log[delivery.status === 'failed' ? 'warn' : 'info']({
        event: event.type,
        request_id: event.requestId,
        delivery_id: delivery.id,
        status: delivery.status,
        channel: delivery.channelUsed,
        reason: delivery.reason,
        round: delivery.round,
        due_at: delivery.dueAt === null ? null : formatTime(delivery.dueAt),
      });
      return;
    }
    case 'stale_settle':
    case 'reclaimed':
      log.warn({ event: event.type, request_id: event.requestId, delivery_id: event.deliveryId });
      return;
    case 'receipt':
      log.info({
        event: event.type,
        request_id: event.requestId,
        delivery_id: event.deliveryId,
        attempt: event.attempt,
        channel: event.channel,
        provider: event.provider,
        news: event.news,
        result: event.result,
      });
      return;
    case 'forgotten':
      log.info({ event: event.type, count: event.notifications });
      return;
    case 'provider_paused':
      log.warn({ event: event.type, provider: event.provider, until: formatTime(event.until), cause: event.cause });
      return;
    case 'provider_recovered':
      log.info({ event: event.type, provider: event.provider });
      return;
    case 'fault':
      log.error({ event: event.type, where: event.where, err: describe(event.error) });
      return;
  }
}

/** One line for what a broker's queue tells about itself. */
export function logNotice(log: Log, notice: { readonly type: string; readonly error?: unknown }): void {
  const { type, error, ...fields } = notice;
  const calm = type === 'queue_back' || type === 'taken_over';
  log[calm ? 'info' : 'warn']({ event: type, ...fields, ...(error === undefined ? {} : { err: describe(error) }) });
}

/** What a fault may show: an error's own fields can hold messages and credentials, so they are left out. */
export function describe(error: unknown, depth = 0): object {
  if (!(error instanceof Error) || depth > 5) return { type: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const cause = error.cause === undefined ? undefined : describe(error.cause, depth + 1);
  return { type: error.name, message: error.message, code, stack: error.stack, cause };
}
