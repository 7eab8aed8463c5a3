import type { Recipient } from '../api/types.ts';

/** Who it is for, in one line: the address that says most. */
export function recipientWords(recipient: Recipient): string {
  const { user_id, email, phone, telegram, push_tokens, slack, discord, teams, whatsapp, webhook_url } = recipient;
  const chat = telegram === undefined ? undefined : `Telegram ${telegram}`;
  const address = email ?? phone ?? chat ?? whatsapp ?? webhook_url ?? slack ?? discord ?? teams;
  return address ?? user_id ?? (push_tokens === undefined ? 'nobody' : 'a device');
}

/** Every address there is, with its name. */
export function addressesOf(recipient: Recipient): readonly (readonly [string, string])[] {
  return Object.entries(recipient).flatMap(([name, value]) =>
    value === undefined ? [] : [[NAMES[name] ?? name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
}

const NAMES: Readonly<Record<string, string>> = {
  user_id: 'User',
  email: 'Email',
  phone: 'Phone',
  telegram: 'Telegram',
  push_tokens: 'Push tokens',
  slack: 'Slack',
  discord: 'Discord',
  teams: 'Teams',
  whatsapp: 'WhatsApp',
  webhook_url: 'Webhook',
  locale: 'Locale',
  timezone: 'Time zone',
};
