/** Where the truth is kept. */
export type DatabaseLocation =
  | {
      readonly kind: 'sqlite';
      /** As given: relative to the folder that the process was started in, or absolute. */
      readonly path: string;
    }
  | {
      readonly kind: 'postgres';
      /** `postgresql://…`, whatever driver other languages would use. May hold a password. */
      readonly url: string;
    };

/**
 * `sqlite:./data/tidings.db`, `sqlite:/absolute/file`, and the forms with slashes that SQLAlchemy made common:
 * `sqlite:///relative/file`, `sqlite:////absolute/file`. `postgres://…`, `postgresql://…`, and with a driver's name,
 * `postgresql+asyncpg://…`, `sqlite+aiosqlite:///…`. Undefined: none of them.
 */
export function parseDatabaseUrl(text: string): DatabaseLocation | undefined {
  const server = /^postgres(?:ql)?(?:\+[a-z0-9]+)?(:\/\/.*)$/is.exec(text)?.[1];
  if (server !== undefined) return parsePostgres(`postgresql${server}`);
  const rest = /^sqlite(?:\+[a-z0-9]+)?:(.*)$/is.exec(text)?.[1];
  if (rest === undefined || /[\p{Cc}?#]/u.test(rest)) return undefined;
  const path = rest.startsWith('///') ? rest.slice(3) : rest;
  // A URL's host has no meaning for a file, and a database in memory would lose what it accepted.
  if (path === '' || path.endsWith('/') || path.startsWith('//') || path.includes(':memory:')) return undefined;
  return { kind: 'sqlite', path };
}

function parsePostgres(url: string): DatabaseLocation | undefined {
  if (/[\s\p{Cc}]/u.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).pathname.length > 1 ? { kind: 'postgres', url } : undefined;
}
