import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { seen, until } from './until.ts';

export interface ReadEvent {
  readonly name: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A client of a stream of events, as far as it has read. */
export interface EventReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: readonly ReadEvent[];
  /** What came that is no event: comments, and when to come again. */
  readonly others: readonly string[];
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>;
  /** Once there are so many events of these names. */
  count(wanted: number, ...names: readonly string[]): Promise<readonly ReadEvent[]>;
  /** Reads no more until it is resumed, as a client does whose machine sleeps. */
  pause(): void;
  resume(): void;
  /** Hangs up. */
  cut(): void;
}

/** Opens a stream. An answer other than 200 is read as text, the only entry of `others`. */
export async function readEvents(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
  const events: ReadEvent[] = [];
  const others: string[] = [];
  const ended = Promise.withResolvers<void>();
  const request: ClientRequest = get(url, { headers, agent: false });
  const answered = Promise.withResolvers<IncomingMessage>();
  request.on('response', answered.resolve).on('error', answered.reject);
  const response = await until(answered.promise, () => `${url} does not answer`);
  response.on('error', () => undefined).once('close', ended.resolve);
  let rest = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    rest += text;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventOf(block);
      if (event === null) others.push(block);
      else events.push(event);
    }
  });
  response.once('end', () => {
    if (rest !== '') others.push(rest);
  });
  const named = (names: readonly string[]) => events.filter(({ name }) => names.length === 0 || names.includes(name));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    others,
    ended: ended.promise,
    count: (wanted, ...names) =>
      seen(
        () => (named(names).length >= wanted ? named(names) : undefined),
        () => `not ${wanted} of ${names.join(', ')}, but ${named(names).length} of ${events.length} events`,
      ),
    pause: () => response.socket.pause(),
    resume: () => response.socket.resume(),
    cut: () => request.destroy(),
  };
}

function eventOf(block: string): ReadEvent | null {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const [, name = '', value = ''] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
      return [name, value];
    }),
  );
  const [name, id, data] = [fields.get('event'), fields.get('id'), fields.get('data')];
  if (name === undefined || id === undefined || data === undefined) return null;
  return { name, id, data: JSON.parse(data) as ReadEvent['data'] };
}
