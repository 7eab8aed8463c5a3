import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { accepted, deferred, failing, limited, rejected, unknown } from '../../test/kit/scripted-channels.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import type { TripEvent } from '../domain/events.ts';
import type { Outcome } from '../domain/outcome.ts';
import { createProviderGate } from './provider-gate.ts';

describe('the slots of a provider', () => {
  test('are given at once while there are any, then in the order of asking', async () => {
    const { gate } = open();
    const leaves = [await gate.enter('email/smtp', 2), await gate.enter('email/smtp', 2)];
    const entered: string[] = [];
    const waiting = ['first', 'second', 'third'].map(async (name) => {
      const leave = await gate.enter('email/smtp', 2);
      entered.push(name);
      return leave;
    });
    await promisesSettled();
    assert.deepEqual(entered, []);
    leaves[0]?.();
    await promisesSettled();
    assert.deepEqual(entered, ['first']);
    leaves[1]?.();
    (await waiting[0])?.();
    await promisesSettled();
    assert.deepEqual(entered, ['first', 'second', 'third']);
  });

  test('stay taken when they pass to the next in line', async () => {
    const { gate } = open();
    const leave = await gate.enter('email/smtp', 1);
    const next = gate.enter('email/smtp', 1);
    leave();
    await next;
    let entered = false;
    void gate.enter('email/smtp', 1).finally(() => {
      entered = true;
    });
    await promisesSettled();
    assert.equal(entered, false);
  });

  test('come back when everybody has left', async () => {
    const { gate } = open();
    const leave = await gate.enter('email/smtp', 1);
    const next = gate.enter('email/smtp', 1);
    leave();
    (await next)();
    assert.equal(typeof (await gate.enter('email/smtp', 1)), 'function');
  });

  test('are its own, and without a limit there are as many as one likes', async () => {
    const { gate } = open();
    await gate.enter('email/smtp', 1);
    await gate.enter('sms/twilio', 1);
    for (let count = 0; count < 100; count++) await gate.enter('in_app/inbox', null);
  });
});

describe('the breaker of a provider', () => {
  test('lets calls through as long as they work, or fail by the message alone', () => {
    const { gate, called, events } = open();
    for (let count = 0; count < 100; count++) {
      for (const outcome of [accepted(), rejected(), deferred()]) {
        assert.equal(gate.admit('email/smtp'), 0);
        called('email/smtp', outcome);
      }
    }
    assert.deepEqual(events, []);
  });

  test('opens when half of twenty calls failed, and for nobody else', () => {
    const { gate, called, clock, events } = open();
    for (let count = 0; count < 20; count++) {
      assert.equal(gate.admit('email/smtp'), 0);
      called('email/smtp', count % 2 === 0 ? failing() : accepted());
    }
    called('email/smtp', unknown());
    assert.equal(gate.admit('email/smtp'), 15_000);
    assert.equal(gate.admit('email/sendgrid'), 0);
    assert.deepEqual(events, [
      { type: 'provider_paused', provider: 'email/smtp', until: clock.now() + 15_000, cause: 'connection_lost' },
    ]);
  });

  test('lets one probe through when its time is over, and the next only after five seconds', () => {
    const { gate, called, clock } = open();
    called('email/smtp', failing('provider_misconfigured'));
    clock.advance(59_999);
    assert.equal(gate.admit('email/smtp'), 1);
    clock.advance(1);
    assert.equal(gate.admit('email/smtp'), 0);
    assert.equal(gate.admit('email/smtp'), 5_000);
    clock.advance(5_000);
    assert.equal(gate.admit('email/smtp'), 0);
  });

  test('lets everybody through when the wait that a provider asked for is over, and tells it once', () => {
    const { gate, called, clock, events } = open();
    called('email/smtp', limited(20_000, 'provider'));
    clock.advance(19_999);
    assert.equal(gate.admit('email/smtp'), 1);
    clock.advance(1);
    assert.deepEqual([gate.admit('email/smtp'), gate.admit('email/smtp')], [0, 0]);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['provider_paused', 'provider_recovered'],
    );
  });

  test('is not closed by a call that had begun before it opened', () => {
    const { gate, called, clock, events } = open();
    const begun = clock.now();
    clock.advance(1_000);
    called('email/smtp', failing('provider_misconfigured'));
    clock.advance(1_000);
    called('email/smtp', accepted(), begun);
    assert.equal(gate.admit('email/smtp'), 59_000);
    assert.deepEqual(
      events.map(({ type }) => type),
      ['provider_paused'],
    );
  });

  test('closes when the probe works, and tells it once', () => {
    const { gate, called, clock, events } = open();
    called('email/smtp', failing('provider_misconfigured'));
    clock.advance(60_000);
    assert.equal(gate.admit('email/smtp'), 0);
    called('email/smtp', accepted());
    for (let count = 0; count < 10; count++) {
      assert.equal(gate.admit('email/smtp'), 0);
      called('email/smtp', accepted());
    }
    assert.deepEqual(
      events.map(({ type }) => type),
      ['provider_paused', 'provider_recovered'],
    );
  });
});

function open() {
  const clock = new ManualClock();
  const events: TripEvent[] = [];
  const gate = createProviderGate(clock, (event) => void events.push(event));
  const called = (provider: string, outcome: Outcome, startedAt = clock.now()) =>
    gate.called(provider, outcome, startedAt);
  return { clock, events, gate, called };
}
