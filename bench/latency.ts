import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Pool } from 'undici';
import { newVirtualHost } from '../test/kit/rabbitmq.ts';
import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { MESSAGE, TITLE, withNumber } from './kit/bodies.ts';
import { inTurn } from './kit/measured.ts';
import { atMost, type Row } from './kit/row.ts';
import { quantile } from './kit/stats.ts';
import { type Settings, sqlitePlace, startTidings, WEBHOOK_SETTINGS } from './kit/tidings.ts';

/** In ms. */
type Latency = { readonly p50: number; readonly p99: number };

export const latency: Bench = {
  name: 'latency',
  about: 'from a single post to the call of the provider (a webhook) while nothing else goes on, on each engine',
  async run(bed) {
    const hook = await startHook(bed);
    const apis = await startEngines(bed);
    const ask = (url: string) => () => latencies(url, hook, bed.sized(100, 10));
    const runs = await inTurn(bed, {
      sqlite: ask(apis.sqlite),
      postgres: ask(apis.postgres),
      redis: ask(apis.redis),
      rabbitmq: ask(apis.rabbitmq),
    });
    return [
      latencyRow('latency p50, SQLite', runs.sqlite, 'p50', 5),
      latencyRow('latency p99, SQLite', runs.sqlite, 'p99', 20),
      latencyRow('latency p99, PostgreSQL', runs.postgres, 'p99', 40),
      latencyRow('latency p99, PostgreSQL and Redis', runs.redis, 'p99', 40),
      latencyRow('latency p99, PostgreSQL and RabbitMQ', runs.rabbitmq, 'p99', 40),
    ];
  },
};

/** Somebody whose webhooks are waited for. */
interface Hook {
  readonly url: string;
  /** Resolves with the time at which the webhook for that number came. */
  called(number: number): Promise<number>;
}

async function startHook(bed: Bed): Promise<Hook> {
  const waiting = new Map<string, (time: number) => void>();
  const server = createServer((request, response) => {
    waiting.get(request.url ?? '')?.(performance.now());
    request.resume().on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  bed.scope.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    called: (number) => new Promise((resolve) => waiting.set(`/${number}`, resolve)),
  };
}

/** SQLite in one process; the others as they are run, with an API and a worker. Answers where the APIs are. */
async function startEngines(bed: Bed) {
  const [postgres, redis, rabbit] = await Promise.all([bed.postgres(), bed.redis(), bed.rabbit()]);
  const { settings } = await sqlitePlace(bed);
  const many = async (queue: Settings) => {
    const database = await postgres.database();
    bed.scope.defer(() => postgres.drop(database));
    const settings = { ...WEBHOOK_SETTINGS, DATABASE_URL: database, ...queue };
    const api = await startTidings(bed, 'api', settings);
    await startTidings(bed, 'worker', settings);
    return api.url;
  };
  return {
    sqlite: (await startTidings(bed, 'start', { ...WEBHOOK_SETTINGS, ...settings })).url,
    postgres: await many({}),
    redis: await many({ QUEUE_URL: redis.url }),
    rabbitmq: await many({ QUEUE_URL: await newVirtualHost(rabbit.management) }),
  };
}

let next = 0;

/** One after the other, with pauses that fall in step with no timer. */
async function latencies(url: string, hook: Hook, count: number): Promise<Latency> {
  const pool = new Pool(url, { connections: 1 });
  const times: number[] = [];
  const warming = Math.ceil(count / 10);
  for (let index = 0; index < warming + count; index++) {
    const number = next++;
    const called = hook.called(number);
    const begun = performance.now();
    const { statusCode, body } = await pool.request({
      path: '/api/v1/notifications',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        recipient: { webhook_url: `${hook.url}/${number}` },
        channels: ['webhook'],
        title: TITLE,
        message: withNumber(MESSAGE, number),
      }),
    });
    const text = await body.text();
    if (statusCode !== 202) throw new Error(`answered with ${statusCode}: ${text}`);
    const time = (await called) - begun;
    if (index >= warming) times.push(time);
    await setTimeout(2 + (number % 11));
  }
  await pool.close();
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

function latencyRow(what: string, runs: readonly Latency[], which: keyof Latency, most: number): Row {
  const mean = runs.reduce((sum, { p50 }) => sum + p50, 0) / runs.length;
  const beside = `p50 ${mean.toFixed(1)} ms on average of the runs`;
  return { what, unit: 'ms', figures: runs.map((run) => run[which]), bar: atMost(most), beside };
}
