import type { IncomingMessage } from 'node:http';

/** How often the client sent a header. Node itself joins or drops repeats, so only the raw list knows. */
export function timesSent(request: IncomingMessage, name: string): number {
  let times = 0;
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const sent = request.rawHeaders[index] ?? '';
    if (sent.length === name.length && sent.toLowerCase() === name) times += 1;
  }
  return times;
}
