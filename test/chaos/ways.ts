/**
 * How a notification of the load is to reach whom it is for.
 * - `webhook`: by one call to the receiver.
 * - `inbox`: as an entry in the inbox of a user.
 * - `inbox_once`: the same with `"on_unknown": "fail"`, which it comes to all the same: a worker that is lost has put
 *   nothing there.
 * - `inbox_brief`: the same, but it expires before a lease ends, and so without an entry where its worker is lost: what a
 *   worker writes that comes back later can be told from what it should have written.
 * - `fallback`: by a call that the receiver refuses for good, and then as an entry.
 */
export type Way = 'webhook' | 'inbox' | 'inbox_once' | 'inbox_brief' | 'fallback';

/** One in so many goes to an inbox, in these ways in turn. */
const ONE_IN = 4;
const TO_INBOXES: readonly Way[] = ['inbox_brief', 'inbox_once', 'inbox_brief', 'inbox', 'inbox_brief', 'fallback'];
/** Less than a lease lasts (run.ts), and more than anybody waits who is not lost. */
const BRIEF = '6s';
/** So few that each inbox has many pages, and that several workers write to one at the same time. */
const USERS = 5;

export interface Receiver {
  readonly url: string;
  readonly refusingUrl: string;
}

/** The way of the notification with this number, and whose inbox it is for; null: nobody's. */
export function wayOf(index: number): { readonly way: Way; readonly userId: string | null } {
  const nth = Math.floor(index / ONE_IN);
  const way = index % ONE_IN === 0 ? TO_INBOXES[nth % TO_INBOXES.length] : undefined;
  return way === undefined ? { way: 'webhook', userId: null } : { way, userId: `user-${nth % USERS}` };
}

/** The request for it. Its text is its key, by which everybody knows it again. */
export function requestBody(
  { key, way, userId }: { readonly key: string; readonly way: Way; readonly userId: string | null },
  { url, refusingUrl }: Receiver,
): object {
  switch (way) {
    case 'webhook':
      return { recipient: { webhook_url: url }, message: key };
    case 'inbox':
      return { recipient: { user_id: userId }, channels: ['in_app'], message: key };
    case 'inbox_once':
      return { recipient: { user_id: userId }, channels: ['in_app'], on_unknown: 'fail', message: key };
    case 'inbox_brief':
      return { recipient: { user_id: userId }, channels: ['in_app'], ttl: BRIEF, message: key };
    case 'fallback': {
      const recipient = { user_id: userId, webhook_url: refusingUrl };
      return { recipient, channels: ['webhook', 'in_app'], message: key };
    }
  }
}
