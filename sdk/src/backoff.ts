const FIRST = 200;
const MOST = 10_000;
/** What the service asks for is kept, and a little more, so that not all come back at the same moment. */
const SPREAD = 0.1;

/** How long to wait before the next try, in ms. `tries` is how many there were; `asked` is what the service asked for. */
export function backoff(tries: number, asked: number | null, random: () => number): number {
  if (asked !== null) return asked * (1 + SPREAD * random());
  const most = Math.min(MOST, FIRST * 2 ** (tries - 1));
  return most / 2 + (most / 2) * random();
}

/** `Retry-After` in ms: seconds, or a date. Null for none, or one that means nothing. */
export function retryAfter(header: string | null, date: string | null): number | null {
  if (header === null) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  // By the service's own clock where it tells the time: ours may be another.
  const wait = Date.parse(header) - Date.parse(date ?? '');
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}
