import {
  createElement,
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import './element.ts';
import type { TidingsInbox } from './element.ts';
import {
  createInbox,
  type Inbox,
  type InboxCounts,
  type InboxItem,
  type InboxOptions,
  type InboxSnapshot,
} from './inbox.ts';
import type { InboxLabels } from './labels.ts';

export interface InboxProps extends Omit<InboxOptions, 'filter'> {
  readonly labels?: Partial<InboxLabels>;
  readonly lang?: string;
  /** `auto` follows the system; left out, it is as the page around it. */
  readonly theme?: 'light' | 'dark' | 'auto';
  readonly className?: string;
  /** Answer `false` to go there yourself, as with a router. */
  readonly onSelect?: (item: InboxItem) => unknown;
  readonly onCounts?: (counts: InboxCounts) => void;
}

/** A server that renders pages has nothing to paint, and older versions of React complain there. */
const useBeforePaint = typeof document === 'undefined' ? useEffect : useLayoutEffect;

/** `<tidings-inbox>` with props. Functions may be new ones with every rendering. */
export function TidingsInboxBell(props: InboxProps): ReactElement {
  const { baseUrl, userId, pageSize, labels, lang, theme, className } = props;
  const element = useRef<TidingsInbox>(null);
  const latest = useLatest(props);
  const hasToken = props.token !== undefined;
  // Before the element begins, which it does when it has been put into the page: nothing is asked without the token.
  useBeforePaint(() => {
    if (element.current !== null) element.current.token = hasToken ? () => latest.current.token?.() ?? '' : null;
  }, [hasToken, latest]);
  useBeforePaint(() => {
    if (element.current !== null && labels !== undefined) element.current.labels = labels;
  }, [labels]);
  useEffect(() => {
    const heard = new AbortController();
    const select = (event: Event) => {
      if (latest.current.onSelect?.((event as CustomEvent<InboxItem>).detail) === false) event.preventDefault();
    };
    const count = (event: Event) => latest.current.onCounts?.((event as CustomEvent<InboxCounts>).detail);
    element.current?.addEventListener('tidings-select', select, { signal: heard.signal });
    element.current?.addEventListener('tidings-counts', count, { signal: heard.signal });
    return () => heard.abort();
  }, [latest]);
  return createElement('tidings-inbox', {
    ref: element,
    'base-url': baseUrl,
    'user-id': userId,
    'page-size': pageSize,
    lang,
    theme,
    class: className,
  });
}

/** The inbox without our looks: what there is to show, and what can be done with it. */
export function useInbox(options: InboxOptions): InboxSnapshot & { readonly inbox: Inbox } {
  const latest = useLatest(options);
  const { baseUrl, userId, pageSize } = options;
  const hasToken = options.token !== undefined;
  const [held, hold] = useState(() => ({ key: '', inbox: createInbox(options) }));
  const key = JSON.stringify([baseUrl, userId, pageSize, hasToken]);
  useEffect(() => {
    const { filter } = latest.current;
    const inbox = createInbox({
      baseUrl,
      userId,
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(filter === undefined ? {} : { filter }),
      token: hasToken ? () => latest.current.token?.() ?? '' : undefined,
    });
    hold({ key, inbox });
    inbox.start();
    return () => inbox.stop();
  }, [key, baseUrl, userId, pageSize, hasToken, latest]);
  const snapshot = useSyncExternalStore(held.inbox.subscribe, held.inbox.getSnapshot, held.inbox.getSnapshot);
  return { ...snapshot, inbox: held.inbox };
}

function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useBeforePaint(() => {
    latest.current = value;
  });
  return latest;
}
