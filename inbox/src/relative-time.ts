const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['week', 604_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** Times in a language: how long ago, and exactly. One that the browser does not know is its own. */
export function timeWords(lang: string) {
  const relative = formatIn(lang, (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'short' }));
  const exact = formatIn(lang, (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'full', timeStyle: 'medium' }));
  return {
    ago(time: string, now: number): string {
      const past = now - Date.parse(time);
      const [unit, ms] = STEPS.find(([, step]) => past >= step) ?? ['second', 1_000];
      // A clock that goes slow shows nothing from the future; and whoever counts the seconds has the exact time.
      return relative.format(unit === 'second' ? 0 : -Math.floor(past / ms), unit);
    },
    exactly: (time: string): string => exact.format(new Date(time)),
  };
}

export type TimeWords = ReturnType<typeof timeWords>;

function formatIn<T>(lang: string, make: (tag: string | undefined) => T): T {
  try {
    return make(lang === '' ? undefined : lang);
  } catch {
    return make(undefined);
  }
}
