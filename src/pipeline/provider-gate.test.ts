import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { accepted, deferred, failing, limited, rejected, unknown } from '../../test/kit/scripted-channels.ts';
import type { TripEvent } from '../domain/events.ts';
import type { Outcome } from '../domain/outcome.ts';
import { createProviderGate } from './provider-gate.ts';

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
