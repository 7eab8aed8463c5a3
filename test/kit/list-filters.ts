import type { NotificationFilter } from '../../src/store/store.ts';

/** Lists as people ask for them: by each index, and by what none leads to. */
export const LIST_FILTERS: readonly NotificationFilter[] = [
  {},
  { status: 'failed' },
  { status: 'sent' },
  { userId: '42' },
  { userId: '42', channel: 'in_app' },
  { userId: '42', status: 'cancelled', channel: 'email' },
  { recipient: 'user@example.com', tag: 'x', text: 'y', requestId: 'r' },
  { createdAfter: 1, createdBefore: 2 },
];

export const FIRST_PAGE = { limit: 20, after: null, scan: 20_000 };
