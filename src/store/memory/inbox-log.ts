import type { DeliveryId } from '../../domain/ids.ts';
import type { InboxEntry, InboxMark, InboxNews } from '../inbox.ts';
import { type InboxPoint, inboxPoint, inOrder, type MarkRow, parseInboxPoint } from '../inbox-order.ts';

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
    const from = this.#known(point);
    if (from === null) return null;
    const entries = this.#added
      .map(({ userId: owner, entry }, index) => ({ owner, seq: index + 1, entry }))
      .filter(({ owner, seq }) => owner === userId && seq > from.entry)
      .slice(0, limit)
      .map(({ seq, entry }) => ({ seq, entry: entry() }));
    const marks = this.#marks.filter((mark) => mark.userId === userId && mark.seq > from.mark).slice(0, limit);
    return inOrder(from, this.#end(), entries, marks, limit);
  }

  usersAfter(point: string, limit: number) {
    const from = this.#known(point);
    if (from === null) return null;
    const end = this.#end();
    const to = { entry: Math.min(end.entry, from.entry + limit), mark: Math.min(end.mark, from.mark + limit) };
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

  #end(): InboxPoint {
    return { entry: this.#added.length, mark: this.#lastMark };
  }

  /** Null: it is no point, or not every mark after it is still there. */
  #known(text: string): InboxPoint | null {
    const point = parseInboxPoint(text);
    const end = this.#end();
    if (point === null || point.entry > end.entry || point.mark > end.mark) return null;
    const oldest = this.#marks[0]?.seq ?? end.mark + 1;
    return point.mark >= oldest - 1 ? point : null;
  }
}
