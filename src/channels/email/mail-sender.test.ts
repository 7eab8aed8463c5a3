import assert from 'node:assert/strict';
import { it } from 'node:test';
import { defaultSender, extraHeaders, messageIdOf } from './mail-sender.ts';

it('the sender is the one configured, else the account, else tidings at the server', () => {
  const address = (user: string | null, host: string) => defaultSender(null, { user, host })?.address;
  const from = { name: 'News', address: 'news@example.com' };
  assert.equal(defaultSender(from, { user: 'u@example.org', host: 'mail.example.org' }), from);
  assert.equal(address('u@example.org', 'mail.example.com'), 'u@example.org');
  assert.equal(address('apikey', 'mail.example.com'), 'tidings@mail.example.com');
  assert.equal(address(null, 'localhost'), 'tidings@localhost');
  assert.equal(address(null, '10.0.0.25'), 'tidings@localhost');
  assert.equal(address(null, '::1'), 'tidings@localhost');
  assert.equal(defaultSender(null, null), null);
});

it('the Message-ID is in the domain of the sender', () => {
  assert.equal(messageIdOf('m-1', { name: null, address: 'a@example.com' }), '<m-1@example.com>');
});

it('of headers only those remain that are not ours and hold no control characters', () => {
  const given = { 'X-A': '1', TO: 'x', 'content-Type': 'x', 'DKIM-Signature': 'x', 'X-B': 'a\nb', 'X\r\nC': 'x' };
  assert.deepEqual(extraHeaders(given), { 'X-A': '1', 'Auto-Submitted': 'auto-generated' });
});
