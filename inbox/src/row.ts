import type { InboxLabels } from './labels.ts';
import { linkOf } from './link.ts';
import { ARCHIVE, CHECK, DOT, icon, make, put, say, UNARCHIVE } from './make.ts';
import type { TimeWords } from './relative-time.ts';
import type { InboxItem, InboxMark } from './types.ts';

export interface RowActs {
  readonly onSelect: (item: InboxItem, event: Event) => void;
  readonly onMark: (as: InboxMark, item: InboxItem) => void;
}

export interface RowContext {
  readonly labels: InboxLabels;
  readonly words: TimeWords;
  readonly now: number;
}

/** One entry in the list. */
export interface Row {
  readonly element: HTMLLIElement;
  /** What is focused when the keyboard goes through the list. */
  readonly main: HTMLElement;
  readonly item: () => InboxItem;
  show(item: InboxItem, context: RowContext): void;
}

/** Made once; what an entry says never changes, only how it is marked. */
export function inboxRow(first: InboxItem, { onSelect, onMark }: RowActs): Row {
  let item = first;
  const link = linkOf(item.action_url, document.baseURI);
  const state = make('span', { class: 'quiet' });
  const time = make('time', { part: 'time', datetime: item.created_at });
  const heading = make('span', { part: 'title', dir: 'auto' }, item.title ?? item.body);
  const texts = item.title === null ? [heading] : [heading, make('span', { part: 'body', dir: 'auto' }, item.body)];
  const main =
    link === null
      ? make('button', { type: 'button', class: 'main', part: 'link' }, state, ...texts, time)
      : make(
          'a',
          {
            href: link.href,
            rel: 'noopener noreferrer',
            class: 'main',
            part: 'link',
            ...(link.isOwn ? {} : { target: '_blank' }),
          },
          state,
          ...texts,
          time,
        );
  main.addEventListener('click', (event) => onSelect(item, event));
  const read = make('button', { type: 'button', part: 'tool' });
  read.addEventListener('click', () => onMark(item.read_at === null ? 'read' : 'unread', item));
  const archive = make('button', { type: 'button', part: 'tool', 'aria-keyshortcuts': 'e' });
  archive.addEventListener('click', () => onMark(item.archived_at === null ? 'archive' : 'unarchive', item));
  const element = make('li', {}, main, make('div', { class: 'tools' }, read, archive));

  const tool = (button: HTMLButtonElement, label: string, paths: readonly string[]) => {
    if (button.title === label) return;
    button.title = label;
    put(button, 'aria-label', `${label}: ${item.title ?? item.body}`);
    button.replaceChildren(icon(...paths));
  };
  return {
    element,
    main,
    item: () => item,
    show(next, { labels, words, now }) {
      item = next;
      const isUnread = item.read_at === null;
      put(element, 'part', isUnread ? 'item item-unread' : 'item');
      put(element, 'data-unread', isUnread);
      say(state, isUnread ? `${labels.unread}: ` : '');
      say(time, words.ago(item.created_at, now));
      put(time, 'title', words.exactly(item.created_at));
      tool(read, isUnread ? labels.markRead : labels.markUnread, isUnread ? CHECK : DOT);
      const isIn = item.archived_at === null;
      tool(archive, isIn ? labels.archive : labels.unarchive, isIn ? ARCHIVE : UNARCHIVE);
    },
  };
}
