export interface ServerEvent {
  readonly type: string;
  readonly data: string;
  /** Of this event or of the last one before it that had any. */
  readonly id: string | null;
}

/**
 * Server-Sent Events out of the pieces in which they arrive. `EventSource` cannot be used: it sends no `Authorization`,
 * and a token has no place in an address.
 */
export function eventReader(
  onEvent: (event: ServerEvent) => void,
  onRetry: (ms: number) => void,
): (piece: string) => void {
  let rest = '';
  let isFirst = true;
  let endedWithReturn = false;
  let type = '';
  let data: string[] = [];
  let id: string | null = null;

  const dispatch = () => {
    if (data.length > 0) onEvent({ type: type === '' ? 'message' : type, data: data.join('\n'), id });
    type = '';
    data = [];
  };
  const take = (line: string) => {
    if (line === '') return dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
  };
  return (piece) => {
    if (piece === '') return;
    // A line that ends with both of them, cut in the middle.
    let text = endedWithReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    endedWithReturn = piece.endsWith('\r');
    if (isFirst) text = text.replace(/^\uFEFF/, '');
    isFirst = false;
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  };
}

/** Who reads a stream. */
export interface StreamReader {
  /** Called whenever anything arrives. */
  readonly heard: () => void;
  readonly onRetry?: (ms: number) => void;
  /** Ends the reading, as the end of the stream does. */
  readonly signal?: AbortSignal;
}

/** The events of a stream until it ends. Throws what reading it throws. */
export async function* eventsIn(
  stream: ReadableStream<Uint8Array>,
  { heard, onRetry = () => undefined, signal }: StreamReader,
): AsyncGenerator<ServerEvent, void, undefined> {
  let come: ServerEvent[] = [];
  const read = eventReader((event) => void come.push(event), onRetry);
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  const stop = () => void reader.cancel().catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      read(decoder.decode(value, { stream: true }));
      yield* come;
      come = [];
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
}
