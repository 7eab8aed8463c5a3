import type { Inbox, InboxSnapshot } from './inbox.ts';
import type { InboxLabels } from './labels.ts';
import { make, put, say } from './make.ts';
import type { TimeWords } from './relative-time.ts';
import { inboxRow, type Row } from './row.ts';
import type { InboxFilter, InboxItem, InboxMark } from './types.ts';

export interface PanelActs {
  readonly inbox: () => Inbox | null;
  readonly onSelect: (item: InboxItem, event: Event) => void;
  readonly onRetry: () => void;
}

export interface PanelContext {
  readonly labels: InboxLabels;
  readonly words: TimeWords;
}

/** What the bell opens. */
export interface Panel {
  readonly element: HTMLElement;
  show(snapshot: InboxSnapshot, context: PanelContext): void;
  /** To the first entry, or to the panel as a whole. */
  focus(): void;
  /** A person did something: what went wrong before is no news any more. */
  tellFault(isFault: boolean): void;
}

const FILTERS: readonly InboxFilter[] = ['all', 'unread', 'archived'];
/** A stream that is back at once is not worth a word. */
const BRIEF = 3_000;

export function inboxPanel({ inbox, onSelect, onRetry }: PanelActs): Panel {
  const rows = new Map<string, Row>();
  const heading = make('h2', { part: 'heading' });
  const markAll = make('button', { type: 'button', part: 'mark-all' });
  const filters = FILTERS.map((filter) => {
    const button = make('button', { type: 'button', part: 'filter' });
    button.addEventListener('click', () => inbox()?.setFilter(filter));
    return { filter, button };
  });
  const group = make('div', { role: 'group', part: 'filters' }, ...filters.map(({ button }) => button));
  const connection = make('p', { role: 'status', part: 'connection' });
  const fault = make('p', { role: 'alert', part: 'fault' });
  const list = make('ul', { part: 'list', role: 'list' });
  const words = make('p', { part: 'message' });
  const retry = make('button', { type: 'button', part: 'retry' });
  const more = make('button', { type: 'button', part: 'more' });
  const body = make('div', { class: 'body' }, list, words, retry, more);
  const element = make(
    'div',
    { part: 'panel', role: 'dialog', popover: 'auto', tabindex: '-1' },
    make('div', { part: 'header' }, heading, markAll),
    group,
    connection,
    fault,
    body,
  );
  let last: { readonly snapshot: InboxSnapshot; readonly context: PanelContext } | null = null;
  let brief: ReturnType<typeof setTimeout> | undefined;

  const tellFault = (isFault: boolean) => say(fault, isFault && last !== null ? last.context.labels.notSaved : '');
  const mark = (as: InboxMark, ids: readonly string[] | null) => {
    tellFault(false);
    const done = ids === null ? inbox()?.markAll(as) : inbox()?.mark(as, ids);
    void done?.then((error) => tellFault(error !== null));
  };
  markAll.addEventListener('click', () => mark('read', null));
  retry.addEventListener('click', onRetry);
  more.addEventListener('click', () => void inbox()?.loadMore());

  const mains = () => [...list.children].flatMap((child) => (child.firstElementChild as HTMLElement | null) ?? []);
  const focused = () => [...rows.values()].find((row) => row.element.contains(rootOf(element).activeElement));
  const focus = () => (mains()[0] ?? element).focus();

  element.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const all = mains();
    const row = focused();
    const place = row === undefined ? -1 : all.indexOf(row.main);
    const next = { ArrowDown: place + 1, ArrowUp: Math.max(place - 1, 0), Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) all[next]?.focus();
    else if (event.key.toLowerCase() === 'e' && row !== undefined) {
      mark(row.item().archived_at === null ? 'archive' : 'unarchive', [row.item().id]);
    } else return;
    event.preventDefault();
  });

  /** The rows are moved only where they must be: what is moved loses the focus. */
  const showRows = (items: readonly InboxItem[], context: PanelContext) => {
    const hadFocus = focused();
    const place = hadFocus === undefined ? -1 : mains().indexOf(hadFocus.main);
    const ids = new Set(items.map(({ id }) => id));
    for (const [id, row] of rows) {
      if (ids.has(id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    let next = list.firstElementChild;
    for (const item of items) {
      const row = rows.get(item.id) ?? inboxRow(item, { onSelect, onMark: (as, { id }) => mark(as, [id]) });
      rows.set(item.id, row);
      row.show(item, { ...context, now: Date.now() });
      if (row.element === next) next = next.nextElementSibling;
      else list.insertBefore(row.element, next);
    }
    // Who archives entry after entry stays in the list; who opened it before there was any comes into it.
    if (hadFocus !== undefined && !hadFocus.element.isConnected) (mains()[place] ?? mains().at(-1) ?? element).focus();
    else if (rootOf(element).activeElement === element) focus();
  };

  const showConnection = ({ connection: now }: InboxSnapshot, labels: InboxLabels) => {
    clearTimeout(brief);
    const text = now === 'offline' ? labels.offline : now === 'reconnecting' ? labels.reconnecting : '';
    if (now !== 'reconnecting' || connection.textContent !== '') say(connection, text);
    else brief = setTimeout(() => say(connection, text), BRIEF);
  };

  const show = (snapshot: InboxSnapshot, context: PanelContext) => {
    last = { snapshot, context };
    const { items, status, filter, counts, hasMore, isLoadingMore } = snapshot;
    const { labels } = context;
    put(element, 'aria-label', labels.title);
    say(heading, labels.title);
    say(markAll, labels.markAllRead);
    markAll.disabled = counts.unread === 0;
    put(group, 'aria-label', labels.show);
    for (const { filter: own, button } of filters) {
      say(button, labels[own]);
      put(button, 'aria-pressed', String(own === filter));
    }
    showConnection(snapshot, labels);
    // What is hidden cannot have the focus.
    list.hidden = items.length === 0;
    showRows(items, context);
    put(body, 'aria-busy', String(status === 'loading' || isLoadingMore));
    const none = { all: labels.noneAtAll, unread: labels.noneUnread, archived: labels.noneArchived }[filter];
    say(words, items.length > 0 ? '' : { loading: labels.loading, ready: none, error: labels.failed }[status]);
    put(words, 'data-status', status);
    say(retry, labels.retry);
    retry.hidden = status !== 'error';
    say(more, isLoadingMore ? labels.loading : labels.more);
    more.hidden = !hasMore || items.length === 0;
  };
  return { element, show, focus, tellFault };
}

function rootOf(element: Element): DocumentOrShadowRoot {
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? root : document;
}
