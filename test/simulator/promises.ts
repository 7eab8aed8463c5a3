/** What is checked, by name: the promises of the design and what they rest on. */
export const PROMISES = {
  durable: 'what was answered 202 is in the store, for ever',
  unstuck: 'every delivery ends, and what can be claimed or reclaimed is',
  once: 'a message is sent again only where a process or an answer was lost, each time for a reason of its own',
  at_most_once: 'what asks for at most once is never sent where an earlier send may have worked',
  bounded: 'no process has more sends on their way or unrecorded than it may make at once',
  single_claim: 'no delivery has two holders',
  fenced: 'no write with an old version is taken',
  moves: 'states change only as the diagram says, and only by those who may',
  holder: 'only who holds the lease calls a provider',
  cancel: 'cancelled means that no call starts afterwards, for all legs or none',
  expiry: 'nothing is sent after expires_at',
  due: 'nothing is sent before its time, retries wait as long as they were told',
  honest: '`sent` only where a provider has said that it accepted',
  inbox: 'an entry is in an inbox exactly if its delivery is recorded as sent by it',
  complete_log: 'every call is in the log, or a lost worker is',
  reasons: 'what was not sent says why',
  persistent: 'nothing is given up before its rounds are over',
  idempotent: 'one key, one answer, one set of notifications',
  stable_key: "a delivery's calls on a channel bear one idempotency key, nobody else's",
  told: 'a receipt changes what its own attempt brought about, and nothing else',
  heard: 'no receipt that could be applied is lost',
  counted: 'the figures are what happened',
  kept: 'the store holds what was written and nothing else',
  sound: 'nothing throws what was not put in, and nothing goes round in circles',
  stops: 'a process that is told to stop does, and leaves nothing behind',
} as const;

export type PromiseName = keyof typeof PROMISES;

/** A promise that was broken. */
export interface Breach {
  readonly promise: PromiseName;
  readonly what: string;
  /** The notifications that it is about. */
  readonly about: readonly number[];
}

/** A check's finding. */
export type Finding = readonly [PromiseName, string] | null;
