import { Client } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { plainUrl } from './connections.ts';
import type { Database } from './database.ts';

export interface BellOptions {
  readonly url: string;
  readonly database: Database;
  readonly clock: Clock;
  /** Tells the bell's own rings from those of others. */
  readonly name: string;
  readonly onNotice: (text: string) => void;
}

const CHANNEL = 'tidings';
/** Between two rings of one process, in ms: every one of them takes a lock that all of the server's rings share. */
const RING_APART = 20;
/** The same for those who only watch. */
const NEWS_APART = 100;
/** How often the bell is rung blindly while the real one cannot be heard, in ms. */
const POLL = 500;
/** How long an echo may take, and how often one is asked for, in ms. */
const ECHO_PATIENCE = 2_000;
const ECHO_EVERY = 20_000;
const RETRY_FIRST = 1_000;
const RETRY_MOST = 60_000;

/**
 * `LISTEN` and `NOTIFY`, which only wake: what is due is found without them, a little later. Whether it can hear is
 * learnt by ringing itself, as poolers take a `LISTEN` and forget it; while it cannot, it rings every half second.
 */
export class Bell {
  readonly #options: BellOptions;
  readonly #rings = new Set<() => void>();
  readonly #news = new Set<() => void>();
  #client: Client | null = null;
  #heard = () => {};
  #stopTimer = () => {};
  #stopPolling: (() => void) | null = null;
  #running = false;
  /** It has heard itself since it was last connected. */
  #hears = false;
  #closed = false;
  #retry = RETRY_FIRST;
  readonly #work: Clapper;
  readonly #watched: Clapper;

  constructor(options: BellOptions) {
    this.#options = options;
    this.#work = new Clapper(options.clock, RING_APART, () => this.#notify(''));
    this.#watched = new Clapper(options.clock, NEWS_APART, () => this.#notify('news'));
  }

  /** Calls `ring` when another process has made something ready. */
  subscribe(ring: () => void): () => void {
    return this.#add(this.#rings, ring);
  }

  /** Calls `ring` when any process has written what is shown to those who watch. */
  onNews(ring: () => void): () => void {
    return this.#add(this.#news, ring);
  }

  /** Tells other processes, at once or with the next ring; several calls are one. A ring that fails is no loss. */
  ring(): void {
    this.#work.ring();
  }

  /** Tells those who watch, in this process and in others. */
  ringNews(): void {
    for (const ring of this.#news) ring();
    this.#watched.ring();
  }

  #add(rings: Set<() => void>, ring: () => void): () => void {
    const own = () => ring();
    rings.add(own);
    if (!this.#running && !this.#closed) {
      this.#running = true;
      void this.#listen();
    }
    return () => void rings.delete(own);
  }

  #notify(kind: string): void {
    if (this.#closed) return;
    // Nothing is lost with it, so it need not wait for the disk.
    const notify = `BEGIN; SET LOCAL synchronous_commit = off; ${this.#notification(kind)}; COMMIT`;
    this.#options.database.plain(notify).then(ignore, ignore);
  }

  /** Gives up the connection that it listens on, and makes another. */
  renew(): void {
    if (this.#client === null) return;
    this.#retry = RETRY_FIRST;
    this.#lost(this.#client, 'it is connected anew');
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    this.#hang();
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(ignore);
  }

  async #listen(): Promise<void> {
    if (this.#closed) return;
    const client = new Client({
      connectionString: plainUrl(this.#options.url),
      connectionTimeoutMillis: 3_000,
      keepAlive: true,
      fallback_application_name: 'tidings listen',
    });
    this.#client = client;
    client.on('error', () => this.#lost(client, 'the connection was lost'));
    client.on('end', () => this.#lost(client, 'the connection was lost'));
    client.on('notification', ({ payload = '' }) => this.#take(payload));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      await this.#echo(client);
    } catch {
      this.#lost(client, 'the server cannot be reached');
    }
  }

  #take(payload: string): void {
    const [from, kind] = payload.split(' ');
    if (from === this.#options.name) {
      if (kind === 'echo') this.#heard();
    } else if (kind !== 'news') {
      this.#ringAll();
    } else for (const ring of this.#news) ring();
  }

  #ringAll(): void {
    for (const ring of [...this.#rings, ...this.#news]) ring();
  }

  /** Asks for its own ring, again and again: silence is a dead connection, or a pooler in between. */
  async #echo(client: Client): Promise<void> {
    if (this.#closed || this.#client !== client) return;
    this.#stopTimer = this.#options.clock.after(ECHO_PATIENCE, () => this.#lost(client, 'nothing is heard on it'));
    this.#heard = () => {
      this.#stopTimer();
      this.#found();
      this.#stopTimer = this.#options.clock.after(ECHO_EVERY, () => void this.#echo(client));
    };
    await this.#options.database.plain(this.#notification('echo')).catch(ignore);
  }

  #notification(kind: string): string {
    return `SELECT pg_notify('${CHANNEL}', '${this.#options.name} ${kind}')`;
  }

  #found(): void {
    this.#retry = RETRY_FIRST;
    if (this.#hears) return;
    this.#hears = true;
    if (this.#stopPolling !== null) {
      this.#hang();
      this.#options.onNotice('LISTEN works again: work of other processes is heard at once');
    }
    // What was rung while nobody heard, the first time too: somebody may already wait for it.
    this.#ringAll();
  }

  #lost(client: Client, why: string): void {
    if (this.#closed || this.#client !== client) return;
    this.#client = null;
    this.#hears = false;
    this.#stopTimer();
    client.end().catch(ignore);
    if (this.#stopPolling === null) {
      this.#options.onNotice(`LISTEN does not work (${why}): looking for work of other processes every ${POLL} ms`);
      this.#poll();
    }
    this.#stopTimer = this.#options.clock.after(this.#retry, () => void this.#listen());
    this.#retry = Math.min(RETRY_MOST, this.#retry * 2);
  }

  #poll(): void {
    this.#ringAll();
    this.#stopPolling = this.#options.clock.after(POLL, () => this.#poll());
  }

  #hang(): void {
    this.#stopPolling?.();
    this.#stopPolling = null;
  }
}

/** Rings at once, and at most so often: what comes in between is one ring after it. */
class Clapper {
  readonly #clock: Clock;
  readonly #apart: number;
  readonly #strike: () => void;
  #swinging = false;
  #again = false;

  constructor(clock: Clock, apart: number, strike: () => void) {
    this.#clock = clock;
    this.#apart = apart;
    this.#strike = strike;
  }

  ring(): void {
    if (this.#swinging) {
      this.#again = true;
      return;
    }
    this.#swinging = true;
    this.#again = false;
    this.#strike();
    this.#clock.after(this.#apart, () => {
      this.#swinging = false;
      if (this.#again) this.ring();
    });
  }
}

function ignore(): void {}
