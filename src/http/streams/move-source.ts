import type { Clock } from '../../domain/clock.ts';
import { type NotificationId, notificationOf } from '../../domain/ids.ts';
import { formatTime } from '../../domain/time.ts';
import type { Move, MoveLog, News } from '../../store/moves.ts';
import type { Cursors } from '../cursor.ts';
import type { StreamEvent, StreamSource } from './event-streams.ts';
import { paced } from './paced.ts';

/** Moves that are read at once. */
const AT_ONCE = 200;
/** Between two looks at the log, in ms. */
const APART = 100;
/** Between two pulses, in ms. */
const PULSES_APART = 1_000;

export interface MoveSourceOptions {
  readonly log: Pick<MoveLog, 'endOfMoves' | 'movesAfter'>;
  readonly news: News;
  readonly clock: Clock;
  readonly cursors: Cursors;
  /** Where to go on; null: from now on. */
  readonly from: string | null;
  /** Only what becomes of one notification; null: of all. */
  readonly notificationId: NotificationId | null;
}

/** What becomes of deliveries. */
export function moveSource({ log, news, clock, cursors, from, notificationId }: MoveSourceOptions): StreamSource {
  let point = from;
  return {
    watch: (wake) => watchAt(news, clock, APART, wake),
    async next() {
      if (point === null) {
        point = await log.endOfMoves();
        return null;
      }
      const moves = await log.movesAfter(point, AT_ONCE);
      if (moves === null) {
        point = await log.endOfMoves();
        return [{ name: 'reset', id: cursors.write(point) ?? '', data: {} }];
      }
      point = moves.at(-1)?.point ?? point;
      if (moves.length === 0) return null;
      return moves
        .filter(({ deliveryId }) => notificationId === null || notificationOf(deliveryId) === notificationId)
        .map((move) => moveEvent(move, cursors));
    },
  };
}

/** Only that something has become of deliveries, once a second: for those who then look at what they show. */
export function pulseSource({
  log,
  news,
  clock,
  cursors,
  from,
}: Omit<MoveSourceOptions, 'notificationId'>): StreamSource {
  let point = from;
  let told = false;
  return {
    watch: (wake) => watchAt(news, clock, PULSES_APART, wake),
    async next() {
      // What has happened since the last pulse is in the next.
      if (told) {
        told = false;
        return null;
      }
      const end = await log.endOfMoves();
      told = point !== null && point !== end;
      point = end;
      return told ? [{ name: 'pulse', id: cursors.write(end) ?? '', data: {} }] : null;
    },
  };
}

function watchAt(news: News, clock: Clock, apart: number, wake: () => void): () => void {
  const pace = paced(clock, apart, async () => wake());
  const unsubscribe = news.onNews(() => pace.ring());
  return () => {
    unsubscribe();
    pace.end();
  };
}

function moveEvent({ point, deliveryId, status, channel, provider, reason, at }: Move, cursors: Cursors): StreamEvent {
  return {
    name: 'delivery',
    id: cursors.write(point) ?? '',
    data: {
      notification_id: notificationOf(deliveryId),
      delivery_id: deliveryId,
      status,
      channel,
      provider,
      code: reason,
      at: formatTime(at),
    },
  };
}
