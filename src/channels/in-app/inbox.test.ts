import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { inbox } from './inbox.ts';

it('answers the one entry that the message is, whose id is that of the delivery', async () => {
  const context = sendContext();
  const message = { title: 'T', body: 'B', actionUrl: '/x', data: { a: 1 } };
  const transport = inbox.open({}, providerParts());
  const { deliveryId: id, notificationId } = context;
  const entry = { id, notificationId, userId: 'user-1', ...message, createdAt: NOW };
  assert.deepEqual(await transport.send({ channel: 'in_app', to: 'user-1', ...message }, context), {
    ...{ kind: 'accepted', providerMessageId: null },
    entry,
  });
});
