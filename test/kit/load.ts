import type { ReceivedRequest } from './http-receiver.ts';

/** One request that a client made: what it knows of it afterwards. */
export interface Posted {
  readonly key: string;
  /** The id it was given with a 202; null: it got no answer, or another one. */
  readonly id: string | null;
  /** The status it was answered with; null: none. */
  readonly status: number | null;
}

/**
 * Sends `count` notifications, `at once` of them at a time, each with an idempotency key of its own. A request that
 * gets no answer is not repeated; `goOn` is asked before each.
 */
export async function postMany(options: {
  readonly url: string;
  readonly count: number;
  readonly atOnce: number;
  readonly body: (key: string) => object;
  readonly key: (index: number) => string;
  readonly goOn?: () => boolean;
}): Promise<readonly Posted[]> {
  const { url, count, atOnce, body, key, goOn = () => true } = options;
  const posted: Posted[] = [];
  let next = 0;
  const client = async () => {
    while (next < count && goOn()) {
      const own = key(next++);
      posted.push(await postOne(url, own, body(own)));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return posted;
}

async function postOne(url: string, key: string, body: object): Promise<Posted> {
  try {
    const response = await fetch(`${url}/api/v1/notifications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    if (response.status !== 202) return { key, id: null, status: response.status };
    return { key, id: (JSON.parse(text) as { id: string }).id, status: 202 };
  } catch {
    return { key, id: null, status: null };
  }
}

/** How often each name occurs. */
export function countBy<T>(items: Iterable<T>, name: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(name(item), (counts.get(name(item)) ?? 0) + 1);
  return counts;
}

/** The notification a webhook is about, as its body says. */
export function notificationIn(request: ReceivedRequest): string {
  return (JSON.parse(request.body) as { data: { id: string } }).data.id;
}
