import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { countBy, notificationIn, type Posted, postMany } from '../kit/load.ts';
import { plainMailServer } from '../kit/mail-server.ts';
import { type Service, startService } from '../kit/service.ts';
import { seen } from '../kit/until.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';

const CONCURRENCY = 64;
const SETTINGS = {
  LEASE_SECONDS: '2',
  SEND_TIMEOUT_SECONDS: '1',
  WORKER_CONCURRENCY: String(CONCURRENCY),
  LOG_LEVEL: 'warn',
};

/** What takes the messages: it knows of each which notification it was about. */
interface Witness {
  readonly env: Readonly<Record<string, string>>;
  readonly recipient: object | string;
  /** The notification of every message that came in, in order. */
  seen(): readonly string[];
}

/** A web server that takes 20 to 50 ms for an answer. */
async function webhookWitness(t: TestContext): Promise<Witness> {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  let count = 0;
  receiver.otherwise((response) => setTimeout(() => response.end(), 20 + (count++ % 31)));
  return {
    env: { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' },
    recipient: { webhook_url: `${receiver.url}/hook` },
    seen: () => receiver.requests.map(notificationIn),
  };
}

async function mailWitness(t: TestContext): Promise<Witness> {
  const receiver = await plainMailServer(t);
  return {
    env: receiver.env,
    recipient: 'user@example.com',
    seen: () => receiver.mails.map(({ raw }) => /^X-Tidings-Notification: (\S+)/im.exec(raw)?.[1] ?? 'none'),
  };
}

/** The promises, checked for every notification there is. */
async function account(t: TestContext, service: Service, witness: Witness, ids: readonly string[]): Promise<void> {
  let unfinished = new Set(ids);
  const finished = new Map<string, Awaited<ReturnType<Service['notification']>>>();
  await seen(
    async () => {
      const shown = await Promise.all([...unfinished].slice(0, 200).map((id) => service.notification(id)));
      for (const one of shown) if (one.status === 'sent' || one.status === 'failed') finished.set(one.id, one);
      unfinished = new Set(ids.filter((id) => !finished.has(id)));
      return unfinished.size === 0 || undefined;
    },
    () => `${unfinished.size} of ${ids.length} have not come to an end`,
    60_000,
  );
  const hits = countBy(witness.seen(), (id) => id);
  const notSent = [...finished.values()].filter(({ status }) => status !== 'sent');
  const lost = ids.filter((id) => !hits.has(id));
  const unexpected = [...hits.keys()].filter((id) => !finished.has(id));
  const repeated = [...hits].filter(([, times]) => times > 1);
  const duplicates = repeated.reduce((sum, [, times]) => sum + times - 1, 0);
  const unexplained = repeated.filter(([id, times]) => {
    const attempts = finished.get(id)?.attempts ?? [];
    return attempts.filter(({ outcome }) => outcome === 'unknown').length < times - 1;
  });
  const workersLost = [...finished.values()].flatMap(({ attempts }) =>
    attempts.filter(({ code }) => code === 'worker_lost'),
  );
  t.diagnostic(
    `${ids.length} accepted, ${hits.size} arrived, ${duplicates} of them twice, ${workersLost.length} leases of the dead worker`,
  );
  assert.deepEqual(
    { notSent, lost, unexpected, unexplained },
    { notSent: [], lost: [], unexpected: [], unexplained: [] },
  );
  assert.ok(duplicates <= CONCURRENCY, `${duplicates} duplicates`);
  assert.ok(workersLost.length <= CONCURRENCY, `${workersLost.length} leases`);
  const stats = await service.get<{ total: number }>('/stats');
  assert.equal(stats.body.total, ids.length, 'there are others than those accepted');
}

interface Crash {
  readonly count: number;
  /** Killed when so many have arrived. */
  readonly killAt: number;
}

/** Everything is accepted before anything is sent; then the sender is killed in the middle. */
async function crashWhileSending(t: TestContext, witness: Witness, { count, killAt }: Crash) {
  const env = { ...SETTINGS, ...witness.env };
  const acceptor = await startService(t, { command: 'api', env });
  const posted = await postMany({ url: acceptor.url, count, atOnce: 50, body: bodyFor(witness), key: keyOf });
  const ids = posted.map(idOf);
  await acceptor.stop();

  const first = await startService(t, { env, place: acceptor.place });
  await killWhenArrived(first, witness, killAt);
  t.diagnostic(`killed after ${witness.seen().length} of ${count} had arrived`);
  assert.ok(witness.seen().length < count, 'there was nothing left to lose');
  const second = await startService(t, { env, place: acceptor.place });
  await account(t, second, witness, ids);
}

/** Killed while requests come in; what was left without an answer is asked for again. Answers how many those were. */
async function crashWhileAccepting(t: TestContext, witness: Witness, killAt: number) {
  const env = { ...SETTINGS, ...witness.env };
  const body = bodyFor(witness);
  const first = await startService(t, { env });
  let dead = false;
  // Requests go on until it is gone, however fast they are: then some of them have no answer.
  const killing = killWhenArrived(first, witness, killAt).finally(() => {
    dead = true;
  });
  const posted = await postMany({ url: first.url, count: 20_000, atOnce: 50, body, key: keyOf, goOn: () => !dead });
  await killing;
  const accepted = posted.filter(({ id }) => id !== null);
  const unanswered = posted.length - accepted.length;
  t.diagnostic(`killed after ${accepted.length} were accepted; ${unanswered} requests got no answer`);

  const second = await startService(t, { env, place: first.place });
  // What got no answer may or may not exist; asking again with its key makes it exactly one. What is left comes after.
  const open = posted.filter(({ id }) => id === null).map((one) => one.key);
  const key = (index: number) => open[index] ?? '';
  const again = await postMany({ url: second.url, count: open.length, atOnce: 20, body, key });
  const all = [...accepted, ...again].map(idOf);
  assert.equal(new Set(all).size, posted.length, 'an id was given twice');
  await account(t, second, witness, all);
  return unanswered;
}

async function killWhenArrived(service: Service, witness: Witness, killAt: number): Promise<void> {
  await seen(
    () => witness.seen().length >= killAt || undefined,
    () => `only ${witness.seen().length} arrived`,
  );
  assert.equal((await service.kill('SIGKILL')).signal, 'SIGKILL');
}

function bodyFor({ recipient }: Witness) {
  return (key: string) => ({ recipient, message: `Number ${key}` });
}

function keyOf(index: number): string {
  return `key-${index}`;
}

function idOf({ key, id, status }: Posted): string {
  assert.ok(id !== null, `${key} was answered ${status}`);
  return id;
}

describe('kill -9 in the middle', () => {
  test('loses nothing of 2,000 webhooks, and repeats no more than were being sent', async (t) => {
    await crashWhileSending(t, await webhookWitness(t), { count: 2_000, killAt: 700 });
  });

  test('while requests come in: one without an answer is one notification when it is repeated', async (t) => {
    const unanswered = await crashWhileAccepting(t, await webhookWitness(t), 150);
    assert.ok(unanswered > 0, 'every request had its answer');
  });

  test('loses nothing of 600 e-mails', async (t) => {
    await crashWhileSending(t, await mailWitness(t), { count: 600, killAt: 200 });
  });
});
