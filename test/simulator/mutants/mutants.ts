/** A way in which the service could be wrong: what is replaced in which of its files. */
export interface Mutant {
  readonly name: string;
  /** What it breaks, in a few words. */
  readonly says: string;
  readonly patches: readonly Patch[];
}

export interface Patch {
  /** Below `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

const STORE = 'store/memory/memory-store.ts';
const TRANSITION = 'domain/transition.ts';
const DELIVER = 'pipeline/deliver.ts';
const CONTROL = 'pipeline/control.ts';
const CHANGES = 'pipeline/changes.ts';
const ACCEPT = 'pipeline/accept.ts';
const RECEIVE = 'pipeline/receive.ts';

export const MUTANTS: readonly Mutant[] = [
  one('no-fence', 'a write does not look at the version', {
    file: STORE,
    find: '?.delivery.version === after.version - 1;',
    replace: ' !== undefined;',
  }),
  one('never-due', 'what is handed to a queue is not due in the store ever', {
    file: 'pipeline/hand-off.ts',
    find: 'return now + TRUST;',
    replace: 'return now + 1_000_000_000;',
  }),
  one('key-outside', 'the idempotency key is looked up before the transaction and written after it', {
    file: STORE,
    find: 'const results = submissions.map((submission) => this.#acceptOne(submission));',
    replace: `const seen = submissions.map(({ key }) => (key === null ? undefined : this.#keys.get(slotOf(key))));
    await new Promise<void>((resolve) => void this.#clock.after(3, resolve));
    const results = submissions.map((submission, index) => {
      if (seen[index] !== undefined) return this.#acceptOne(submission);
      if (submission.key !== null) this.#keys.delete(slotOf(submission.key));
      return this.#acceptOne(submission);
    });`,
  }),
  {
    name: 'expiry-at-accept-only',
    says: 'the expiry is looked at when a request is accepted, and not before a send',
    patches: [
      {
        file: DELIVER,
        find: 'if (isExpired(delivery, deps.clock.now())) return',
        replace: 'if (isExpired(delivery, 0)) return',
      },
      { file: DELIVER, find: "if (isExpired(claim.delivery, deps.clock.now())) return 'expired';", replace: '' },
    ],
  },
  {
    name: 'cancel-while-sending',
    says: 'a cancel does not ask whether somebody is sending',
    patches: [
      {
        file: CONTROL,
        find: "if (deliveries.some((delivery) => delivery.status === 'sending')) return 'too_late';",
        replace: '',
      },
      {
        file: TRANSITION,
        find: "return waiting ? finish(delivery, 'cancelled', 'cancelled', now) : null;",
        replace: "return isTerminal(delivery.status) ? null : finish(delivery, 'cancelled', 'cancelled', now);",
      },
    ],
  },
  one('cancel-leg-by-leg', 'the legs of a notification are cancelled one by one', {
    file: CHANGES,
    find: 'const [written] = await deps.store.write([[...decided, ...counting(record)]]);',
    replace: `const each = await deps.store.write(decided.map((change) => [change]));
      const written = each.includes(true);`,
  }),
  one('cancel-misses-a-retry', 'a cancel does not notice that a finished leg is retried at the same moment', {
    file: CHANGES,
    find: 'await deps.store.write([[...decided, ...counting(record)]]);',
    replace: 'await deps.store.write([decided]);',
  }),
  one('lease-not-looked-at', 'a worker sends whether or not it still has the lease', {
    file: 'pipeline/work.ts',
    find: 'mayStillSend: () => !holding.lost && holding.leaseEndsAt - deps.clock.now() > deps.sendTimeout + LAST_WORD,',
    replace: 'mayStillSend: () => true,',
  }),
  one('reclaim-starves', 'leases of lost workers are taken back only when there is no new work', {
    file: STORE,
    find: 'const rows = this.#tables.leased.first(limit',
    replace: `if (backlogOf(this.#tables, this.#clock.now()).depth > 0) return [];
    const rows = this.#tables.leased.first(limit`,
  }),
  one('no-sweeper', 'nobody takes back what lost workers held', {
    file: 'pipeline/sweep.ts',
    find: 'if (repairs.length === 0) return 0;',
    replace: 'if (repairs.length >= 0) return 0;',
  }),
  one('unknown-is-success', 'an unknown outcome counts as accepted', {
    file: TRANSITION,
    find: 'const { outcome } = event;',
    replace: `const outcome: Outcome =
    event.outcome.kind === 'unknown' ? { kind: 'accepted', providerMessageId: null } : event.outcome;`,
  }),
  one('at-most-once-retries', 'at most once is forgotten where an outcome is unknown', {
    file: TRANSITION,
    find: "if (policy.onUnknown === 'fail') return finish(delivery, 'failed', 'maybe_sent', now);",
    replace: '',
  }),
  one('at-most-once-crashes', 'at most once is forgotten where a worker is lost', {
    file: TRANSITION,
    find: "if (kind === 'unknown' && policy.onUnknown === 'fail') return finish(lost, 'failed', 'maybe_sent', now);",
    replace: '',
  }),
  one('inbox-in-doubt', 'of a lost worker nobody knows that it has put nothing into an inbox', {
    file: 'domain/lost-worker.ts',
    find: "if (channel === 'in_app') {",
    replace: "if (channel === 'in_app' && Number.isNaN(0)) {",
  }),
  {
    name: 'claimed-twice',
    says: 'a queue that names a delivery twice gives it to two workers',
    patches: [
      {
        file: TRANSITION,
        find: "if (status === 'sending' || isTerminal(status) || !due)",
        replace: 'if (isTerminal(status) || !due)',
      },
      {
        file: TRANSITION,
        find: "(named && status === 'pending')",
        replace: "(named && (status === 'pending' || status === 'sending'))",
      },
    ],
  },
  one('settled-first', 'a send is recorded before it is made', {
    file: DELIVER,
    find: 'const settled = settle(',
    replace: `const outcome: Outcome = { kind: 'accepted', providerMessageId: null };
    await deps.settle(claim, { type: 'tried', outcome, attempts: 0, random: 0 }, []);
    const settled = settle(`,
  }),
  one('accepted-anew', 'where the answer of a commit is lost, the request is accepted once more under other ids', {
    file: ACCEPT,
    find: 'const results = await deps.store.accept(routable.map((plan) => plan.submission));',
    replace: `const results = await deps.store.accept(routable.map((plan) => plan.submission)).catch(() => {
      const again = submissions.map((submission) => plan({ ...submission, key: null }, deps, now));
      return deps.store.accept(again.flatMap((one) => (one.kind === 'routable' ? [one.submission] : [])));
    });`,
  }),
  one('answered-too-early', '202 is answered before the write is durable', {
    file: ACCEPT,
    find: 'const results = await deps.store.accept(routable.map((plan) => plan.submission));',
    replace: `deps.store.accept(routable.map((plan) => plan.submission)).catch(() => {});
    const results = routable.map(() => ({ kind: 'accepted' as const }));`,
  }),
  one('no-backoff', 'the next round comes at once', {
    file: 'domain/retry-policy.ts',
    find: 'return Math.round(delay * (1 - JITTER + 2 * JITTER * random));',
    replace: 'return Math.round(delay * random * 0.01);',
  }),
  one('retry-after-ignored', 'the time that a provider names is not waited for', {
    file: TRANSITION,
    find: 'const until = now + Math.ceil(Math.max(retryAfterMs, MIN_LIMITED));',
    replace: 'const until = now + MIN_LIMITED;',
  }),
  one('gives-up-early', 'a delivery fails after its first round', {
    file: TRANSITION,
    find: 'delivery.round >= policy.retry.rounds',
    replace: 'delivery.round >= 1',
  }),
  one('no-reason', 'a dead letter does not say why', {
    file: TRANSITION,
    find: "return finish(moved, 'failed', reason, now);",
    replace: "return finish(moved, 'failed', null, now);",
  }),
  one('attempt-dropped', 'of several attempts only the last one is written to the log', {
    file: 'pipeline/settle.ts',
    find: 'await writeWhenPossible(deps, { after, attempts,',
    replace: 'await writeWhenPossible(deps, { after, attempts: attempts.slice(-1),',
  }),
  one('renews-the-dead', 'a lease that has run out can be renewed', {
    file: STORE,
    find: ' || row.dueAt <= now) return false;',
    replace: ') return false;',
  }),
  one('slot-before-record', 'a slot is given to the next before the record of a send is there', {
    file: DELIVER,
    find: 'claim.recording();',
    replace: 'claim.freeSlot();',
  }),
  one('leaves-undone', 'a worker that is told to stop does not wait for what it has in hand', {
    file: 'pipeline/work.ts',
    find: 'await slots.empty();',
    replace: '',
  }),
  one('key-per-attempt', 'each attempt bears an idempotency key of its own', {
    file: DELIVER,
    find: 'message.channel}`,',
    replace: `message.channel}-\${number}\`,`,
  }),
  one('tries-the-dead', 'a channel that was rejected is tried again', {
    file: TRANSITION,
    find: 'return { ...delivery, out: [...delivery.out, channel] };',
    replace: 'return { ...delivery, out: [...delivery.out, channel].slice(1) };',
  }),
  one('entry-past-the-fence', 'an entry comes into the inbox although its record is refused', {
    file: STORE,
    find: 'if (held) for (const change of group) this.#writeOne(change);',
    replace: `if (held) for (const change of group) this.#writeOne(change);
    else for (const { entry } of group) if (entry !== undefined) this.#inboxes.add(entry);`,
  }),
  one('entry-left-out', 'a result that has to be written again is written without its entry', {
    file: 'pipeline/settle.ts',
    find: 'deps.store.write([[change]])',
    replace: 'deps.store.write([[answerLost ? { after: change.after, attempts: change.attempts } : change]])',
  }),
  one('forgets-keys', 'an idempotency key is forgotten after an hour', {
    file: 'pipeline/sweep.ts',
    find: 'export const KEY_LIFETIME = 86_400_000;',
    replace: 'export const KEY_LIFETIME = 3_600_000;',
  }),
  one('any-receipt-counts', 'the receipt of an older attempt counts for the one that was accepted', {
    file: RECEIVE,
    find: 'const of = attemptTold(',
    replace: `const last = attempts.findLast(({ deliveryId }) => deliveryId === delivery.id);
  const of = last ?? attemptTold(`,
  }),
  one('early-receipts-lost', 'a receipt that comes before the result of its attempt is taken and dropped', {
    file: RECEIVE,
    find: "if (isUnrecorded(receipt, delivery)) return 'too_early';",
    replace: '',
  }),
  {
    name: 'receipt-while-sending',
    says: 'a receipt is written while somebody is sending',
    patches: [
      {
        file: RECEIVE,
        find: "if (delivery.status === 'sending') return isInDoubt ? 'too_early' : 'stale';",
        replace: '',
      },
      {
        file: TRANSITION,
        find: "new Set(['pending', 'retrying', 'scheduled', 'failed', 'expired'])",
        replace: "new Set(['pending', 'retrying', 'scheduled', 'sending', 'failed', 'expired'])",
      },
    ],
  },
  one('bounce-after-cancel', 'a bounce sends by the next channel although the notification was cancelled', {
    file: RECEIVE,
    find: "const cancelled = deliveries.some(({ status }) => status === 'cancelled');",
    replace: 'const cancelled = false;',
  }),
  one('delivered-for-good', 'what was told to be delivered cannot bounce any more', {
    file: TRANSITION,
    find: "if (news === 'bounced') return isOfTheSend ?",
    replace: "if (news === 'bounced') return isOfTheSend && delivery.status === 'sent' ?",
  }),
  one('doubt-stays', 'news of an attempt whose answer was lost is not made use of', {
    file: RECEIVE,
    find: "return change === null ? 'stale' : [change];",
    replace: "return change === null || of.outcome === 'unknown' ? 'stale' : [change];",
  }),
  one('counts-twice', 'a finished leg that a cancel counts on is counted once more', {
    file: STORE,
    find: 'if (kept === undefined) {\n      tallyWritten(',
    replace: '{\n      tallyWritten(',
  }),
];

function one(name: string, says: string, patch: Patch): Mutant {
  return { name, says, patches: [patch] };
}
