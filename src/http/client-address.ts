import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Addresses of one proxy, or of a net of them: `10.0.0.0/8`, `::1`. */
export function proxyList(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const one of trusted) {
    const [address = '', prefix] = one.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/**
 * Where a request comes from, as far as that can be known: the peer, or where that is a proxy that is trusted, the last
 * address in `X-Forwarded-For` that is not one. What stands before that in the header the client may have made up.
 */
export function clientAddresses(trusted: readonly string[]): (request: IncomingMessage) => string {
  const peerOf = ({ socket }: IncomingMessage) => plain(socket.remoteAddress ?? '');
  if (trusted.length === 0) return (request) => netOf(peerOf(request));
  const proxies = proxyList(trusted);
  const isProxy = (address: string) => {
    const family = isIP(address);
    return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return (request) => {
    let address = peerOf(request);
    const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',');
    for (const hop of forwarded.split(',').toReversed()) {
      if (!isProxy(address)) break;
      const before = plain(hop.trim());
      if (isIP(before) === 0) break;
      address = before;
    }
    return netOf(address);
  };
}

/** IPv4 as IPv4, also where the socket speaks IPv6. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** Who has an IPv6 address has all of its /64, so that is what counts as one client. */
export function netOf(address: string): string {
  if (!address.includes(':')) return address;
  const [before = '', after] = address.split('%', 1).join('').split('::', 2);
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    const behind = after === '' ? [] : after.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  const net = groups.slice(0, 4).map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));
  return `${net.join(':')}::/64`;
}
