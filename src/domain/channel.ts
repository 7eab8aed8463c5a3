/** The ways to reach a person. The order is that of the default route: a direct address first, the inbox last. */
export const CHANNELS = [
  'email',
  'sms',
  'push',
  'telegram',
  'whatsapp',
  'slack',
  'discord',
  'teams',
  'webhook',
  'in_app',
] as const;

export type Channel = (typeof CHANNELS)[number];

export function isChannel(value: string): value is Channel {
  return (CHANNELS as readonly string[]).includes(value);
}
