import {
  type Channels,
  type Message,
  openProvider,
  type SendContext,
  type Transport,
} from '../../src/channels/provider.ts';
import type { Channel } from '../../src/domain/channel.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { DeliveryId } from '../../src/domain/ids.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Reason } from '../../src/domain/reason.ts';

/** What a scripted provider does with one message: answers an outcome, or anything else a provider might do. */
export type Behaviour = Outcome | ((context: SendContext, message: Message) => Outcome | Promise<Outcome>);

/** One call to a scripted provider. */
export interface Call {
  readonly channel: Channel;
  readonly provider: string;
  /** By the test's clock. */
  readonly at: number;
  readonly deliveryId: DeliveryId;
  readonly idempotencyKey: string;
  readonly attempt: number;
  readonly message: Message;
}

export interface ScriptedProvider {
  readonly id: string;
  /** Null, and without it: no limit. */
  readonly concurrency?: number | null;
  /** Whose answer it waits for; without it, nobody's. */
  readonly hostOf?: (message: Message) => string | null;
}

export interface ScriptedChannels extends Channels {
  /** Every call, in order. */
  readonly calls: readonly Call[];
  /** The next calls to this provider, in order; after them it does again what it always does. */
  next(channel: Channel, provider: string, ...behaviours: readonly Behaviour[]): void;
  /** What it does when nothing else is said. At first: it accepts. */
  always(channel: Channel, provider: string, behaviour: Behaviour): void;
  /** How many calls to this provider ran at once at most. */
  mostAtOnce(channel: Channel, provider: string): number;
}

interface Script {
  readonly queue: Behaviour[];
  always: Behaviour;
  running: number;
  most: number;
}

/** Providers that do what they are told and remember what they were given. */
export function scriptedChannels(
  clock: Clock,
  providers: Partial<Record<Channel, readonly ScriptedProvider[]>>,
  sandboxed: ReadonlySet<Channel> = new Set(),
): ScriptedChannels {
  const calls: Call[] = [];
  const scripts = new Map<string, Script>();
  const script = (channel: Channel, provider: string): Script => {
    const found = scripts.get(`${channel}/${provider}`);
    if (found === undefined) throw new Error(`no provider ${provider} of ${channel} was set up`);
    return found;
  };

  function transport(channel: Channel, { id, concurrency = null, hostOf = () => id }: ScriptedProvider): Transport {
    const own: Script = { queue: [], always: () => accepted(`m-${calls.length}`), running: 0, most: 0 };
    scripts.set(`${channel}/${id}`, own);
    return {
      concurrency,
      hostOf,
      async send(message, context) {
        const { deliveryId, idempotencyKey, attempt } = context;
        calls.push({ channel, provider: id, at: clock.now(), deliveryId, idempotencyKey, attempt, message });
        own.running += 1;
        own.most = Math.max(own.most, own.running);
        try {
          const behaviour = own.queue.shift() ?? own.always;
          return await (typeof behaviour === 'function' ? behaviour(context, message) : behaviour);
        } finally {
          own.running -= 1;
        }
      },
      close: () => Promise.resolve(),
    };
  }

  const open = new Map(
    Object.entries(providers).map(([name, list]) => {
      const channel = name as Channel;
      return [channel, list.map((one) => openProvider(channel, one.id, transport(channel, one)))];
    }),
  );
  return {
    calls,
    transports: (channel) => open.get(channel) ?? [],
    sandboxed,
    live: [...open].map(([channel, list]) => ({
      channel,
      providers: list.map(({ id }) => id),
      sandboxed: sandboxed.has(channel),
    })),
    close: () => Promise.resolve(),
    next: (channel, provider, ...behaviours) => void script(channel, provider).queue.push(...behaviours),
    always(channel, provider, behaviour) {
      script(channel, provider).always = behaviour;
    },
    mostAtOnce: (channel, provider) => script(channel, provider).most,
  };
}

export function accepted(providerMessageId: string | null = null): Outcome {
  return { kind: 'accepted', providerMessageId };
}

export function rejected(code: Reason = 'invalid_recipient'): Outcome {
  return { kind: 'rejected', code, detail: `550 ${code}` };
}

/** The message's own trouble, for now. */
export function deferred(code: Reason = 'temporarily_rejected'): Outcome {
  return { kind: 'deferred', code, detail: `450 ${code}`, scope: 'attempt' };
}

/** The provider's own trouble. */
export function failing(code: Reason = 'provider_error'): Outcome {
  return { kind: 'deferred', code, detail: `503 ${code}`, scope: 'provider' };
}

/** Named a time: for this message, or (`provider`) for all. */
export function limited(retryAfterMs: number, scope: 'attempt' | 'provider' = 'attempt'): Outcome {
  return { kind: 'deferred', code: 'rate_limited', detail: '429', scope, retryAfterMs };
}

export function unknown(code: Reason = 'connection_lost'): Outcome {
  return { kind: 'unknown', code, detail: 'the connection broke' };
}

/** Answers after `ms` of the test's clock, whatever its signal says. */
export function slowly(clock: Clock, ms: number, outcome: Outcome = accepted()): Behaviour {
  return () =>
    new Promise((resolve) => {
      clock.after(ms, () => resolve(outcome));
    });
}

/** Answers as soon as its signal aborts. */
export function whenAborted(outcome: Outcome): Behaviour {
  return ({ signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(outcome), { once: true });
    });
}

/** Never answers and heeds nothing. */
export const hanging: Behaviour = () => new Promise(() => {});

/** A call that the test itself ends. */
export function heldCall(): { readonly behaviour: Behaviour; readonly answer: (outcome: Outcome) => void } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  return { behaviour: () => promise, answer: resolve };
}
