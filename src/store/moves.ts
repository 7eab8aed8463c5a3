import type { Channel } from '../domain/channel.ts';
import type { Delivery, DeliveryStatus } from '../domain/delivery.ts';
import type { DeliveryId } from '../domain/ids.ts';
import type { Attempt } from '../domain/outcome.ts';
import type { Reason } from '../domain/reason.ts';

/**
 * A small port of its own: which deliveries came to which states, in the order in which that became true for
 * everybody. `accept` and `write` put it down in their own transactions, and it can be read soon after those. Claims
 * are not in it, nor is what changes nothing but a version. Rules for errors as in store.ts.
 */
export interface MoveLog {
  /** The point after everything that can be read. */
  endOfMoves(): Promise<string>;
  /**
   * What came after a point, oldest first, at most `limit`; null: not all of that is kept any more, or it is no point
   * of this log. Nothing ever appears later before something that was answered already.
   */
  movesAfter(point: string, limit: number): Promise<readonly Move[] | null>;
  /**
   * Forgets the oldest moves, of at most `limit` transactions, until about `keep` are left; never the newest. Answers of
   * how many.
   */
  forgetMoves(keep: number, limit: number): Promise<number>;
}

/** A delivery came to a state. */
export interface Move {
  /** The point after it. */
  readonly point: string;
  readonly deliveryId: DeliveryId;
  readonly status: DeliveryStatus;
  /** Of its last attempt; null where none was made. */
  readonly channel: Channel | null;
  readonly provider: string | null;
  readonly reason: Reason | null;
  /** When it was written, in ms since the epoch. */
  readonly at: number;
}

/** Tells that somebody has written what one of a store's logs shows. */
export interface News {
  /** Calls `ring` after such a commit of any process, soon, perhaps once for several; the answer ends that. */
  onNews(ring: () => void): () => void;
}

/**
 * A move as stores keep it, in an array with the others of its transaction: that is one row for all of them. What is
 * null at the end is left out, and the state in which nearly all begin.
 */
export type MoveText = string;

export function moveText(
  { id, status, reason }: Pick<Delivery, 'id' | 'status' | 'reason'>,
  attempts: readonly Pick<Attempt, 'channel' | 'provider'>[],
): MoveText {
  const last = attempts.at(-1);
  if (reason !== null) return JSON.stringify([id, status, last?.channel ?? null, last?.provider ?? null, reason]);
  if (last !== undefined) return JSON.stringify([id, status, last.channel, last.provider]);
  return status === 'pending' ? `["${id}"]` : JSON.stringify([id, status]);
}

/** The moves of one transaction, whose point `pointOf` knows by their place in it. */
export function movesFrom(texts: string, at: number, pointOf: (index: number) => string): readonly Move[] {
  // Written above.
  const moves = JSON.parse(texts) as [DeliveryId, DeliveryStatus?, (Channel | null)?, (string | null)?, Reason?][];
  return moves.map(([deliveryId, status = 'pending', channel = null, provider = null, reason = null], index) => {
    return { point: pointOf(index), deliveryId, status, channel, provider, reason, at };
  });
}
