import type { Channel, Fault } from '../../api/types.ts';

/** The form as it is filled in: all texts, as the fields hold them. */
export interface Draft {
  readonly user_id: string;
  readonly email: string;
  readonly phone: string;
  readonly telegram: string;
  readonly title: string;
  readonly message: string;
  readonly action_url: string;
  /** In the order in which they were chosen; none: as the service does by default. */
  readonly channels: readonly Channel[];
  readonly strategy: 'fallback' | 'all';
  readonly when: 'now' | 'at' | 'delay';
  readonly send_at: string;
  readonly delay: string;
  readonly ttl: string;
  readonly priority: 'high' | 'normal' | 'low';
  readonly tags: string;
}

export const EMPTY: Draft = {
  user_id: '',
  email: '',
  phone: '',
  telegram: '',
  title: '',
  message: '',
  action_url: '',
  channels: [],
  strategy: 'fallback',
  when: 'now',
  send_at: '',
  delay: '',
  ttl: '',
  priority: 'normal',
  tags: '',
};

/** What the API is asked. It checks everything itself, so nothing is checked here: only what is empty is left out. */
export function requestFrom(draft: Draft): Readonly<Record<string, unknown>> {
  const { user_id, email, phone, telegram, title, message, action_url, ttl, channels, strategy, priority } = draft;
  const tags = draft.tags.split(',').flatMap((tag) => (tag.trim() === '' ? [] : [tag.trim()]));
  return {
    recipient: filled({ user_id, email, phone, telegram }),
    ...filled({ title, action_url, ttl }),
    ...(message === '' ? {} : { message }),
    ...(channels.length === 0 ? {} : { channels }),
    ...(strategy === 'fallback' ? {} : { strategy }),
    ...(priority === 'normal' ? {} : { priority }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(draft.when === 'at' ? { send_at: inUtc(draft.send_at) } : {}),
    ...(draft.when === 'delay' ? { delay: draft.delay.trim() } : {}),
  };
}

function filled(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text.trim() === '' ? [] : [[name, text.trim()]])),
  );
}

/** The field holds a time in the viewer's zone. What is no time goes on as it is, and the API says so. */
function inUtc(local: string): string {
  const time = new Date(local);
  return Number.isNaN(time.getTime()) ? local : time.toISOString();
}

export type FieldName = Exclude<keyof Draft, 'strategy' | 'when'> | 'recipient' | 'other';

const FIELDS = new Map<string, FieldName>(
  (
    ['title', 'message', 'action_url', 'ttl', 'priority', 'tags', 'channels', 'send_at', 'delay', 'recipient'] as const
  ).map((name) => [name, name]),
);
const ADDRESSES = new Map<string, FieldName>(
  (['user_id', 'email', 'phone', 'telegram'] as const).map((name) => [name, name]),
);

/** Every fault at the field it is about, by its JSON pointer; those of no field stand under `other`. */
export function faultsByField(faults: readonly Fault[]): ReadonlyMap<FieldName, readonly string[]> {
  const byField = new Map<FieldName, readonly string[]>();
  for (const { pointer, detail } of faults) {
    const [, first = '', second = ''] = pointer.split('/');
    const field = (first === 'recipient' ? ADDRESSES.get(second) : undefined) ?? FIELDS.get(first) ?? 'other';
    const words = field === 'other' ? `${pointer}: ${detail}` : detail;
    byField.set(field, [...(byField.get(field) ?? []), words]);
  }
  return byField;
}
