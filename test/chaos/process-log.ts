import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the processes of a run told their logs, all lives together. A killed one may have done more than it told. */
export interface ProcessLog {
  /** Results that the fence refused. */
  readonly staleSettles: number;
  /** Deliveries whose lease was taken back, and how often. */
  readonly reclaimed: ReadonlyMap<string, number>;
  /** Per delivery: calls of a provider, and writes of `sent`. */
  readonly attempted: ReadonlyMap<string, number>;
  readonly sent: ReadonlyMap<string, number>;
  /** By where: `hand-off`, `settle`, `worker`, … */
  readonly faults: ReadonlyMap<string, number>;
  /** Lines that must never be written. */
  readonly bugs: readonly string[];
  /** Other events: `queue_away`, `queue_rebuilt`, `taken_over`, … */
  readonly events: ReadonlyMap<string, number>;
}

/** Faults that no outage explains: a delivery that was given up in the middle, an adapter that threw. */
const NEVER = new Set(['deliver', 'provider']);
const COUNTED = new Set(['queue_away', 'queue_back', 'queue_rebuilt', 'set_aside', 'taken_over', 'replayed', 'store']);

export async function readLogs(folder: string): Promise<ProcessLog> {
  const log = {
    staleSettles: 0,
    reclaimed: new Map<string, number>(),
    attempted: new Map<string, number>(),
    sent: new Map<string, number>(),
    faults: new Map<string, number>(),
    bugs: [] as string[],
    events: new Map<string, number>(),
  };
  for (const name of await logNames(folder)) {
    const lines = createInterface({ input: createReadStream(join(folder, name)), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const text of lines) {
      const line = parse(text);
      if (line === null) continue;
      const { event, delivery_id: id = '' } = line;
      if (event === 'stale_settle') log.staleSettles += 1;
      if (event === 'reclaimed') add(log.reclaimed, id);
      if (event === 'attempted') add(log.attempted, id);
      if (event === 'moved' && line.status === 'sent') add(log.sent, id);
      if (event === 'fault') add(log.faults, line.where ?? '');
      if (COUNTED.has(event)) add(log.events, event);
      if (isBug(line)) log.bugs.push(`${name}: ${text.slice(0, 1_000)}`);
    }
  }
  return log;
}

/** The last lines of each process that tell of trouble, those of one kind only once. */
export async function tails(folder: string, most: number): Promise<string> {
  const parts: string[] = [];
  for (const name of await logNames(folder)) {
    const kept = new Map<string, string>();
    for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
      const line = parse(text);
      if (line !== null && line.level < 40) continue;
      const kind = line === null ? text : `${line.event} ${line.where ?? ''} ${line.status ?? ''}`;
      kept.delete(kind);
      kept.set(kind, text.slice(0, 300));
    }
    if (kept.size > 0) parts.push(`--- ${name}`, ...[...kept.values()].slice(-most));
  }
  return parts.join('\n');
}

async function logNames(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.log')).toSorted();
}

interface Line {
  readonly event: string;
  readonly level: number;
  readonly delivery_id?: string;
  readonly status?: string | number;
  readonly where?: string;
}

/** Null: half a line of a process that was killed, or words of the runtime. */
function parse(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}

function isBug({ event, where = '', status }: Line): boolean {
  return event === 'bug' || (event === 'fault' && NEVER.has(where)) || (event === 'request' && status === 500);
}

export function add(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
