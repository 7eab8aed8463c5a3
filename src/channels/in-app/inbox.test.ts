import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { inbox } from './inbox.ts';

it('does not say that nothing was written where it does not know', async () => {
  const broken = { addToInbox: () => Promise.reject(new Error('away')) };
  const message = { title: null, body: 'B', actionUrl: null, data: null };
  const transport = inbox.open({}, { ...providerParts(), inbox: broken });
  const outcome = await transport.send({ channel: 'in_app', to: 'user-1', ...message }, sendContext());
  assert.deepEqual([outcome.kind, outcome.kind === 'unknown' && outcome.scope], ['unknown', 'attempt']);
});

it('writes one entry whose id is that of the delivery', async () => {
  const parts = providerParts();
  const context = sendContext();
  const message = { title: 'T', body: 'B', actionUrl: '/x', data: { a: 1 } };
  const outcome = await inbox.open({}, parts).send({ channel: 'in_app', to: 'user-1', ...message }, context);
  assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: null });
  const { deliveryId: id, notificationId } = context;
  assert.deepEqual(parts.inboxEntries, [{ id, notificationId, userId: 'user-1', ...message, createdAt: NOW }]);
});
