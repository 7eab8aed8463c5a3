import type { Bed } from './kit/bed.ts';
import type { Bench } from './kit/bench.ts';
import { sqliteBooks } from './kit/books.ts';
import { startFramework } from './kit/framework.ts';
import { inTurn, type Measured, measure } from './kit/measured.ts';
import { peerService } from './kit/peer-service.ts';
import { atLeast, ratioRow } from './kit/row.ts';
import { sqlitePlace, startTidings } from './kit/tidings.ts';
import { load } from './kit/wrk.ts';

export const endToEnd: Bench = {
  name: 'end-to-end',
  about: 'single posts until the last is sent (in_app), one process, SQLite, against the bare framework and the peer',
  async run(bed) {
    const seconds = bed.sized(3, 1);
    const framework = await startFramework(bed);
    const throughPeer = await startPeer(bed, seconds);
    const throughTidings = await startService(bed, seconds);
    // The first turn of a process is for the compiler.
    if (!bed.tiny) await Promise.all([throughPeer(), throughTidings()]);
    const toFramework = () => load({ url: framework.url, path: '/notifications', items: 1, seconds });
    const runs = await inTurn(bed, {
      fastify: () => measure([framework], toFramework),
      peer: throughPeer,
      tidings: throughTidings,
    });
    const tidings = { name: 'Tidings', runs: runs.tidings };
    const peer = { name: 'Fastify + BullMQ + PostgreSQL', runs: runs.peer };
    return [
      ratioRow('end to end, to the framework', tidings, { name: 'Fastify', runs: runs.fastify }, atLeast(0.25)),
      ratioRow('end to end, to the peer', tidings, peer, atLeast(3)),
    ];
  },
};

/** Both answer what has a turn: posts for a while, then the wait until the last is sent. */
async function startService(bed: Bed, seconds: number): Promise<() => Promise<Measured>> {
  const { path, settings } = await sqlitePlace(bed);
  const tidings = await startTidings(bed, 'start', settings);
  const books = sqliteBooks(path);
  bed.scope.defer(() => books[Symbol.asyncDispose]());
  return () =>
    measure([tidings], async () => {
      const since = Date.now();
      await load({ url: tidings.url, path: '/api/v1/notifications', items: 1, seconds });
      await books.allFinished();
      const { sent, firstAcceptedAt, lastFinishedAt } = await books.trip(since);
      return { count: sent, seconds: (lastFinishedAt - firstAcceptedAt) / 1000 };
    });
}

async function startPeer(bed: Bed, seconds: number): Promise<() => Promise<Measured>> {
  const peer = await peerService(bed);
  const [api, worker] = await Promise.all([peer.startApi(), peer.startWorker()]);
  return () =>
    measure([api, worker], async () => {
      const since = Date.now();
      await load({ url: api.url, path: '/notifications', items: 1, seconds });
      const { count, firstAcceptedAt, lastSentAt } = await peer.finished(since);
      return { count, seconds: (lastSentAt - firstAcceptedAt) / 1000 };
    });
}
