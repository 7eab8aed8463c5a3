import { keepPreviousData, QueryCache, QueryClient, useQuery } from '@tanstack/react-query';
import { ask, withQuery } from './client.ts';
import { heard, newsCome } from './connection.ts';
import type {
  DeadLetter,
  Health,
  Notification,
  NotificationItem,
  Page,
  SandboxMessage,
  ServiceStatus,
  Stats,
} from './types.ts';

/**
 * What the pages ask for when there are news, and again and again while none can come; a hidden tab asks nothing. One
 * query at a time is under way for each thing, so a slow service is asked less often.
 */
const LIVE = 2_000;
const FOLLOWED = 700;
/** For what changes seldom, costs more to find out, or grows older by itself. */
export const CALM = 10_000;

/** How often to ask without being told to. */
function paced(pace: number): number {
  return newsCome() ? Math.max(CALM, pace) : pace;
}

const API = '/api/v1';

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onSuccess: () => heard(null), onError: heard }),
  defaultOptions: {
    // The next look comes by itself.
    queries: { retry: false, networkMode: 'always', staleTime: 1_000, refetchInterval: () => paced(LIVE) },
    mutations: { retry: false, networkMode: 'always' },
  },
});

/** Something was changed from here: everything on the page is asked for again. */
export function lookAgain(): Promise<void> {
  return queryClient.invalidateQueries();
}

export function useStats(window: string) {
  return useQuery({
    queryKey: ['stats', window],
    queryFn: ({ signal }) => ask<Stats>(withQuery(`${API}/stats`, { window }), { signal }),
    placeholderData: keepPreviousData,
  });
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

export function useNotifications(query: Query) {
  return useList<NotificationItem>(`${API}/notifications`, query);
}

/** Followed closely until nothing more will happen. */
export function useNotification(id: string) {
  return useQuery({
    queryKey: ['notification', id],
    queryFn: ({ signal }) => ask<Notification>(`${API}/notifications/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: ({ state }) => paceOf(state.data?.status),
  });
}

export function useDeadLetters(query: Query, pace = LIVE) {
  return useList<DeadLetter>(`${API}/dead-letters`, query, pace);
}

export function useSandbox(query: Query) {
  return useList<SandboxMessage>(`${API}/sandbox/messages`, query);
}

export function useServiceStatus() {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => ask<ServiceStatus>(`${API}/status`, { signal }),
    refetchInterval: CALM,
  });
}

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => ask<Health>('/health', { signal }),
    refetchInterval: CALM,
  });
}

function paceOf(status: string | undefined): number {
  // That a worker has taken it is no news, so it is looked for.
  if (status === 'pending' || status === 'sending') return newsCome() ? LIVE : FOLLOWED;
  return paced(status === undefined || !isOver(status) ? LIVE : CALM);
}

const OVER = new Set(['sent', 'delivered', 'failed', 'cancelled', 'expired', 'suppressed']);

/** Nothing more happens by itself, but for a receipt. */
export function isOver(status: string): boolean {
  return OVER.has(status);
}

/** While the next page comes, the last one stays. */
function useList<T>(path: string, query: Query, pace = LIVE) {
  return useQuery<Page<T>>({
    queryKey: [path, query],
    queryFn: async ({ signal }) => {
      const page = await ask<Page<T>>(withQuery(path, query), { signal });
      // A list without entries would be taken for an empty one.
      if (!Array.isArray(page.data)) throw new TypeError('The answer is not a list.');
      return page;
    },
    placeholderData: (before: Page<T> | undefined) => before,
    refetchInterval: () => paced(pace),
  });
}
