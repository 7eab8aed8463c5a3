import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { atEnd } from '../../test/kit/at-end.ts';
import { type InboxService, inboxService } from '../../test/kit/inbox-service.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { seen } from '../../test/kit/until.ts';
import { createInbox, type Inbox, type InboxOptions, type InboxSnapshot } from './inbox.ts';
import { ownSurroundings, type Surroundings } from './surroundings.ts';

function opened(
  t: TestContext,
  service: InboxService,
  options: Partial<InboxOptions> = {},
  surroundings: Partial<Surroundings> = {},
): Inbox {
  const own = { baseUrl: service.url, userId: 'u', token: () => service.mint('u'), ...options };
  const inbox = createInbox(own, { ...ownSurroundings(), ...surroundings });
  atEnd(t, () => inbox.stop());
  inbox.start();
  return inbox;
}

/** Waits between tries are a hundred times shorter. */
const hasty: Partial<Surroundings> = {
  random: () => 0,
  after: (ms, callback) => ownSurroundings().after(ms <= 4_000 ? ms / 100 : ms, callback),
};

/** The snapshot for which that holds, once it does. */
function shows(
  inbox: Inbox,
  holds: (snapshot: InboxSnapshot) => boolean,
  words = String(holds),
): Promise<InboxSnapshot> {
  return seen(
    () => (holds(inbox.getSnapshot()) ? inbox.getSnapshot() : undefined),
    () => `${words}: ${JSON.stringify(inbox.getSnapshot())}`,
    5_000,
  );
}
const bodies = ({ items }: InboxSnapshot) => items.map(({ body }) => body);
const isLive = ({ status, connection }: InboxSnapshot) => status === 'ready' && connection === 'live';

/** A stream in which what the service says can be kept back, and something else be said before it. */
function withheld() {
  const [kept, encoder] = [[] as Uint8Array[], new TextEncoder()];
  let isHeld = false;
  let to: TransformStreamDefaultController<Uint8Array> | null = null;
  return {
    through(response: Response): Response {
      const pieces = new TransformStream<Uint8Array, Uint8Array>({
        start(controller) {
          to = controller;
        },
        transform: (piece, controller) => void (isHeld ? kept.push(piece) : controller.enqueue(piece)),
      });
      return new Response(response.body?.pipeThrough(pieces) ?? null, response);
    },
    say: (text: string) => to?.enqueue(encoder.encode(text)),
    hold() {
      isHeld = true;
    },
    release() {
      isHeld = false;
      for (const piece of kept.splice(0)) to?.enqueue(piece);
    },
  };
}

/** A place in which time, network and eyes are the test's. */
function place() {
  const clock = new ManualClock();
  const [is, listeners] = [{ online: true, hidden: false }, new Set<() => void>()];
  const surroundings: Partial<Surroundings> = {
    random: () => 1,
    now: () => clock.now(),
    after: (ms, callback) => clock.after(ms, callback),
    isOnline: () => is.online,
    isHidden: () => is.hidden,
    onChange(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
  };
  const become = (changes: Partial<typeof is>) => {
    Object.assign(is, changes);
    for (const listener of listeners) listener();
  };
  return { clock, surroundings, become };
}

describe('an inbox', () => {
  test('shows the list, newest first, and then what arrives', async (t) => {
    const service = await inboxService(t);
    await service.deliver('one');
    await service.deliver('two');
    await service.deliver('not mine', { userId: 'v' });
    const inbox = opened(t, service);
    assert.deepEqual([inbox.getSnapshot().status, inbox.getSnapshot().connection], ['loading', 'connecting']);
    assert.deepEqual(bodies(await shows(inbox, isLive)), ['two', 'one']);
    const arrived: string[] = [];
    inbox.onArrival(({ body }) => arrived.push(body));
    await service.deliver('three', { title: 'Third' });
    const { counts } = await shows(inbox, ({ items }) => items.length === 3);
    assert.deepEqual(bodies(inbox.getSnapshot()), ['three', 'two', 'one']);
    await shows(inbox, (now) => now.counts.unread === 3);
    assert.deepEqual(arrived, ['three']);
    assert.ok(counts.total >= 2);
  });

  test('is a store as React wants one: the same snapshot until something changes', async (t) => {
    const service = await inboxService(t);
    await service.deliver('one');
    const inbox = opened(t, service);
    const { items } = await shows(inbox, isLive);
    assert.equal(inbox.getSnapshot(), inbox.getSnapshot());
    let calls = 0;
    const end = inbox.subscribe(() => {
      calls += 1;
    });
    await inbox.mark('read', [items[0]?.id ?? '']);
    assert.ok(calls > 0);
    end();
    const before = calls;
    await inbox.mark('unread', [items[0]?.id ?? '']);
    assert.equal(calls, before);
  });

  test('loads page after page, each entry once', async (t) => {
    const service = await inboxService(t);
    for (let number = 1; number <= 7; number += 1) await service.deliver(`${number}`);
    const inbox = opened(t, service, { pageSize: 3 });
    await shows(inbox, isLive);
    await service.deliver('8');
    await shows(inbox, ({ items }) => items.length === 4);
    for (let pages = 0; pages < 9 && inbox.getSnapshot().hasMore; pages += 1) await inbox.loadMore();
    assert.deepEqual(bodies(inbox.getSnapshot()), ['8', '7', '6', '5', '4', '3', '2', '1']);
    assert.equal(inbox.getSnapshot().isLoadingMore, false);
  });

  test('shows a mark before the service has answered, and what was there before where it is refused', async (t) => {
    const service = await inboxService(t);
    await service.deliver('one');
    await service.deliver('two');
    let isBroken = false;
    const fetchOrNot: Surroundings['fetch'] = (url, init) =>
      isBroken && url.endsWith('/mark') ? Promise.reject(new TypeError('away')) : fetch(url, init);
    const inbox = opened(t, service, {}, { fetch: fetchOrNot });
    const [two, one] = (await shows(inbox, isLive)).items;
    assert.ok(one !== undefined && two !== undefined);

    const marking = inbox.mark('read', [two.id]);
    const [now] = inbox.getSnapshot().items;
    assert.notEqual(now?.read_at, null);
    assert.notEqual(now?.seen_at, null);
    assert.deepEqual(inbox.getSnapshot().counts, { total: 2, unread: 1, unseen: 1 });
    assert.equal(await marking, null);
    assert.deepEqual(inbox.getSnapshot().counts, { total: 2, unread: 1, unseen: 1 });

    isBroken = true;
    const archiving = inbox.mark('archive', [one.id]);
    assert.deepEqual([bodies(inbox.getSnapshot()), inbox.getSnapshot().counts.total], [['two'], 1]);
    const error = await archiving;
    assert.equal(error?.code, 'unreachable');
    assert.deepEqual(bodies(inbox.getSnapshot()), ['two', 'one']);
    assert.deepEqual(inbox.getSnapshot().counts, { total: 2, unread: 1, unseen: 1 });
    isBroken = false;
    // What is refused takes only itself back.
    const refused = inbox.mark('read', ['no-such-form']);
    const good = inbox.mark('read', [one.id]);
    assert.deepEqual([(await refused)?.code, await good], ['invalid_request', null]);
    assert.equal(inbox.getSnapshot().counts.unread, 0);
  });

  test('shows the counts of the answer though older ones come from the stream before it', async (t) => {
    const service = await inboxService(t);
    await service.deliver('one');
    await service.deliver('two');
    const stream = withheld();
    const fetchThrough: Surroundings['fetch'] = async (url, init) => {
      const response = await fetch(url, init);
      if (url.endsWith('/stream')) return stream.through(response);
      if (!url.endsWith('/mark')) return response;
      // What it told when it was opened can be as late as this, and news of the mark later still.
      stream.say('event: counts\ndata: {"total":3,"unread":2,"unseen":2}\n\n');
      await shows(inbox, ({ counts }) => counts.total === 3);
      return response;
    };
    const inbox = opened(t, service, {}, { fetch: fetchThrough });
    const [two] = (await shows(inbox, isLive)).items;
    stream.hold();
    const seenCounts = new Set<number>();
    inbox.subscribe(() => seenCounts.add(inbox.getSnapshot().counts.unread));
    assert.equal(await inbox.mark('read', [two?.id ?? '']), null);
    assert.equal(inbox.getSnapshot().counts.unread, 1);
    stream.release();
    await service.deliver('three');
    await shows(inbox, ({ items, counts }) => items.length === 3 && counts.unread === 2);
    assert.deepEqual([...seenCounts], [1, 2]);
  });

  test('marks everything that has arrived, loaded or not, and nothing that arrives later', async (t) => {
    const service = await inboxService(t);
    for (let number = 1; number <= 5; number += 1) await service.deliver(`${number}`);
    // The mark is on its way while one more arrives.
    const late: Surroundings['fetch'] = async (url, init) => {
      if (url.endsWith('/mark')) await service.deliver('6');
      return fetch(url, init);
    };
    const inbox = opened(t, service, { pageSize: 2 }, { fetch: late });
    await shows(inbox, isLive);
    const marking = inbox.markAll('read');
    assert.deepEqual(inbox.getSnapshot().counts, { total: 5, unread: 0, unseen: 0 });
    assert.equal(await marking, null);
    await inbox.loadMore();
    const { items } = await shows(inbox, (now) => now.counts.unread === 1 && now.items[0]?.body === '6');
    assert.deepEqual(
      items.map(({ read_at }) => read_at !== null),
      [false, true, true, true, true],
    );
  });

  test('filters, and shows what a filter no longer fits as gone', async (t) => {
    const service = await inboxService(t);
    const [one, two] = [await service.deliver('one'), await service.deliver('two')];
    await service.mark('u', 'archive', [one]);
    const inbox = opened(t, service);
    assert.deepEqual(bodies(await shows(inbox, isLive)), ['two']);
    inbox.setFilter('archived');
    assert.equal(inbox.getSnapshot().status, 'loading');
    assert.deepEqual(bodies(await shows(inbox, ({ status }) => status === 'ready')), ['one']);
    // Elsewhere, something comes into the list that it does not know.
    await service.mark('u', 'archive', [two]);
    assert.deepEqual(bodies(await shows(inbox, ({ items }) => items.length === 2)), ['two', 'one']);
    await inbox.mark('unarchive', [one]);
    assert.deepEqual(bodies(inbox.getSnapshot()), ['two']);
    inbox.setFilter('unread');
    assert.deepEqual(bodies(await shows(inbox, ({ items }) => items.length === 1)), ['one']);
    await service.mark('u', 'read', [one]);
    await shows(inbox, ({ items, status }) => items.length === 0 && status === 'ready');
  });

  test('keeps two of the same user in step', async (t) => {
    const service = await inboxService(t);
    for (let number = 1; number <= 4; number += 1) await service.deliver(`${number}`);
    const [one, other] = [opened(t, service), opened(t, service)];
    await Promise.all([shows(one, isLive), shows(other, isLive)]);
    const ids = one.getSnapshot().items.map(({ id }) => id);
    await Promise.all([
      one.mark('read', ids.slice(0, 2)),
      other.mark('archive', ids.slice(1, 3)),
      one.mark('unread', ids.slice(0, 1)),
      other.markAll('seen'),
    ]);
    const state = ({ items, counts }: InboxSnapshot) =>
      JSON.stringify([counts, items.map(({ id, read_at, seen_at }) => [id, read_at !== null, seen_at !== null])]);
    await shows(one, (now) => state(now) === state(other.getSnapshot()), 'they do not agree');
    assert.deepEqual(one.getSnapshot().counts, { total: 2, unread: 2, unseen: 0 });
  });
});

describe('a stream that breaks', () => {
  test('goes on where it was: each entry once, in order, over twenty cuts', async (t) => {
    const service = await inboxService(t);
    const inbox = opened(t, service, {}, hasty);
    await shows(inbox, isLive);
    const arrived: string[] = [];
    inbox.onArrival(({ body }) => arrived.push(body));
    const expected = Array.from({ length: 200 }, (_, index) => String(index));
    for (const body of expected) {
      await service.deliver(body);
      if (Number(body) % 10 === 5) service.cut();
      if (Number(body) % 10 === 8) await shows(inbox, isLive);
    }
    await seen(
      () => (arrived.length >= expected.length ? true : undefined),
      () => `${arrived.length} arrived`,
    );
    assert.deepEqual(arrived, expected);
    await shows(inbox, ({ counts }) => counts.unread === 200);
    assert.equal(service.asked.filter((line) => line === 'GET /inbox 200').length, 1, 'the list was loaded anew');
  });

  test('loads the list anew where the service no longer knows where it was', async (t) => {
    const service = await inboxService(t);
    const one = await service.deliver('one');
    const { surroundings, become } = place();
    const inbox = opened(t, service, {}, surroundings);
    await shows(inbox, isLive);
    become({ online: false });
    await shows(inbox, ({ connection }) => connection === 'offline');
    for (const as of ['read', 'unread', 'archive'] as const) await service.mark('u', as, [one]);
    await service.deliver('two');
    await service.forget();
    become({ online: true });
    assert.deepEqual(bodies(await shows(inbox, ({ items }) => items[0]?.body === 'two')), ['two']);
  });

  test('asks for a new token when the last one has expired, once for all who need it', async (t) => {
    const service = await inboxService(t);
    const id = await service.deliver('one');
    let minted = 0;
    const token = () => {
      minted += 1;
      return service.mint('u');
    };
    const inbox = opened(t, service, { token }, hasty);
    await shows(inbox, isLive);
    assert.equal(minted, 1);
    service.expire();
    const [first, second] = await Promise.all([inbox.mark('read', [id]), inbox.refresh()]);
    assert.deepEqual([first, second, minted], [null, undefined, 2]);
    service.expire();
    service.cut();
    await seen(
      () => (minted === 3 ? true : undefined),
      () => 'no token was asked for',
    );
    await shows(inbox, isLive);
  });

  test("stops for good where the token is another user's, and shows why", async (t) => {
    const service = await inboxService(t);
    const inbox = opened(t, service, { token: () => service.mint('v') });
    const { error, status } = await shows(inbox, (now) => now.connection === 'stopped' && now.status === 'error');
    assert.deepEqual([status, error?.status, error?.code], ['error', 403, 'forbidden']);
  });

  test('shows the list also where only the stream cannot be had', async (t) => {
    const service = await inboxService(t);
    await service.deliver('one');
    const noStream: Surroundings['fetch'] = (url, init) =>
      url.endsWith('/stream') ? Promise.reject(new TypeError('away')) : fetch(url, init);
    const inbox = opened(t, service, {}, { fetch: noStream });
    assert.deepEqual(bodies(await shows(inbox, ({ status }) => status === 'ready')), ['one']);
    assert.equal(inbox.getSnapshot().connection, 'reconnecting');
  });

  test('is given up when nothing is heard for 40 s, and tried again after twice as long each time', async (t) => {
    const service = await inboxService(t);
    const { clock, surroundings, become } = place();
    let opens = 0;
    const counting: Surroundings['fetch'] = (url, init) => {
      if (url.endsWith('/stream')) opens += 1;
      return fetch(url, init);
    };
    const inbox = opened(t, service, {}, { ...surroundings, fetch: counting });
    await shows(inbox, isLive);
    clock.advance(39_000);
    assert.equal(inbox.getSnapshot().connection, 'live');
    clock.advance(1_000);
    await shows(inbox, ({ connection }) => connection === 'reconnecting');
    clock.advance(2_000);
    await shows(inbox, isLive);
    service.leave();
    let tries = 0;
    for (const wait of [2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      await shows(inbox, ({ connection }) => connection === 'reconnecting');
      await seen(
        () => (clock.pending === 1 ? true : undefined),
        () => `${clock.pending} are waited for`,
      );
      clock.advance(wait - 1);
      assert.equal(clock.pending, 1, `it came before ${wait} ms`);
      clock.advance(1);
      tries += 1;
    }
    assert.equal(tries, 6);
    // Somebody who looks again does not wait.
    await seen(
      () => (clock.pending === 1 ? true : undefined),
      () => `${clock.pending} are waited for`,
    );
    const before = opens;
    become({ hidden: true });
    assert.equal(opens, before);
    become({ hidden: false });
    await seen(
      () => (opens > before ? true : undefined),
      () => 'it is not tried again',
    );
  });

  test('is let go of without a network, or when nobody looks, and is back at once', async (t) => {
    const service = await inboxService(t);
    const { clock, surroundings, become } = place();
    const inbox = opened(t, service, {}, surroundings);
    await shows(inbox, isLive);
    become({ online: false });
    await shows(inbox, ({ connection }) => connection === 'offline');
    await seen(
      () => (service.streams() === 0 ? true : undefined),
      () => 'the stream is still open',
    );
    await service.deliver('meanwhile');
    become({ online: true });
    await shows(inbox, ({ items, connection }) => items.length === 1 && connection === 'live');

    become({ hidden: true });
    clock.advance(29_999);
    assert.equal(inbox.getSnapshot().connection, 'live');
    clock.advance(1);
    await shows(inbox, ({ connection }) => connection === 'paused');
    await service.deliver('unseen');
    become({ hidden: false });
    await shows(inbox, ({ items, connection }) => items.length === 2 && connection === 'live');
    inbox.stop();
    await seen(
      () => (service.streams() === 0 && clock.pending === 0 ? true : undefined),
      () => `${service.streams()} streams and ${clock.pending} timers are left`,
    );
  });
});

test('what is heard while the list is loading is not lost', async (t) => {
  const service = await inboxService(t);
  const one = await service.deliver('one');
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  /** The list as it was before everything below. */
  const slow: Surroundings['fetch'] = async (url, init) => {
    const response = await fetch(url, init);
    if (url.includes('/inbox?')) await gate;
    return response;
  };
  const inbox = opened(t, service, {}, { fetch: slow });
  await seen(
    () => (service.asked.includes('GET /inbox 200') ? true : undefined),
    () => 'the list is not asked for',
  );
  await service.mark('u', 'read', [one]);
  await service.deliver('two');
  await shows(inbox, ({ items, counts }) => items.length === 1 && counts.unread === 1);
  openGate();
  const { items } = await shows(inbox, ({ status }) => status === 'ready');
  assert.deepEqual(
    items.map(({ body, read_at }) => [body, read_at !== null]),
    [
      ['two', false],
      ['one', true],
    ],
  );
  assert.equal(inbox.getSnapshot().counts.unread, 1);
});
