import { Listing } from './listing.ts';
import type { Inbox, InboxCounts, InboxItem, ListInboxQuery, Marked, MarkInboxBody } from './openapi.ts';
import type { CallOptions, Transport } from './transport.ts';

export type InboxMark = MarkInboxBody['as'];

/** The inbox of one user. */
export class UserInbox {
  readonly userId: string;
  readonly #transport: Transport;

  constructor(transport: Transport, userId: string) {
    this.#transport = transport;
    this.userId = userId;
  }

  /** Newest first; without `status` everything that is not archived. A page also holds the counts. */
  list(filter: Omit<ListInboxQuery, 'cursor'> = {}, options?: CallOptions): Listing<InboxItem, Inbox> {
    return new Listing((cursor) => {
      const ask = { at: [this.userId], query: { ...filter, cursor }, repeatable: true };
      return this.#transport.call('listInbox', ask, options);
    });
  }

  async counts(options?: CallOptions): Promise<InboxCounts> {
    const ask = { at: [this.userId], query: { limit: 1 }, repeatable: true };
    return (await this.#transport.call('listInbox', ask, options)).counts;
  }

  /** Marks one entry and answers it as it is then. */
  mark(id: string, as: InboxMark, options?: CallOptions): Promise<InboxItem> {
    return this.#transport.call('markInboxEntry', { at: [this.userId, id, as], repeatable: true }, options);
  }

  /** Marks many: those with the given ids, those from before a time, or all. */
  markMany(marks: MarkInboxBody, options?: CallOptions): Promise<Marked> {
    return this.#transport.call('markInbox', { at: [this.userId], body: marks, repeatable: true }, options);
  }
}
