import { readConfig } from '../config/config.ts';
import { readEnvironment } from '../config/environment.ts';

/** How the commands that talk to a running service reach it. */
export interface ClientOptions {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface SendOptions {
  readonly to: string;
  readonly message: string;
  readonly title?: string | undefined;
  readonly channel?: readonly string[] | undefined;
  readonly wait?: boolean | undefined;
}

/** What of a notification's JSON is shown. */
interface Shown {
  readonly id: string;
  readonly status: string;
  readonly channel_used: string | null;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly channel: string;
    readonly provider: string | null;
    readonly outcome: string;
    readonly code: string | null;
    readonly detail: string | null;
  }[];
  readonly deliveries: readonly { readonly next_attempt_at: string | null; readonly reason: string | null }[];
}

const FINISHED = new Set(['sent', 'delivered', 'failed', 'cancelled', 'expired', 'suppressed']);
const ARRIVED = new Set(['sent', 'delivered']);
/** How often `--wait` looks, in ms. */
const LOOK = 200;

/** The service said no, or could not be reached: a sentence for standard error. */
class ClientFault extends Error {}

export function send(options: SendOptions, client: ClientOptions): Promise<number> {
  return reporting(async () => {
    const body = {
      recipient: options.to,
      message: options.message,
      ...(options.title === undefined ? {} : { title: options.title }),
      ...(options.channel === undefined ? {} : { channels: options.channel }),
    };
    const accepted = await call<{ id: string }>(client, 'POST', '/api/v1/notifications', body);
    if (options.wait !== true) return show(client, accepted, `accepted as ${accepted.id}`);
    let seen = '';
    for (;;) {
      const shown = await call<Shown>(client, 'GET', `/api/v1/notifications/${accepted.id}`);
      if (FINISHED.has(shown.status)) {
        show(client, shown, inWords(shown));
        return ARRIVED.has(shown.status) ? 0 : 1;
      }
      if (shown.status !== seen && client.json !== true) process.stderr.write(`${shown.status} …\n`);
      seen = shown.status;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  });
}

export function status(id: string, client: ClientOptions): Promise<number> {
  return reporting(async () => {
    const shown = await call<Shown>(client, 'GET', `/api/v1/notifications/${encodeURIComponent(id)}`);
    return show(client, shown, inWords(shown));
  });
}

export function retry(id: string, client: ClientOptions): Promise<number> {
  return reporting(async () => {
    const answer = await call<object>(client, 'POST', `/api/v1/notifications/${encodeURIComponent(id)}/retry`);
    return show(client, answer, `${id} is on its way again`);
  });
}

function show(client: ClientOptions, answer: object, words: string): number {
  process.stdout.write(`${client.json === true ? JSON.stringify(answer, null, 2) : words}\n`);
  return 0;
}

function inWords(shown: Shown): string {
  const lines = [`${shown.id} ${shown.status}${shown.channel_used === null ? '' : ` by ${shown.channel_used}`}`];
  for (const attempt of shown.attempts) {
    const why =
      attempt.code === null ? '' : `: ${attempt.code}${attempt.detail === null ? '' : ` (${attempt.detail})`}`;
    lines.push(`  ${attempt.attempt}. ${attempt.channel} ${attempt.provider ?? '-'} ${attempt.outcome}${why}`);
  }
  for (const delivery of shown.deliveries) {
    if (delivery.next_attempt_at !== null) lines.push(`  next attempt at ${delivery.next_attempt_at}`);
  }
  return lines.join('\n');
}

async function call<T>(client: ClientOptions, method: string, path: string, body?: object): Promise<T> {
  const { base, key } = target(client);
  let response: Response;
  try {
    response = await fetch(`${base}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new ClientFault(`there is no Tidings at ${base}; start it with "npm start", or say where it is with --url`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  throw new ClientFault(problemInWords(response.status, text));
}

function problemInWords(status: number, text: string): string {
  try {
    const problem = JSON.parse(text) as {
      title?: string;
      detail?: string;
      errors?: { pointer: string; detail: string }[];
    };
    const faults = (problem.errors ?? []).map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`);
    return faults.length > 0 ? faults.join('\n  ') : (problem.detail ?? problem.title ?? `status ${status}`);
  } catch {
    return `the answer had status ${status} and is not one of Tidings'`;
  }
}

function target(client: ClientOptions): { readonly base: string; readonly key: string | undefined } {
  if (client.url !== undefined && !/^https?:\/\//.test(client.url)) {
    throw new ClientFault(`--url ${client.url} is not an http or https URL`);
  }
  const { config } = readConfig(readEnvironment(process.cwd()));
  if (client.url !== undefined) return { base: client.url.replace(/\/+$/, ''), key: client.key ?? config?.apiKeys[0] };
  // Guessing could reach another service than the one that is meant.
  if (config === null) throw new ClientFault('the settings are wrong; "tidings config check" names what is');
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { base: `http://${host}:${config.port}`, key: client.key ?? config.apiKeys[0] };
}

async function reporting(run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ClientFault)) throw error;
    process.stderr.write(`tidings: ${error.message}\n`);
    return 1;
  }
}
