import dns from 'node:dns';
import net from 'node:net';

/**
 * Keeps requests to URLs that users gave away from private networks. Three checks, because each can be passed by:
 * the host as written (a lookup is never made for a literal), every address a name resolves to (connected to is one
 * of those that passed, so a name cannot change its mind in between), and the address the socket really reached.
 */
export interface AddressGuard {
  /** By the URL alone: its port, and its host where that is an address or a name that is local by definition. */
  allowsHost(host: string, port: number): boolean;
  allowsAddress(address: string): boolean;
  /** Answers only addresses that are allowed, and fails with an `AddressRefused` if none is left. */
  readonly lookup: net.LookupFunction;
}

export class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/** Lets pass what anybody on the internet could reach. */
export function publicAddresses(lookup: net.LookupFunction = dns.lookup): AddressGuard {
  return {
    allowsHost: (host, port) => isOpenPort(port) && (net.isIP(host) === 0 ? !isLocalName(host) : isPublicAddress(host)),
    allowsAddress: isPublicAddress,
    lookup(hostname, options, callback) {
      lookup(hostname, { ...options, all: true }, (error, found, family) => {
        if (error !== null) return callback(error, '', 0);
        const all = typeof found === 'string' ? [{ address: found, family: family ?? net.isIP(found) }] : found;
        const open = all.filter(({ address }) => isPublicAddress(address));
        const [first] = open;
        if (first === undefined) return callback(new AddressRefused('The address may not be called.'), '', 0);
        if (options.all === true) callback(null, open);
        else callback(null, first.address, first.family);
      });
    },
  };
}

/** RFC 6890 and its successors: what is not to be met on the internet, and one metadata address that is. */
const CLOSED_V4 = subnets('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);

/** Nothing of IPv6 but global unicast is open … */
const OPEN_V6 = subnets('ipv6', [['2000::', 3]]);
/** … and of that not Teredo and the other special ones of 2001::/23, documentation, nor 6to4. */
const CLOSED_V6 = subnets('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

/** Whether an IP address is one that anybody on the internet could reach. Anything else than an address is not. */
export function isPublicAddress(ip: string): boolean {
  if (net.isIPv4(ip)) return !CLOSED_V4.check(ip, 'ipv4');
  if (!net.isIPv6(ip) || ip.includes('%')) return false;
  const inner = embeddedV4(ip);
  if (inner !== null) return isPublicAddress(inner);
  return OPEN_V6.check(ip, 'ipv6') && !CLOSED_V6.check(ip, 'ipv6');
}

/**
 * The IPv4 address that really is connected to behind a mapped (::ffff:0:0/96) or NAT64 (64:ff9b::/96) one. Written
 * shortest, both end in two groups, unless the IPv4 address begins with 0.0: such a one is left to be refused.
 */
function embeddedV4(ip: string): string | null {
  const shortest = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const groups = /^(?:::ffff|64:ff9b:):([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(shortest);
  if (groups === null) return null;
  const [high, low] = [Number.parseInt(groups[1] ?? '', 16), Number.parseInt(groups[2] ?? '', 16)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** Ports above 1023 behind which things listen that understand a request, or half of it, as a command. */
const CLOSED_PORTS = new Set([
  1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 4369, 5432, 5672, 5900, 5984, 6379, 6380, 6443, 8500, 9042,
  9092, 9200, 9300, 10250, 10255, 11211, 15672, 25672, 26379, 27017,
]);

function isOpenPort(port: number): boolean {
  return port === 80 || port === 443 || (port >= 1024 && !CLOSED_PORTS.has(port));
}

const LOCAL_NAME = /(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|home\.arpa)\.?$/i;

function isLocalName(host: string): boolean {
  return LOCAL_NAME.test(host);
}

function subnets(family: 'ipv4' | 'ipv6', list: readonly (readonly [string, number])[]): net.BlockList {
  const block = new net.BlockList();
  for (const [network, prefix] of list) block.addSubnet(network, prefix, family);
  return block;
}
