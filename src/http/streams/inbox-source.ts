import { formatTime } from '../../domain/time.ts';
import type { InboxHappening, InboxStore } from '../../store/inbox.ts';
import type { Cursors } from '../cursor.ts';
import { inboxItemOut } from '../inbox-out.ts';
import type { StreamEvent, StreamSource } from './event-streams.ts';
import type { InboxWakes } from './inbox-wakes.ts';

/** Happenings that go over the wire at once: an entry can have some kilobytes. */
const AT_ONCE = 50;

export interface InboxSourceOptions {
  readonly inbox: Pick<InboxStore, 'endOfInboxes' | 'inboxAfter' | 'countInbox'>;
  readonly wakes: InboxWakes;
  readonly userId: string;
  readonly cursors: Cursors;
  /** Where to go on; null: from now on. */
  readonly from: string | null;
}

/** What happens in one inbox, and after each of it how many entries there are. */
export function inboxSource({ inbox, wakes, userId, cursors, from }: InboxSourceOptions): StreamSource {
  let point = from;
  let counted = false;

  async function counts(): Promise<StreamEvent> {
    counted = true;
    return event('counts', await inbox.countInbox(userId));
  }
  function event(name: string, data: object, at = point): StreamEvent {
    return { name, id: cursors.write(at) ?? '', data };
  }

  return {
    watch: (wake) => wakes.watch(userId, wake),
    async next() {
      if (point === null) {
        point = await inbox.endOfInboxes();
        return [await counts()];
      }
      const news = await inbox.inboxAfter(userId, point, AT_ONCE);
      if (news === null) {
        point = await inbox.endOfInboxes();
        return [event('reset', {}), await counts()];
      }
      point = news.point;
      if (news.happenings.length === 0 && counted) return null;
      const events = news.happenings.map((happening) => event(...shown(happening), happening.point));
      return [...events, await counts()];
    },
  };
}

function shown(happening: InboxHappening): [name: string, data: object] {
  if (happening.kind === 'added') return ['notification', inboxItemOut(happening.entry)];
  if ('ids' in happening) return ['update', { as: happening.mark, ids: happening.ids }];
  const { mark, before } = happening;
  return ['update', { as: mark, before: before === null ? null : formatTime(before) }];
}
