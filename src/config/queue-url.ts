/** What carries deliveries from the API to the workers. */
export type QueueLocation =
  /** Nothing besides the store. */
  | { readonly kind: 'database' }
  /** May hold a password. */
  | { readonly kind: 'redis' | 'rabbitmq'; readonly url: string };

/** `database`, `redis://…`, `rediss://…`, `amqp://…` or `amqps://…`. Undefined: none of them. */
export function parseQueueUrl(text: string): QueueLocation | undefined {
  if (text.toLowerCase() === 'database') return { kind: 'database' };
  const scheme = /^(redis|amqp)s?:\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || /[\s\p{Cc}]/u.test(text) || !URL.canParse(text)) return undefined;
  if (new URL(text).hostname === '') return undefined;
  return { kind: scheme === 'redis' ? 'redis' : 'rabbitmq', url: text };
}
