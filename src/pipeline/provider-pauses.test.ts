import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProviderPauses } from './provider-pauses.ts';

const smtp = { provider: 'smtp', until: 2_000, cause: 'connection_failed' };

test('a paused provider is told of until it has recovered, also while it is only tried', () => {
  const pauses = createProviderPauses();
  pauses.hear({ type: 'provider_paused', ...smtp });
  assert.deepEqual(pauses.at(1_000), [smtp]);
  assert.deepEqual(pauses.at(3_000), [smtp]);
  pauses.hear({ type: 'provider_paused', ...smtp, until: 9_000 });
  assert.deepEqual(pauses.at(3_000), [{ ...smtp, until: 9_000 }]);
  pauses.hear({ type: 'provider_recovered', provider: 'smtp' });
  assert.deepEqual(pauses.at(3_000), []);
});

test('one that only asked for time is over when the time is', () => {
  const pauses = createProviderPauses();
  pauses.hear({ type: 'provider_paused', provider: 'twilio', until: 2_000, cause: 'rate_limited' });
  assert.equal(pauses.at(1_999).length, 1);
  assert.equal(pauses.at(2_000).length, 0);
});
