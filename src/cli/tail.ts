import type { DeliveryEvent, TidingsError } from '../../sdk/src/client.ts';
import type { Given } from './command.ts';
import { INTERRUPTED, type Io } from './io.ts';
import { withService } from './service.ts';
import { colourOf, jsonLine } from './words.ts';

/** The longest status, so that what comes after it stands in a column. */
const STATUS_WIDTH = 'suppressed'.length;

/** Writes a line for everything that becomes of deliveries, until Ctrl-C. */
export function tail(given: Given, io: Io): Promise<number> {
  const [notificationId] = given.words;
  return withService(given, io, async ({ tidings, signal, json }) => {
    let state: 'never connected' | 'connected' | 'lost' = 'never connected';
    const onConnection = (error: TidingsError | null) => {
      // One that was never there is told of at once.
      if (error !== null && state === 'never connected') throw error;
      if (error !== null && state === 'connected') io.err(`tidings: ${error.message}; trying again\n`);
      if (error === null && state === 'lost') io.err('tidings: connected again\n');
      state = error === null ? 'connected' : 'lost';
    };
    try {
      for await (const event of tidings.events({ notificationId, after: given.text('after'), signal, onConnection })) {
        if (json) io.out(jsonLine(event));
        else if (event.type === 'reset') io.err('tidings: what was missed is no longer known; going on from now\n');
        else io.out(`${inWords(event, io)}\n`);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return INTERRUPTED;
  });
}

function inWords({ at, status, notification_id: id, channel, provider, code }: DeliveryEvent, io: Io): string {
  const by = [channel, provider].filter((name) => name !== null).join(' ');
  const why = code === null ? '' : `: ${code}`;
  return `${at} ${io.paint(colourOf(status), status.padEnd(STATUS_WIDTH))} ${id} ${by}${why}`.trimEnd();
}
