import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import net from 'node:net';
import { describe, it } from 'node:test';
import { AddressRefused, isPublicAddress, publicAddresses } from './address-guard.ts';

const CLOSED = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254'],
  ...['168.63.129.16', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.88.99.1'],
  ...['192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.7', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::7f00:1', '::127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::ffff:0.0.0.1', '::ffff:0:7f00:1'],
  ...['64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '64:ff9b::1', '64:ff9b:1::1', '100::1', '2001::1', '2001:0:7f00:1::'],
  ...['2001:10::1', '2001:20::1', '2001:db8::1', '2002:7f00:1::', '2002:a00:1::1', '3fff::1', '4000::1', 'fc00::1'],
  ...['fd00::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '', 'localhost', '1.2.3', '999.1.1.1', '2606:::1'],
];
const OPEN = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.0.1', '192.169.0.1', '198.17.0.1', '198.20.0.1'],
  ...['223.255.255.255', '2606:4700:4700::1111', '2001:4860:4860::8888', '2a00:1450::1', '::ffff:8.8.8.8'],
  '64:ff9b::808:808',
];

describe('isPublicAddress', () => {
  for (const ip of CLOSED) it(`${ip || '(empty)'} is closed`, () => assert.equal(isPublicAddress(ip), false));
  for (const ip of OPEN) it(`${ip} is open`, () => assert.equal(isPublicAddress(ip), true));
});

describe('a URL, as it is written', () => {
  const guard = publicAddresses();
  const allows = (text: string) => {
    const url = new URL(text);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    return guard.allowsHost(host, Number(url.port) || (url.protocol === 'https:' ? 443 : 80));
  };
  const hosts = [
    ...['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '①②⑦.⓪.⓪.①', '127。0。0。1', '\u200b127.0.0.1'],
    ...['%31%32%37.0.0.1', '[::ffff:7f00:1]', '[::7f00:1]', '[64:ff9b::7f00:1]', '[fd00::1]', '169.254.169.254'],
    ...['100.100.100.200', 'metadata.google.internal', 'localhost.', 'localhost', 'a.localhost', 'evil@127.0.0.1'],
    ...['printer.local', 'router.lan', '127.0.0.1.', 'LOCALHOST'],
  ];
  for (const host of hosts) {
    it(`http://${host}/ may not be called`, () => assert.equal(allows(`http://${host}/`), false));
  }
  it('backslashes hide nothing', () => assert.equal(allows('http://127.0.0.1\\@example.com/'), false));
  for (const port of [0, 22, 25, 465, 1023, 3306, 5432, 6379, 11211, 27017]) {
    it(`port ${port} may not be called`, () => assert.equal(guard.allowsHost('example.com', port), false));
  }
  for (const url of ['https://example.com', 'http://example.com', 'https://example.com:8443', 'http://8.8.8.8:3000']) {
    it(`${url} may be called`, () => assert.equal(allows(url), true));
  }
});

function resolve(found: readonly string[], all: boolean): Promise<string | LookupAddress[]> {
  const guard = publicAddresses((_name, _options, callback) =>
    callback(
      null,
      found.map((address) => ({ address, family: net.isIP(address) })),
    ),
  );
  return new Promise((done, fail) => {
    guard.lookup('example.com', { all }, (error, address) => (error === null ? done(address) : fail(error)));
  });
}

describe('a name', () => {
  it('resolves to its public addresses only', async () => {
    assert.deepEqual(await resolve(['10.0.0.1', '8.8.8.8', '::1'], true), [{ address: '8.8.8.8', family: 4 }]);
    assert.equal(await resolve(['127.0.0.1', '8.8.8.8'], false), '8.8.8.8');
  });

  it('does not resolve where all its addresses are closed', async () => {
    await assert.rejects(resolve(['127.0.0.1', 'fd00::1'], true), AddressRefused);
    await assert.rejects(resolve([], false), AddressRefused);
  });
});
