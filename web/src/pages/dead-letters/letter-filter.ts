/** Which dead letters are meant, as it stands in the page's address. */
export type LetterFilter = Readonly<Partial<Record<'code' | 'channel', string>>>;

export function filterIn(params: URLSearchParams): LetterFilter {
  const code = params.get('code') ?? '';
  const channel = params.get('channel') ?? '';
  return { ...(code === '' ? {} : { code }), ...(channel === '' ? {} : { channel }) };
}
