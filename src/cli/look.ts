import type { Listing, NotificationItem } from '../../sdk/src/client.ts';
import type { Given } from './command.ts';
import { type Io, MISUSED } from './io.ts';
import { FILTER_OPTIONS } from './list-options.ts';
import { type ServiceCall, withService } from './service.ts';
import { colourOf, columns, counted, cut, notificationInWords, plain, recipientInWords } from './words.ts';

const DEFAULT_LIMIT = 20;
const PAGE = 100;

export function get(given: Given, io: Io): Promise<number> {
  return withService(given, io, async ({ tidings, signal, print }) => {
    const shown = await tidings.get(given.words[0] ?? '', { signal });
    print(shown, () => notificationInWords(shown, io.paint));
    return 0;
  });
}

export function list(given: Given, io: Io): Promise<number> {
  return withList(given, io, async (call, count) => {
    const filter = { ...filterOf(given), ...set('status', given.text('status')), limit: Math.min(count, PAGE) };
    const found = call.tidings.list(filter, { signal: call.signal });
    return showList(call, found, count, notificationRow);
  });
}

function notificationRow(item: NotificationItem): readonly string[] {
  const { id, status, channel_used: channel, recipient, created_at: at, title, message } = item;
  return [id, status, channel ?? '-', recipientInWords(recipient), at, excerpt(title ?? message)];
}

/** Reads how many of a list are wanted. */
export async function withList(
  given: Given,
  io: Io,
  act: (call: ServiceCall, count: number) => Promise<number>,
): Promise<number> {
  const limit = given.text('limit') ?? String(DEFAULT_LIMIT);
  if (!/^[1-9]\d{0,8}$/.test(limit)) {
    io.err(`tidings: --limit ${limit} is not a whole number from 1 on.\n`);
    return MISUSED;
  }
  const count = given.flag('all') === true ? Number.POSITIVE_INFINITY : Number(limit);
  return withService(given, io, (call) => act(call, count));
}

/** Page by page, so that the first are there before the last, and however many there are take no more room. */
export async function showList<Item>(
  { io, json, print }: ServiceCall,
  found: Listing<Item>,
  count: number,
  row: (item: Item) => readonly string[],
): Promise<number> {
  let left = count;
  let shown = 0;
  for await (const { data, next_cursor } of found.pages()) {
    const items = data.slice(0, left);
    left -= items.length;
    shown += items.length;
    if (json) for (const item of items) print(item, () => '');
    else for (const line of columns(items.map(row))) io.out(`${painted(line, io)}\n`);
    if (left > 0) continue;
    if (next_cursor !== null && !json) io.err(`These are the newest ${counted(shown)}; --limit or --all shows more.\n`);
    break;
  }
  if (shown === 0 && !json) io.err('There are none.\n');
  return 0;
}

/** The second column is a status, or a reason. */
function painted(line: string, io: Io): string {
  return line.replace(/(?<=^\S+ +)\S+/, (word) => io.paint(colourOf(word), word));
}

export function filterOf(given: Given): Record<string, string> {
  return Object.fromEntries(
    Object.keys(FILTER_OPTIONS).flatMap((option) =>
      Object.entries(set(option.replaceAll('-', '_'), given.text(option))),
    ),
  );
}

export function set(name: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [name]: value };
}

const LONGEST = 60;

export function excerpt(text: string): string {
  return cut(plain(text), LONGEST);
}
