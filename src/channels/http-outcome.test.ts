import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOW } from '../../test/kit/provider-parts.ts';
import type { Outcome } from '../domain/outcome.ts';
import { type Answered, DEFAULT_WAIT, httpOutcome, jsonObject, retryAfter, statusOutcome } from './http-outcome.ts';

const answered = (status: number, headers: Record<string, string> = {}): Answered => ({
  kind: 'answered',
  status,
  headers,
  body: '',
});

function shown(outcome: Outcome): string {
  if (outcome.kind === 'accepted') return 'accepted';
  return `${outcome.kind} ${outcome.code}${outcome.kind === 'deferred' ? ` ${outcome.scope}` : ''}`;
}

describe('a status without success', () => {
  const table: readonly (readonly [number, string])[] = [
    ...[500, 502, 503, 504, 408, 425].map((status) => [status, 'deferred provider_error provider'] as const),
    ...[401, 403, 301, 302, 307].map((status) => [status, 'deferred provider_misconfigured provider'] as const),
    ...[400, 404, 405, 410, 413, 415, 422].map((status) => [status, 'rejected message_rejected'] as const),
    [429, 'deferred rate_limited provider'],
    [200, 'unknown invalid_response'],
  ];
  for (const [status, expected] of table) {
    it(`${status} is ${expected}`, () => assert.equal(shown(statusOutcome(answered(status), NOW)), expected));
  }
});

describe('Retry-After', () => {
  const table: readonly (readonly [string | undefined, number | null])[] = [
    ['7', 7000],
    ['1.5', 1500],
    ['0', 1000],
    ['1000000000000', 86_400_000],
    ['9'.repeat(400), 86_400_000],
    ['Thu, 15 Jan 2026 12:01:00 GMT', 60_000],
    ['Thu, 15 Jan 2026 11:00:00 GMT', null],
    ['Thu, 99 Jan 2026 11:00:00 GMT', null],
    ['-1', null],
    ['soon', null],
    ['2026', 2_026_000],
    ['', null],
    [undefined, null],
  ];
  for (const [header, expected] of table) {
    it(`${header?.slice(0, 40)} is ${expected}`, () => assert.equal(retryAfter(header, NOW), expected));
  }

  it('stands in the outcome of a 429 and of a 503; a 429 without it has a default', () => {
    const wait = (outcome: Outcome) => (outcome.kind === 'deferred' ? outcome.retryAfterMs : null);
    assert.equal(wait(statusOutcome(answered(429, { 'retry-after': '9' }), NOW)), 9000);
    assert.equal(wait(statusOutcome(answered(429), NOW)), DEFAULT_WAIT);
    assert.equal(wait(statusOutcome(answered(503, { 'retry-after': '9' }), NOW)), 9000);
    assert.equal(wait(statusOutcome(answered(503), NOW)), undefined);
  });
});

it('what was not sent is deferred or refused, what was not answered is unknown', () => {
  const read = () => assert.fail('There is nothing to read.');
  const not = (code: 'connection_failed' | 'tls_failed' | 'url_not_allowed') =>
    shown(httpOutcome({ kind: 'not_sent', code, detail: '' }, read));
  assert.equal(not('connection_failed'), 'deferred connection_failed provider');
  assert.equal(not('tls_failed'), 'deferred tls_failed provider');
  assert.equal(not('url_not_allowed'), 'rejected url_not_allowed');
  assert.equal(shown(httpOutcome({ kind: 'no_answer', code: 'timeout', detail: '' }, read)), 'unknown timeout');
});

it('only a JSON object is one', () => {
  assert.deepEqual(jsonObject('{"a":1}'), { a: 1 });
  for (const body of ['', '[]', 'null', '"x"', '<html>', '{"a"']) assert.equal(jsonObject(body), null);
});
