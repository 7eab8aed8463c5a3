import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, test } from 'node:test';
import { clientAddresses, netOf } from './client-address.ts';

function addressOf(peer: string, forwarded: string | undefined, trusted: readonly string[]): string {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: peer });
  const request = new IncomingMessage(socket);
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return clientAddresses(trusted)(request);
}

describe('a client', () => {
  for (const [peer, forwarded, trusted, client] of [
    ['192.0.2.7', undefined, [], '192.0.2.7'],
    ['::ffff:192.0.2.7', undefined, [], '192.0.2.7'],
    ['192.0.2.7', '127.0.0.1', [], '192.0.2.7'],
    ['192.0.2.7', '198.51.100.1', ['10.0.0.0/8'], '192.0.2.7'],
    ['10.1.2.3', '198.51.100.1', ['10.0.0.0/8'], '198.51.100.1'],
    ['::ffff:10.1.2.3', '198.51.100.1', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.1.2.3', '127.0.0.1, 198.51.100.1, 10.9.9.9', ['10.0.0.0/8'], '198.51.100.1'],
    ['10.1.2.3', 'nonsense', ['10.0.0.0/8'], '10.1.2.3'],
    ['10.1.2.3', '198.51.100.1, nonsense', ['10.0.0.0/8'], '10.1.2.3'],
    ['10.1.2.3', undefined, ['10.0.0.0/8'], '10.1.2.3'],
    ['::1', '2001:db8:1:2:3:4:5:6', ['::1'], '2001:db8:1:2::/64'],
  ] as const) {
    test(`that comes by ${peer} with ${forwarded ?? 'no header'} is ${client} where ${trusted.join() || 'nobody'} is trusted`, () =>
      assert.equal(addressOf(peer, forwarded, trusted), client));
  }

  test('with IPv6 is its whole /64, however that is written', () => {
    for (const address of ['2001:db8::1', '2001:0DB8::ffff:1', '2001:db8:0:0:1:2:3:4', '2001:db8:0000::9%eth0']) {
      assert.equal(netOf(address), '2001:db8:0:0::/64', address);
    }
    assert.equal(netOf('::1'), '0:0:0:0::/64');
    assert.equal(netOf('fe80::'), 'fe80:0:0:0::/64');
    assert.notEqual(netOf('2001:db8:0:1::1'), netOf('2001:db8:0:2::1'));
  });
});
