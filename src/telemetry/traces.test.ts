import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { builders } from '../../test/kit/builders.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { TripEvent } from '../domain/events.ts';
import { type Span, spanLine } from './otlp.ts';
import { isSampled, parseTraceparent, spanIdOf, traceIdOf, traceparentOf } from './trace-ids.ts';
import { createTraces } from './traces.ts';

const clock = new ManualClock();
const make = builders(() => clock.now());
const CLIENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const POST = { method: 'POST', route: '/api/v1/notifications', status: 202, durationMs: 5 };

function traced(share = 1) {
  const spans: Span[] = [];
  return { spans, traces: createTraces({ clock, share, add: (span) => spans.push(span) }) };
}

function accepted(requestId: string, count = 1): TripEvent {
  return { type: 'accepted', requestId, ids: Array.from({ length: count }, () => make.notification().id) };
}

describe('the trace of a request', () => {
  test('is the one that its client names, or made of the id by which it goes', () => {
    assert.equal(traceIdOf('4bf92f3577b34da6a3ce929d0e0e4736'), '4bf92f3577b34da6a3ce929d0e0e4736');
    assert.equal(traceIdOf('01a1ff95-7bfd-776a-ab1a-e29bce305500'), '01a1ff957bfd776aab1ae29bce305500');
    assert.match(traceIdOf('order-1'), /^[0-9a-f]{32}$/);
    assert.notEqual(traceIdOf('order-1'), traceIdOf('order-2'));
    assert.match(spanIdOf('a', 1), /^[0-9a-f]{16}$/);
    assert.match(traceparentOf('order-1', 'd', 1, 1), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.match(traceparentOf('order-1', 'd', 1, 0), /-00$/);
    for (const none of [undefined, '', CLIENT.toUpperCase(), CLIENT.replace('00-', '01-'), `${CLIENT}-x`]) {
      assert.equal(parseTraceparent(none), undefined);
    }
  });

  test('holds each notification of a batch', () => {
    const { spans, traces } = traced();
    for (let one = 0; one < 3; one += 1) traces.event(accepted('order-1'));
    traces.answered({ ...POST, requestId: 'order-1' });
    assert.deepEqual(
      spans.map(({ name }) => name),
      [`POST ${POST.route}`, 'accept', 'accept', 'accept'],
    );
    assert.equal(new Set(spans.slice(1).map(({ parentSpanId }) => parentSpanId)).size, 1);
    traces.answered({ ...POST, requestId: 'order-1' });
    assert.equal(spans.length, 5, 'and none of them twice');
  });

  test('is tied to that of a client that names the request as well', () => {
    const { spans, traces } = traced();
    traces.event(accepted('order-1'));
    traces.answered({ ...POST, requestId: 'order-1', traceparent: CLIENT });
    const [server, accept] = spans;
    assert.deepEqual([server?.traceId, server?.parentSpanId], [CLIENT.slice(3, 35), CLIENT.slice(36, 52)]);
    assert.deepEqual([accept?.traceId, accept?.parentSpanId], [traceIdOf('order-1'), null]);
    assert.deepEqual(accept?.links, [{ traceId: server?.traceId, spanId: server?.spanId }]);
  });

  test('is not kept of probes, nor where the client or the share says so', () => {
    const { spans, traces } = traced();
    for (const route of ['/health', '/health/ready', '/metrics', null])
      traces.answered({ ...POST, route, requestId: 'a' });
    traces.answered({ ...POST, requestId: 'a', traceparent: CLIENT.replace(/01$/, '00') });
    const none = traced(0);
    none.traces.answered({ ...POST, requestId: 'a' });
    assert.deepEqual([spans, none.spans], [[], []]);
    const kept = Array.from({ length: 10_000 }, (_, one) => isSampled(traceIdOf(`order-${one}`), 0.25));
    const share = kept.filter(Boolean).length / kept.length;
    assert.ok(Math.abs(share - 0.25) < 0.02, String(share));
  });

  test('costs a bounded amount of memory where requests are never answered', () => {
    const { spans, traces } = traced();
    for (let one = 0; one < 20_000; one += 1) traces.event(accepted(`order-${one}`));
    for (let one = 0; one < 20_000; one += 1) traces.answered({ ...POST, requestId: `order-${one}` });
    assert.equal(spans.filter(({ name }) => name === 'accept').length, 10_000);
  });
});

describe('spans on their way to the collector', () => {
  const span: Span = {
    ...{ traceId: 'a', spanId: 'b', parentSpanId: null, name: 'x', kind: 'client', start: 1.5, end: 1 },
    ...{ attributes: { word: 'w', number: 7 }, isError: true },
  };

  function opened(taken: () => boolean) {
    const bodies: string[] = [];
    const told: string[] = [];
    const line = spanLine({
      ...{ resource: { 'service.name': 's' }, version: '1', clock },
      post(body) {
        bodies.push(body);
        return taken() ? Promise.resolve(true) : Promise.reject(new Error('away'));
      },
      onAway: () => told.push('away'),
      onBack: () => told.push('back'),
    });
    return { line, bodies, told };
  }

  test('go together after a while, in the form of OTLP', async () => {
    const { line, bodies } = opened(() => true);
    line.add(span);
    line.add(span);
    clock.advance(4_999);
    assert.equal(bodies.length, 0);
    clock.advance(1);
    await setImmediate();
    assert.equal(bodies.length, 1);
    const sent = {
      ...{ traceId: 'a', spanId: 'b', name: 'x', kind: 3, startTimeUnixNano: '1500000', endTimeUnixNano: '1500000' },
      attributes: [
        { key: 'word', value: { stringValue: 'w' } },
        { key: 'number', value: { intValue: '7' } },
      ],
      ...{ status: { code: 2 }, links: [] },
    };
    assert.deepEqual(JSON.parse(bodies[0] ?? ''), {
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] },
          scopeSpans: [{ scope: { name: 'tidings', version: '1' }, spans: [sent, sent] }],
        },
      ],
    });
    await line.close();
    assert.equal(clock.pending, 0);
  });

  test('are dropped where nobody takes them, which is said once', async () => {
    let taken = false;
    const { line, bodies, told } = opened(() => taken);
    for (let one = 0; one < 20_000; one += 1) line.add(span);
    await line.close();
    assert.deepEqual(told, ['away']);
    assert.ok(bodies.length <= 17, String(bodies.length));
    taken = true;
    line.add(span);
    await line.close();
    assert.deepEqual(told, ['away', 'back']);
    assert.equal(clock.pending, 0);
  });
});
