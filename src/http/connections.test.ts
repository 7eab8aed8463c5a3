import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { guardConnections } from './connections.ts';
import { HTTP_LIMITS } from './deps.ts';

for (const isAnyResting of [false, true]) {
  const what = isAnyResting ? 'nothing while some are only not read from' : 'what is idle, once a second';
  test(`past the limit of connections room is made by closing ${what}`, async (t) => {
    const app = fastify();
    t.after(() => app.close());
    guardConnections(app, HTTP_LIMITS, { isAnyResting });
    const close = t.mock.method(app.server, 'closeIdleConnections').mock;
    app.server.emit('drop');
    app.server.emit('drop');
    assert.equal(close.callCount(), isAnyResting ? 0 : 1);
  });
}
