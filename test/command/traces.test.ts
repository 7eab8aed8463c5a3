import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attributesOf, collector } from '../kit/collector.ts';
import { startService } from '../kit/service.ts';
import { twilioStandIn } from '../kit/vendors.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT = '00f067aa0ba902b7';
const BODY = { recipient: '+15550100', message: 'Hello', channels: ['sms'] };

describe('a trace', () => {
  test('leads from the request, over a restart, through the queue and a retry to the calls', async (t) => {
    const [traces, twilio] = await Promise.all([collector(t), twilioStandIn(t)]);
    twilio.next({ status: 503 });
    const env = { ...twilio.env, ...traces.env, RETRY_SCHEDULE: '1s' };
    const api = await startService(t, { command: 'api', env });
    const id = await api.send(BODY, { traceparent: `00-${TRACE}-${CLIENT}-01` });
    await api.stop();
    const service = await startService(t, { command: 'start', env, place: api.place });
    await service.waitFor(id, 'sent');
    await service.stop();

    const spans = traces.spans().filter(({ traceId, name }) => traceId === TRACE && !name.startsWith('GET'));
    const [server, accept] = spans;
    const [wait, first, failed, second, taken] = spans.slice(2);
    const names = ['POST /api/v1/notifications', 'accept', 'wait', 'deliver', 'send sms', 'deliver', 'send sms'];
    assert.deepEqual(
      spans.map(({ name }) => name),
      names,
    );
    assert.deepEqual(
      spans.map(({ kind }) => kind),
      [2, 4, 1, 5, 3, 5, 3],
    );
    const parents = [CLIENT, server, accept, accept, first, accept, second];
    assert.deepEqual(
      spans.map(({ parentSpanId }) => parentSpanId),
      parents.map((parent) => (typeof parent === 'string' ? parent : parent?.spanId)),
    );
    assert.equal(new Set(spans.map(({ spanId }) => spanId)).size, spans.length);
    for (const { traceId, spanId, startTimeUnixNano: start, endTimeUnixNano: end } of spans) {
      assert.match(`${traceId} ${spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
      assert.ok(BigInt(start) <= BigInt(end));
    }
    assert.deepEqual(
      twilio.requests.map(({ headers }) => headers.traceparent),
      [failed, taken].map((span) => `00-${TRACE}-${span?.spanId ?? ''}-01`),
      'the vendor is told of the span that its call is',
    );
    assert.ok(BigInt(wait?.endTimeUnixNano ?? 0) - BigInt(wait?.startTimeUnixNano ?? 0) > 0n);
    assert.deepEqual(
      [failed, taken].map((span) => span?.status.code),
      [2, undefined],
    );
    const shown = [server, accept, first, failed, second, taken].map((span) =>
      attributesOf(span ?? { attributes: [] }),
    );
    assert.equal(shown[0]?.['http.response.status_code'], '202');
    assert.equal(shown[1]?.['tidings.notification_id'], id);
    assert.deepEqual(
      shown.map((one) => one['tidings.result']),
      [undefined, undefined, 'retrying', undefined, 'sent', undefined],
    );
    assert.deepEqual(shown[5], {
      'tidings.channel': 'sms',
      'tidings.provider': 'twilio',
      'tidings.attempt': '2',
      'tidings.outcome': 'accepted',
    });
    assert.doesNotMatch(JSON.stringify(spans), /Hello|5550100/);
    for (const headers of traces.headers()) assert.equal(headers.authorization, 'Bearer collector-key');
    for (const resource of traces.resources()) {
      assert.deepEqual([resource['service.name'], resource['deployment.environment.name']], ['tidings', 'test']);
    }
  });
});
