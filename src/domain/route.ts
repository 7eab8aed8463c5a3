import { CHANNELS, type Channel } from './channel.ts';
import { addressOn, type Recipient } from './recipient.ts';

export const STRATEGIES = ['fallback', 'all'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** One leg as it will be delivered: its chain, and the channels in it that the recipient has no address for. */
export interface Leg {
  readonly chain: readonly Channel[];
  readonly unaddressed: readonly Channel[];
}

export interface RouteRules {
  readonly defaultChannels: readonly Channel[];
  /** Channels whose messages the sandbox catches: there a user id is address enough. */
  readonly sandboxed: ReadonlySet<Channel>;
}

/** The address a message goes to on a channel, or null. The one place that knows the sandbox's leniency. */
export function addressFor(channel: Channel, recipient: Recipient, sandboxed: ReadonlySet<Channel>): string | null {
  return addressOn(channel, recipient) ?? (sandboxed.has(channel) ? (recipient.userId ?? null) : null);
}

/**
 * How the channels are tried. `wanted` is what the request asked for, null for the default: then only channels with
 * an address of the recipient's own are taken, and the sandbox's leniency only where there is none.
 * An empty answer: nothing can be sent because no channel has an address.
 */
export function planRoute(
  wanted: readonly (Channel | readonly Channel[])[] | null,
  strategy: Strategy,
  recipient: Recipient,
  rules: RouteRules,
): readonly Leg[] {
  const addressed = (channel: Channel) => addressFor(channel, recipient, rules.sandboxed) !== null;
  const entries = wanted ?? defaultEntries(recipient, rules);
  const chains = strategy === 'fallback' ? [inOneChain(entries)] : entries.map((entry) => [entry].flat());
  const legs = chains.map((chain) => ({ chain, unaddressed: chain.filter((channel) => !addressed(channel)) }));
  return legs.some((leg) => leg.unaddressed.length < leg.chain.length) ? legs : [];
}

function inOneChain(entries: readonly (Channel | readonly Channel[])[]): readonly Channel[] {
  return isChain(entries) ? entries : entries.flat();
}

function isChain(entries: readonly (Channel | readonly Channel[])[]): entries is readonly Channel[] {
  return entries.every((entry) => typeof entry === 'string');
}

function defaultEntries(recipient: Recipient, rules: RouteRules): readonly Channel[] {
  const own = rules.defaultChannels.filter((channel) => addressOn(channel, recipient) !== null);
  if (own.length > 0) return own;
  return rules.defaultChannels.filter((channel) => addressFor(channel, recipient, rules.sandboxed) !== null);
}

/** Most channels one chain, and most entries one route can have: every channel once. */
export const MAX_CHAIN = CHANNELS.length;
