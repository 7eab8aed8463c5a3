import { TidingsInboxBell, useInbox } from '@tidings/inbox/react';

/** Your server answers `{ "token": "…" }` for whoever is signed in (../server.js shows one). */
async function token(): Promise<string> {
  const response = await fetch('/inbox-token', { method: 'POST' });
  return ((await response.json()) as { token: string }).token;
}

/** Where Tidings is, and who is signed in. */
export interface Place {
  readonly baseUrl: string;
  readonly userId: string;
}

export function Header({ baseUrl, userId, goTo }: Place & { goTo: (path: string) => void }) {
  return (
    <header>
      <h1>An application</h1>
      <TidingsInboxBell
        baseUrl={baseUrl}
        userId={userId}
        token={token}
        onSelect={(item) => {
          if (item.action_url?.startsWith('/') !== true) return true;
          goTo(item.action_url);
          return false;
        }}
      />
    </header>
  );
}

/** The same without our looks. */
export function Digest({ baseUrl, userId }: Place) {
  const { items, counts, status, error, hasMore, inbox } = useInbox({ baseUrl, userId, token });
  if (status === 'loading') return <p>Loading…</p>;
  if (status === 'error') return <p role="alert">{error?.message}</p>;
  return (
    <section aria-label="Digest">
      <h2>{counts.unread} unread</h2>
      <ul>
        {items.map(({ id, title, body, read_at }) => (
          <li key={id}>
            {title ?? body}
            {read_at === null && (
              <button type="button" onClick={() => void inbox.mark('read', [id])}>
                Mark as read
              </button>
            )}
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" onClick={() => void inbox.loadMore()}>
          More
        </button>
      )}
    </section>
  );
}
