import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HOUR, type OpenStore, storeKit } from './store-kit.ts';

const ANSWER = '{"id":"1",\n "text":"é🪄\\u0000"} ';

export function keyTests(open: OpenStore): void {
  describe('idempotency keys', () => {
    test('a repeat writes nothing and gets the stored answer byte for byte', async (t) => {
      const { store, make } = await storeKit(t, open);
      const [first, second] = [make.parcel(), make.parcel()];
      assert.deepEqual(await store.accept([make.submission([first], { answer: ANSWER })]), [{ kind: 'accepted' }]);
      const repeat = make.submission([second], { answer: 'another answer' });
      assert.deepEqual(await store.accept([repeat]), [{ kind: 'replayed', answer: ANSWER }]);
      assert.equal(await store.find(second.notification.id), null);
      assert.notEqual(await store.find(first.notification.id), null);
    });

    test('can be looked up, and looking leaves no trace', async (t) => {
      const { store, make } = await storeKit(t, open);
      const submission = make.submission([make.parcel()], { answer: ANSWER });
      const { scope, key, fingerprint } = submission.key ?? assert.fail('it has a key');
      assert.equal(await store.findAnswer(scope, key), null);
      assert.deepEqual(await store.accept([submission]), [{ kind: 'accepted' }]);
      assert.deepEqual(await store.findAnswer(scope, key), { fingerprint, answer: ANSWER });
      assert.equal(await store.findAnswer(`${scope}x`, key), null);
    });

    test('the same key with another fingerprint is a mismatch and writes nothing', async (t) => {
      const { store, make } = await storeKit(t, open);
      const other = make.parcel();
      await store.accept([make.submission([make.parcel()], {})]);
      const clash = make.submission([other], { fingerprint: 'f2' });
      assert.deepEqual(await store.accept([clash]), [{ kind: 'mismatch' }]);
      assert.equal(await store.find(other.notification.id), null);
      const repeat = make.submission([make.parcel()], {});
      assert.equal((await store.accept([repeat]))[0]?.kind, 'replayed');
    });

    test('two submissions with one key in one call: the first is written, the second replayed', async (t) => {
      const { store, make, claimDue } = await storeKit(t, open);
      const pair = ['a', 'b'].map((answer) => make.submission([make.parcel()], { answer }));
      assert.deepEqual(await store.accept(pair), [{ kind: 'accepted' }, { kind: 'replayed', answer: 'a' }]);
      assert.equal((await claimDue()).length, 1);
    });

    test('of many concurrent calls with one key exactly one is accepted', async (t) => {
      const { store, make, claimDue } = await storeKit(t, open);
      const calls = Array.from({ length: 20 }, (_, n) =>
        store.accept([make.submission([make.parcel()], { answer: `answer ${n}` })]),
      );
      const results = (await Promise.all(calls)).flat();
      const winner = results.findIndex((result) => result.kind === 'accepted');
      const replayed = { kind: 'replayed', answer: `answer ${winner}` };
      const expected = results.map((_, n) => (n === winner ? { kind: 'accepted' } : replayed));
      assert.deepEqual(results, expected);
      assert.equal((await claimDue()).length, 1);
    });

    test('counts only within its scope, and to the letter', async (t) => {
      const { store, make } = await storeKit(t, open);
      const keys = [
        { scope: 'a', key: 'b' },
        { scope: 'ab', key: '' },
        { scope: '', key: 'ab' },
        { scope: 'a', key: 'B' },
        { scope: 'a', key: 'b ' },
        { scope: 'A', key: 'b' },
      ];
      const results = await store.accept(keys.map((key) => make.submission([make.parcel()], key)));
      assert.deepEqual(new Set(results.map((result) => result.kind)), new Set(['accepted']));
    });

    test('without a key nothing is ever a repeat', async (t) => {
      const { make, accept, claimDue } = await storeKit(t, open);
      await accept(make.parcel(), make.parcel());
      assert.equal((await claimDue()).length, 2);
    });

    test('a key can stand for an answer alone', async (t) => {
      const { store, make } = await storeKit(t, open);
      assert.deepEqual(await store.accept([make.submission([], { answer: 'a' })]), [{ kind: 'accepted' }]);
      assert.deepEqual(await store.accept([make.submission([], {})]), [{ kind: 'replayed', answer: 'a' }]);
    });

    test('purge forgets the old ones, no more than it may, and keeps the young and all notifications', async (t) => {
      const { store, clock, make } = await storeKit(t, open);
      const old = ['a', 'b', 'c'].map((key) => make.submission([make.parcel()], { key }));
      await store.accept(old);
      clock.advance(HOUR);
      const young = make.submission([make.parcel()], { key: 'd' });
      await store.accept([young]);
      const keysBefore = clock.now();
      assert.equal(await store.purge({ keysBefore, limit: 2 }), 2);
      assert.equal(await store.purge({ keysBefore, limit: 2 }), 1);
      assert.equal(await store.purge({ keysBefore, limit: 2 }), 0);
      const again = ['a', 'b', 'c', 'd'].map((key) => make.submission([make.parcel()], { key }));
      const kinds = (await store.accept(again)).map((result) => result.kind);
      assert.deepEqual(kinds, ['accepted', 'accepted', 'accepted', 'replayed']);
      for (const parcel of [...old, young].flatMap((submission) => submission.notifications)) {
        assert.notEqual(await store.find(parcel.notification.id), null);
      }
    });
  });
}
