import type { Notification } from '../../api/types.ts';

/**
 * The request that would send the same again. `overrides`, `data` and `retry` are not told by the API and are missing;
 * a key is left to be filled in.
 */
export function curlFor(notification: Notification, origin: string, needsKey: boolean): string {
  const body = JSON.stringify(requestOf(notification), null, 2).replaceAll("'", "'\\''");
  return [
    `curl -X POST ${origin}/api/v1/notifications \\`,
    ...(needsKey ? [`  -H 'X-API-Key: …' \\`] : []),
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body}'`,
  ].join('\n');
}

export function requestOf({ recipient, title, message, deliveries, priority, tags, metadata }: Notification): object {
  const chains = deliveries.map(({ channels }) => channels);
  const [only] = chains;
  const route =
    chains.length === 1 && only !== undefined
      ? { channels: only }
      : { strategy: 'all', channels: chains.map((chain) => (chain.length === 1 ? chain[0] : chain)) };
  return {
    recipient,
    ...(title === null ? {} : { title }),
    message,
    ...route,
    ...(priority === 'normal' ? {} : { priority }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
