import { hkdfSync } from 'node:crypto';

const BYTES = 32;

/** Whoever holds a token can try out, at leisure and unseen, which key its secret was made of: short ones would be found. */
const ENOUGH_TO_DERIVE = 32;

/**
 * What users' tokens are signed with: the secrets that were given; without any, one that is derived from each API key
 * that is long enough, so that processes with the same keys agree; without such a key, one that this process alone knows.
 */
export function tokenSecrets(
  { given, apiKeys }: { readonly given: readonly string[]; readonly apiKeys: readonly string[] },
  random: (count: number) => Uint8Array,
): readonly Uint8Array[] {
  if (given.length > 0) return given.map((secret) => Buffer.from(secret, 'utf8'));
  const derived = apiKeys
    .filter((key) => key.length >= ENOUGH_TO_DERIVE)
    .map((key) => new Uint8Array(hkdfSync('sha256', key, '', 'tidings user tokens', BYTES)));
  return derived.length > 0 ? derived : [random(BYTES)];
}
