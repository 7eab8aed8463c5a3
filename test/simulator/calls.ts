import type { Channel } from '../../src/domain/channel.ts';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { Notification } from '../../src/domain/notification.ts';
import type { Attempt, Outcome } from '../../src/domain/outcome.ts';
import type { News } from '../../src/domain/receipt.ts';
import type { Life } from './life.ts';

/** A delivery as the simulation knows it: the state last seen written, and what was done about it. */
export interface Row {
  /** The number of the send in the plan. */
  readonly n: number;
  /** For people: `#12.1`. */
  readonly label: string;
  readonly siblings: readonly Row[];
  notification: Notification;
  delivery: Delivery;
  readonly log: Attempt[];
  readonly calls: Call[];
  /** How often a human has started it afresh: what was sent before that is no longer a duplicate. */
  generation: number;
  claim: { readonly by: Life; readonly at: number; readonly calls: Call[] } | null;
  /** The call that it is sent by, as long as that has not bounced. */
  sentBy: Call | null;
  /** A bounce has undone a send. */
  bounced: boolean;
  /** It was cancelled, whatever became of it since. */
  cancelled: boolean;
  /** The notification was cancelled, and nobody has started any of it afresh: nothing of it may be sent any more. */
  stopped: boolean;
  /** Since when somebody should look at it. */
  readyAt: number;
  /** For how long nobody has, although all was well, in ms. */
  neglected: number;
}

/** One call to a provider. */
export interface Call {
  readonly row: Row;
  readonly life: Life;
  readonly generation: number;
  readonly claimedAt: number;
  readonly at: number;
  readonly channel: Channel;
  readonly provider: string;
  readonly attempt: number;
  readonly key: string;
  /** The provider's own id of the message. */
  readonly messageId: string;
  /** What was drawn for it, for people. */
  fate: string;
  /** The provider has really taken the message. */
  takenAt: number | null;
  /** What the process was told; null: the adapter threw. */
  said: { readonly outcome: Outcome | null; readonly at: number } | null;
  /** What stands in the log; null: nothing does (yet). */
  recorded: Attempt['outcome'] | null;
  /** News that its provider has begun to tell, and that somebody has taken from it. */
  readonly told: Set<News>;
  readonly heard: Set<News>;
  /** It bounced, and the delivery knows. */
  bounced: boolean;
}
