import type { DeliveryId } from '../../domain/ids.ts';
import type { InboxEntry, InboxMark, InboxNews } from '../inbox.ts';
import { further, type InboxEnds, inboxPoint, inOrder, knownPoint, type MarkRow } from '../inbox-order.ts';

interface Added {
  readonly userId: string;
  /** The entry as it is now. */
  readonly entry: () => InboxEntry;
}

interface Marked extends MarkRow {
  readonly userId: string;
  readonly at: number;
}

/** What happened in all inboxes, in the order in which it did. */
export class InboxLog {
  readonly #added: Added[] = [];
  #marks: readonly Marked[] = [];
  #lastMark = 0;

  added({ userId }: InboxEntry, entry: () => InboxEntry): void {
    this.#added.push({ userId, entry });
  }

  marked(
    userId: string,
    mark: InboxMark,
    which: { readonly ids: readonly DeliveryId[] } | { readonly before: number | null },
    at: number,
  ): void {
    this.#lastMark += 1;
    const what = 'ids' in which ? { ids: which.ids, before: null } : { ids: null, before: which.before };
    this.#marks = [...this.#marks, { seq: this.#lastMark, entrySeq: this.#added.length, userId, mark, ...what, at }];
  }

  end(): string {
    return inboxPoint(this.#end());
  }

  after(userId: string, point: string, limit: number): InboxNews | null {
    const end = this.#end();
    const from = knownPoint(point, end);
    if (from === null) return null;
    const entries = this.#added
      .map(({ userId: owner, entry }, index) => ({ owner, seq: index + 1, entry }))
      .filter(({ owner, seq }) => owner === userId && seq > from.entry)
      .slice(0, limit)
      .map(({ seq, entry }) => ({ seq, entry: entry() }));
    const marks = this.#marks.filter((mark) => mark.userId === userId && mark.seq > from.mark).slice(0, limit);
    return inOrder(from, end, entries, marks, limit);
  }

  usersAfter(point: string, limit: number) {
    const end = this.#end();
    const from = knownPoint(point, end);
    if (from === null) return null;
    const to = further(from, end, limit);
    const marks = this.#marks.filter(({ seq }) => seq > from.mark && seq <= to.mark);
    const userIds = [...this.#added.slice(from.entry, to.entry), ...marks].map(({ userId }) => userId);
    return { userIds: new Set(userIds), point: inboxPoint(to) };
  }

  forgetMarks(before: number, limit: number): number {
    const old = this.#marks.slice(0, -1).filter(({ at }) => at < before);
    const gone = new Set(old.slice(0, limit));
    this.#marks = this.#marks.filter((mark) => !gone.has(mark));
    return gone.size;
  }

  #end(): InboxEnds {
    return { entry: this.#added.length, mark: this.#lastMark, oldestMark: this.#marks[0]?.seq ?? null };
  }
}
