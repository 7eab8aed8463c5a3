import { CHANNELS, type Channel } from '../domain/channel.ts';
import { list } from '../domain/setting-forms.ts';
import { type Env, given, readSettings, type Setting, type SettingFault, type Settings } from '../domain/settings.ts';
import { outcomeCleaner } from './clean-outcome.ts';
import { sendgrid } from './email/sendgrid.ts';
import { smtp } from './email/smtp.ts';
import { inbox } from './in-app/inbox.ts';
import {
  type Channels,
  type OpenProvider,
  openProvider,
  type Provider,
  type ProviderParts,
  type ReadReceipts,
  type Transport,
} from './provider.ts';
import { sandboxProvider } from './sandbox/sandbox.ts';
import { twilio } from './sms/twilio.ts';
import { bot } from './telegram/bot.ts';
import { webhook } from './webhook/webhook.ts';

/** All there are. Within a channel, the order is that of failover unless `<CHANNEL>_PROVIDERS` says otherwise. */
export const PROVIDERS: readonly RegisteredProvider[] = [
  registered(smtp),
  registered(sendgrid),
  registered(twilio),
  registered(bot),
  registered(webhook),
  registered(inbox),
];

/** Stands in on every channel that has no other. */
const SANDBOXES: readonly RegisteredProvider[] = CHANNELS.map((channel) => registered(sandboxProvider(channel)));

/** A provider whose settings' types are kept inside: what the registry needs of all of them. */
export interface RegisteredProvider {
  readonly id: string;
  readonly channel: Channel;
  readonly settings: readonly Setting<unknown>[];
  /** Reads and checks its settings; what it answers opens it. Null if there are faults. */
  read(env: Env): {
    readonly open: PlannedProvider['open'] | null;
    readonly receipts: ReceiptReader | null;
    readonly faults: readonly SettingFault[];
  };
}

/** Makes what reads a vendor's receipts, for a service at that URL; null where its settings do not say how. */
export type ReceiptReader = (publicUrl: string | null) => ReadReceipts | null;

/** A provider that has its settings and is not open yet. */
export interface PlannedProvider {
  readonly id: string;
  open(parts: ProviderParts): Transport;
}

/** Which providers serve which channel, in failover order. */
export type ChannelPlan = ReadonlyMap<Channel, readonly PlannedProvider[]>;

export function registered<C extends Channel, S extends Settings>(provider: Provider<C, S>): RegisteredProvider {
  const { id, channel, settings } = provider;
  return {
    id,
    channel,
    settings: Object.values(settings),
    read(env) {
      const { values, faults } = readSettings(settings, env);
      if (values === null) return { open: null, receipts: null, faults };
      const between = provider.check?.(values) ?? [];
      const secrets = secretsIn(settings, env);
      const open = (parts: ProviderParts) => withCleanOutcomes(provider.open(values, parts), secrets);
      const receipts: ReceiptReader = (publicUrl) => provider.receipts?.(values, publicUrl) ?? null;
      return { open: between.length > 0 ? null : open, receipts, faults: between };
    },
  };
}

/** A secret that is a list of several is also each of them. */
function secretsIn(settings: Settings, env: Env): readonly string[] {
  const secret = Object.values(settings).filter(({ secret }) => secret);
  return secret.flatMap((setting) => {
    const text = given(env, setting.env) ?? '';
    return [text, ...text.split(/\s+/).filter((word) => word.length >= 16)];
  });
}

function withCleanOutcomes<C extends Channel>(transport: Transport<C>, secrets: readonly string[]): Transport<C> {
  const clean = outcomeCleaner(secrets);
  return {
    concurrency: transport.concurrency,
    hostOf: (message) => transport.hostOf(message),
    allowsUrl: (url) => transport.allowsUrl?.(url) ?? true,
    send: async (message, context) => clean(await transport.send(message, context), message),
    close: () => transport.close(),
  };
}

/** `EMAIL_PROVIDERS` and its like: the failover order. The inbox has but one provider. */
const ORDERS = new Map<Channel, Setting<readonly string[] | null>>(
  CHANNELS.filter((channel) => channel !== 'in_app').map((channel) => {
    const known = idsOf(channel);
    return [
      channel,
      list(`${channel.toUpperCase()}_PROVIDERS`, {
        doc: `The providers of ${channel} in the order in which they are tried; otherwise all that are set up.`,
        of: `names of providers (${known.join(', ')})`,
        item: (name) => known.find((id) => id === name.toLowerCase()),
      }),
    ] as const;
  }),
);

/** Every setting that makes or orders providers, for the documentation. `provider` null: the channel's order. */
export function allSettings(): readonly {
  readonly channel: Channel | null;
  readonly provider: string | null;
  readonly settings: readonly Setting<unknown>[];
}[] {
  const [sandbox] = SANDBOXES;
  return [
    ...PROVIDERS.map(({ channel, id, settings }) => ({ channel, provider: id, settings })),
    { channel: null, provider: 'sandbox', settings: sandbox?.settings ?? [] },
    ...[...ORDERS].map(([channel, order]) => ({ channel, provider: null, settings: [order] })),
  ];
}

/**
 * Reads which providers are live and in what order. Half a configuration is a fault, never a silent sandbox. The
 * plan holds what could be read; it is whole only without faults. `readers` has all that are live: what was sent by one
 * before it was taken out of the order is still told of.
 */
export function readChannels(
  env: Env,
  providers: readonly RegisteredProvider[] = PROVIDERS,
): {
  readonly plan: ChannelPlan;
  readonly readers: ReadonlyMap<string, ReceiptReader>;
  readonly faults: readonly SettingFault[];
} {
  const faults: SettingFault[] = [];
  const readers = new Map<string, ReceiptReader>();
  const live = new Map<RegisteredProvider, PlannedProvider>();
  for (const provider of providers) {
    const missing = missingPartners(provider, env, providers);
    if (missing === null) continue;
    const unread = { open: null, receipts: null, faults: missing };
    const { open, receipts, faults: own } = missing.length > 0 ? unread : provider.read(env);
    faults.push(...own);
    if (receipts !== null) readers.set(provider.id, receipts);
    // One with faults counts as live, so that an order that names it is not called wrong too.
    live.set(provider, { id: provider.id, open: open ?? notReadable });
  }

  const plan = new Map<Channel, readonly PlannedProvider[]>();
  for (const sandbox of SANDBOXES) {
    const own = [...live].filter(([{ channel }]) => channel === sandbox.channel).map(([, planned]) => planned);
    const ordered = inOrder(sandbox.channel, env, own);
    faults.push(...ordered.faults);
    const ids = ordered.ids ?? own.map(({ id }) => id);
    const stand = ids.length === 0 || ids.includes('sandbox') ? sandbox.read(env) : null;
    for (const fault of stand?.faults ?? []) if (!faults.some(({ env }) => env === fault.env)) faults.push(fault);
    const standIn: PlannedProvider = { id: 'sandbox', open: stand?.open ?? notReadable };
    const chosen = (ids.length === 0 ? ['sandbox'] : ids).map((id) =>
      id === 'sandbox' ? standIn : own.find((planned) => planned.id === id),
    );
    plan.set(
      sandbox.channel,
      chosen.filter((planned) => planned !== undefined),
    );
  }
  return { plan, readers, faults };
}

/** Opens every provider of a plan that has no faults. */
export function openPlan(plan: ChannelPlan, parts: ProviderParts): Channels {
  const open = new Map<Channel, readonly OpenProvider[]>();
  for (const [channel, planned] of plan) {
    open.set(
      channel,
      planned.map((one) => openProvider(channel, one.id, one.open(parts))),
    );
  }
  const live = [...open].map(([channel, providers]) => ({
    channel,
    providers: providers.map(({ id }) => id),
    sandboxed: providers.every(({ id }) => id === 'sandbox'),
  }));
  return {
    transports: (channel) => open.get(channel) ?? [],
    sandboxed: new Set(live.filter(({ sandboxed }) => sandboxed).map(({ channel }) => channel)),
    live,
    async close() {
      await Promise.all([...open.values()].flat().map(({ transport }) => transport.close()));
    },
  };
}

/**
 * Null: the provider is not meant to be live, nothing of it is set. Otherwise the required settings that are missing.
 * A setting that several providers share speaks only for the first of them, and for none if another is complete.
 */
function missingPartners(
  provider: RegisteredProvider,
  env: Env,
  providers: readonly RegisteredProvider[],
): readonly SettingFault[] | null {
  const isSet = (setting: Setting<unknown>) => given(env, setting.env) !== null;
  const isComplete = (one: RegisteredProvider) => one.settings.every((setting) => !setting.required || isSet(setting));
  const speaksFor = (setting: Setting<unknown>) => {
    const sharing = providers.filter(({ settings }) => settings.some(({ env }) => env === setting.env));
    return sharing[0] === provider && !sharing.some((one) => one !== provider && isComplete(one));
  };
  if (isComplete(provider)) return [];
  const sign = provider.settings.find(
    (setting) => isSet(setting) && (setting.required || (setting.defaultText === null && speaksFor(setting))),
  );
  if (sign === undefined) return null;
  return provider.settings
    .filter((setting) => setting.required && !isSet(setting))
    .map(({ env, form }) => ({ env, problem: `is not set, but ${sign.env} is; it must be ${form}` }));
}

function inOrder(
  channel: Channel,
  env: Env,
  live: readonly PlannedProvider[],
): { readonly ids: readonly string[] | null; readonly faults: readonly SettingFault[] } {
  const order = ORDERS.get(channel);
  if (order === undefined) return { ids: null, faults: [] };
  const { values, faults } = readSettings({ order }, env);
  const ids = values?.order ?? null;
  const dead = (ids ?? []).filter((id) => id !== 'sandbox' && !live.some((planned) => planned.id === id));
  const problems = dead.map((id) => ({ env: order.env, problem: `names ${id}, whose settings are missing` }));
  return { ids, faults: [...faults, ...problems] };
}

function idsOf(channel: Channel): readonly string[] {
  return [...PROVIDERS.filter((provider) => provider.channel === channel).map(({ id }) => id), 'sandbox'];
}

function notReadable(): never {
  throw new Error('A plan with faults was opened.');
}
