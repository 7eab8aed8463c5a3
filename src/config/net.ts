import { isIP } from 'node:net';

/** An IP address, or a net of them with the length of its prefix; undefined: it is neither. */
export function parseNet(given: string): string | undefined {
  const [address = '', prefix, ...more] = given.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more.length > 0) return undefined;
  if (prefix === undefined) return given;
  return /^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32) ? given : undefined;
}
