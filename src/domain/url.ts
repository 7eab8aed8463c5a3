/** Longest URL that is taken, in characters. */
export const MAX_URL = 2048;

/**
 * A URL that may be called, by its form alone: http or https, a host, no user or password, no fragment, no blanks or
 * control characters. Whether its address may be called is decided when it is connected to. Null: not such a URL.
 */
export function parseCallableUrl(text: string): string | null {
  if (text.length > MAX_URL || !/^https?:\/\//i.test(text) || /[\s\\\p{Cc}\p{Cf}]/u.test(text)) return null;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '' || url.hostname === '' || url.port === '0')
    return null;
  return url.href;
}

/** A link shown to people: http(s), mailto or a path of the same site; never a script. */
export function isSafeLink(text: string): boolean {
  if (text.length > MAX_URL || /[\s\\\p{Cc}\p{Cf}]/u.test(text)) return false;
  if (text.startsWith('/')) return !text.startsWith('//');
  if (!URL.canParse(text)) return false;
  return ['http:', 'https:', 'mailto:'].includes(new URL(text).protocol);
}
