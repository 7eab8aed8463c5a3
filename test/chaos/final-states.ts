import { Agent, request } from 'undici';
import type { Shown } from '../kit/service.ts';

/** A notification as the API lists it. */
export type Final = Omit<Shown, 'attempts'> & { readonly message: string };

/** An entry, and in whose inbox it stands. */
export interface Entry {
  readonly userId: string;
  /** That of its delivery. */
  readonly id: string;
  readonly notificationId: string;
  readonly body: string;
  readonly createdAt: string;
}

/** An entry as the API lists it. */
interface ShownEntry {
  readonly id: string;
  readonly notification_id: string;
  readonly body: string;
  readonly created_at: string;
}

const UNFINISHED = ['scheduled', 'pending', 'sending', 'retrying'];
/** How often it is asked whether all have ended, in ms. */
const LOOK = 250;
const AT_ONCE = 16;
/** Of an inbox: few enough that every run reads past the end of a page. */
const ENTRIES_A_PAGE = 20;

/** What the service says in the end, asked over HTTP like anybody would, of whichever API answers. */
export interface FinalStates {
  /** Resolves when no delivery is unfinished, or `ms` later; answers how long that took. */
  waitForEnd(ms: number): Promise<number>;
  /** Every notification there is. */
  all(): Promise<readonly Final[]>;
  /** Every entry of these users' inboxes, as often as the pages name it. */
  entries(userIds: readonly string[]): Promise<readonly Entry[]>;
  /** With their attempts. */
  details(ids: readonly string[]): Promise<ReadonlyMap<string, Shown>>;
  close(): Promise<void>;
}

export function finalStates(urls: readonly string[]): FinalStates {
  const agent = new Agent({ connections: AT_ONCE, pipelining: 1 });

  async function get<T>(path: string): Promise<T> {
    for (let tries = 0; ; tries++) {
      const answer = await answerOf(agent, `${urls[tries % urls.length]}/api/v1${path}`);
      // What it says is what its schemas promise; that is tested elsewhere.
      if (answer.status === 200) return JSON.parse(answer.text) as T;
      if (tries > 40) throw new Error(`${path} is answered with ${answer.status}: ${answer.text}`);
      await sleep(LOOK);
    }
  }

  /** All pages of a list. */
  async function pagesOf<T>(path: string, limit: number): Promise<readonly T[]> {
    const found: T[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: { data: T[]; next_cursor: string | null } = await get(`${path}?limit=${limit}${after}`);
      found.push(...page.data);
      cursor = page.next_cursor;
    }
    return found;
  }

  async function entriesOf(userId: string): Promise<readonly Entry[]> {
    const shown = await pagesOf<ShownEntry>(`/users/${userId}/inbox`, ENTRIES_A_PAGE);
    return shown.map(({ id, notification_id: notificationId, body, created_at: createdAt }) => {
      return { userId, id, notificationId, body, createdAt };
    });
  }

  async function unfinished(): Promise<number> {
    const { by_status } = await get<{ by_status: Readonly<Record<string, number>> }>('/stats');
    return UNFINISHED.reduce((sum, status) => sum + (by_status[status] ?? 0), 0);
  }

  return {
    all: () => pagesOf<Final>('/notifications', 100),
    entries: async (userIds) => (await Promise.all(userIds.map(entriesOf))).flat(),
    async waitForEnd(ms) {
      const since = Date.now();
      while ((await unfinished()) > 0 && Date.now() - since < ms) await sleep(LOOK);
      return Date.now() - since;
    },
    async details(ids) {
      const found = new Map<string, Shown>();
      const waiting = [...ids];
      const reader = async () => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          found.set(id, await get<Shown>(`/notifications/${id}`));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, reader));
      return found;
    },
    close: () => agent.destroy(),
  };
}

async function answerOf(agent: Agent, url: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(15_000) });
    return { status: statusCode, text: await body.text() };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
