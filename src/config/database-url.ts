/** Where the truth is kept. */
export interface DatabaseLocation {
  readonly kind: 'sqlite';
  /** As given: relative to the folder that the process was started in, or absolute. */
  readonly path: string;
}

/**
 * `sqlite:./data/tidings.db`, `sqlite:/absolute/file`, and the forms with slashes that SQLAlchemy made common:
 * `sqlite:///relative/file`, `sqlite:////absolute/file`. Undefined: none of them.
 */
export function parseDatabaseUrl(text: string): DatabaseLocation | undefined {
  const rest = /^sqlite:(.*)$/s.exec(text)?.[1];
  if (rest === undefined || /[\p{Cc}?#]/u.test(rest)) return undefined;
  const path = rest.startsWith('///') ? rest.slice(3) : rest;
  // A URL's host has no meaning for a file, and a database in memory would lose what it accepted.
  if (path === '' || path.endsWith('/') || path.startsWith('//') || path.includes(':memory:')) return undefined;
  return { kind: 'sqlite', path };
}
