/**
 * Where an entry leads: an http(s) address, the page's own site where it names none; null for every other, as it may
 * be a script.
 */
export function linkOf(
  actionUrl: string | null,
  base: string,
): { readonly href: string; readonly isOwn: boolean } | null {
  if (actionUrl === null || !URL.canParse(actionUrl, base)) return null;
  const url = new URL(actionUrl, base);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  return { href: url.href, isOwn: url.origin === new URL(base).origin };
}
