import { Listing } from './listing.ts';
import type { DeadLetter, DeadLetterRetry, ListDeadLettersQuery, RetryDeadLettersBody } from './openapi.ts';
import type { CallOptions, Transport } from './transport.ts';

export type DeadLetterFilter = Omit<ListDeadLettersQuery, 'cursor'>;

export interface DeadLetterRetryOptions extends CallOptions {
  /** Only count what matches. */
  readonly dryRun?: boolean | undefined;
  /** At most so many, newest first; the answer has a cursor for the rest. */
  readonly limit?: number | undefined;
  /** `next_cursor` of the part before. */
  readonly cursor?: string | undefined;
}

/** What failed for good. */
export class DeadLetters {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Newest first; `limit` is the size of a page. */
  list(filter: DeadLetterFilter = {}, options?: CallOptions): Listing<DeadLetter> {
    return new Listing((cursor) =>
      this.#transport.call('listDeadLetters', { query: { ...filter, cursor }, repeatable: true }, options),
    );
  }

  /** Starts all that match afresh; `{}` means all there are. */
  retry(
    filter: RetryDeadLettersBody['filter'],
    { dryRun = false, limit, cursor, ...options }: DeadLetterRetryOptions = {},
  ): Promise<DeadLetterRetry> {
    // Asked for twice, it would start those again that have failed once more in between.
    const ask = { body: { filter, dry_run: dryRun, limit, cursor }, repeatable: dryRun };
    return this.#transport.call('retryDeadLetters', ask, options);
  }

  /** Sets one aside, by the id of the delivery. */
  async discard(id: string, options?: CallOptions): Promise<void> {
    await this.#transport.call('discardDeadLetter', { at: [id], repeatable: false }, options);
  }
}
