/** Longest URL that is taken, in characters. */
export const MAX_URL = 2048;

/**
 * A URL that may be called, by its form alone: http or https, a host, no user or password, no fragment, no blanks or
 * control characters, and no port that belongs to another service. Whether its address may be called is decided when
 * it is connected to. Null: not such a URL.
 */
export function parseCallableUrl(text: string): string | null {
  if (text.length > MAX_URL || !/^https?:\/\//i.test(text) || /[\s\\\p{Cc}\p{Cf}]/u.test(text)) return null;
  if (text.includes('#') || !URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hostname === '' || !isWebPort(url.port)) return null;
  return url.href;
}

/** Below 1024 nothing but the web's own ports: HTTP spoken to a mail server or the like is an attack on it. */
function isWebPort(port: string): boolean {
  return port === '' || port === '80' || port === '443' || Number(port) >= 1024;
}

/** A link shown to people: http(s), mailto or a path of the same site; never a script. */
export function isSafeLink(text: string): boolean {
  if (text.length > MAX_URL || /[\s\\\p{Cc}\p{Cf}]/u.test(text)) return false;
  if (text.startsWith('/')) return !text.startsWith('//');
  if (!URL.canParse(text)) return false;
  return ['http:', 'https:', 'mailto:'].includes(new URL(text).protocol);
}
