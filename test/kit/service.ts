import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { atEnd } from './at-end.ts';
import { newPlace, type Place } from './place.ts';
import { type Exit, spawnTidings, temporaryFolder } from './tidings-process.ts';
import { seen, until } from './until.ts';

/** A notification as the API shows it: the fields that tests look at. */
export interface Shown {
  readonly id: string;
  readonly status: string;
  readonly channel_used: string | null;
  readonly created_at: string;
  readonly sent_at: string | null;
  readonly request_id: string;
  readonly deliveries: readonly {
    readonly id: string;
    readonly channels: readonly string[];
    readonly status: string;
    readonly channel_used: string | null;
    readonly next_attempt_at: string | null;
    readonly reason: string | null;
  }[];
  readonly attempts: readonly {
    readonly delivery_id: string;
    readonly attempt: number;
    readonly channel: string;
    readonly provider: string | null;
    readonly outcome: string;
    readonly code: string | null;
    readonly detail: string | null;
    readonly started_at: string;
    readonly duration_ms: number;
    readonly provider_message_id: string | null;
  }[];
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The real service as a process of its own. Paths are below `/api/v1` unless they begin with `//`: then below the root. */
export interface Service {
  /** Empty for a process without the API. */
  readonly url: string;
  readonly pid: number;
  /** The settings that say where its data are and what carries them. */
  readonly place: Place;
  readonly folder: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<Exit>;
  get<T>(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
  post<T>(path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
  patch<T>(path: string, body: object): Promise<Answer<T>>;
  delete<T>(path: string): Promise<Answer<T>>;
  /** Sends one notification, which must be accepted, and answers its id. */
  send(body: object, headers?: Readonly<Record<string, string>>): Promise<string>;
  notification(id: string): Promise<Shown>;
  /** Once the notification is as wanted. One that has ended with another status than the one wanted is a failure at once. */
  waitFor(id: string, wanted: string | ((shown: Shown) => boolean)): Promise<Shown>;
  /** What it has logged. */
  log(): readonly LogLine[];
  /** Resolves when it is gone. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
  /** As an operator would: SIGTERM, and it must exit with 0. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly command?: 'start' | 'api' | 'worker' | 'scheduler';
  readonly env?: Readonly<Record<string, string>>;
  /** That of a service before, or beside, this one. Without it one of its own, on the engines that are being tested. */
  readonly place?: Place;
}

const TERMINAL = new Set(['sent', 'delivered', 'failed', 'cancelled', 'expired', 'suppressed']);

/** Starts it and waits until it says that it is up. At the end of the test it is stopped, which must go well. */
export async function startService(t: TestContext, options: ServiceOptions = {}): Promise<Service> {
  const { command = 'start', env = {} } = options;
  const folder = await temporaryFolder(t);
  const place = options.place ?? (await newPlace(t, folder));
  const settings = { API_PORT: '0', LOG_LEVEL: 'debug', ...place, ...env };
  const child = spawnTidings([command], { cwd: folder, env: settings });
  const shown = () => `tidings ${command}\n${child.stdout}${tail(child.stderr)}`;
  let killed = false;

  const stop = async () => {
    child.kill('SIGTERM');
    const exit = await until(child.exited, () => `it does not stop: ${shown()}`);
    assert.deepEqual(exit, { code: 0, signal: null }, `it did not stop well: ${shown()}`);
  };
  atEnd(t, async () => {
    // Its types do not know of `passed` yet.
    if (Reflect.get(t, 'passed') !== true) process.stderr.write(`${shown()}\n`);
    try {
      if (child.running) await stop();
      else if (!killed) assert.equal((await child.exited).code, 0, `it ended by itself: ${shown()}`);
    } finally {
      if (child.running) child.kill('SIGKILL');
    }
  });

  await seen(
    () => {
      assert.ok(child.running, `it did not start: ${shown()}`);
      return / is up \(.*\n\n$/s.test(child.stdout) || undefined;
    },
    () => `it is not up: ${shown()}`,
  );
  const url = /^ {2}API +(\S+)\/api\/v1$/m.exec(child.stdout)?.[1] ?? '';
  const requests = requestsTo(url);

  const notification = async (id: string) => {
    const answer = await requests.get<Shown>(`/notifications/${id}`);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body;
  };
  return {
    url,
    pid: child.pid,
    place,
    folder,
    get stdout() {
      return child.stdout;
    },
    get stderr() {
      return child.stderr;
    },
    exited: child.exited,
    ...requests,
    async send(body, headers) {
      const answer = await requests.post<{ id: string }>('/notifications', body, headers);
      assert.equal(answer.status, 202, JSON.stringify(answer.body));
      return answer.body.id;
    },
    notification,
    async waitFor(id, wanted) {
      const isWanted = typeof wanted === 'string' ? ({ status }: Shown) => status === wanted : wanted;
      let last: Shown | null = null;
      const words = () => `${id} is not as wanted (${String(wanted)}): ${JSON.stringify(last, null, 1)}`;
      return seen(async () => {
        last = await notification(id);
        if (isWanted(last)) return last;
        if (typeof wanted === 'string') assert.ok(!TERMINAL.has(last.status), words());
        return undefined;
      }, words);
    },
    log: () => linesOf(child.stderr),
    async kill(signal) {
      killed = true;
      child.kill(signal);
      return until(child.exited, () => `${signal} does not end it: ${shown()}`);
    },
    stop,
  };
}

function requestsTo(url: string) {
  async function request<T>(
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer<T>> {
    const target = path.startsWith('//') ? `${url}${path.slice(1)}` : `${url}/api/v1${path}`;
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(target, {
      method,
      headers: { ...json, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    // What a test expects of the answer is what it says with T; that the API keeps to its schemas is tested elsewhere.
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }
  return {
    get: <T>(path: string, headers?: Readonly<Record<string, string>>) => request<T>('GET', path, undefined, headers),
    post: <T>(path: string, body?: object, headers?: Readonly<Record<string, string>>) =>
      request<T>('POST', path, body, headers),
    patch: <T>(path: string, body: object) => request<T>('PATCH', path, body),
    delete: <T>(path: string) => request<T>('DELETE', path),
  };
}

/** Every line must be JSON; only the last may still be on its way. */
function linesOf(stderr: string): readonly LogLine[] {
  const lines = stderr.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogLine);
}

function tail(log: string): string {
  const lines = log.split('\n');
  const rest = lines.slice(-40).join('\n');
  return lines.length > 40 ? `… ${lines.length - 40} lines before\n${rest}` : rest;
}
