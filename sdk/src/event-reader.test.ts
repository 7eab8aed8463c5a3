import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventReader, type ServerEvent } from './event-reader.ts';

function readAll(pieces: readonly string[]): {
  readonly events: readonly ServerEvent[];
  readonly retries: readonly number[];
} {
  const [events, retries]: [ServerEvent[], number[]] = [[], []];
  const read = eventReader(
    (event) => events.push(event),
    (ms) => retries.push(ms),
  );
  for (const piece of pieces) read(piece);
  return { events, retries };
}

const STREAM =
  '\uFEFFretry: 2000\n\n: a comment\n\nevent: counts\nid: a\ndata: {"total":1}\n\ndata:x\ndata: \ndata:  y\r\n\r\nid\ndata\n\n' +
  'id: nul\0\nretry: soon\nunknown: x\nevent: nothing\n\nevent: update\rid: b\rdata: z\r\rdata: not ended\n';
const EVENTS = [
  { type: 'counts', data: '{"total":1}', id: 'a' },
  { type: 'message', data: 'x\n\n y', id: 'a' },
  { type: 'message', data: '', id: '' },
  { type: 'update', data: 'z', id: 'b' },
];

describe('a stream of events', () => {
  test('is read as the standard says', () => {
    assert.deepEqual(readAll([STREAM]), { events: EVENTS, retries: [2_000] });
  });

  test('is the same wherever it is cut in pieces', () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      assert.deepEqual(readAll([STREAM.slice(0, at), STREAM.slice(at)]).events, EVENTS, `cut at ${at}`);
    }
    assert.deepEqual(readAll(STREAM.split('')).events, EVENTS);
  });
});
