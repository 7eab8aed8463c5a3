const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SHORT = /^([0-9]{1,9})(ms|s|m|h|d)$/;
const ISO = /^P(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,9})S)?)?$/;

/** `"30s"`, `"10m"`, `"1h"`, `"2d"`, or ISO 8601 (`PT30S`, `P1DT2H`) in ms; null if it is neither. */
export function parseDuration(text: string): number | null {
  const short = SHORT.exec(text);
  if (short) return Number(short[1]) * (UNITS[short[2] ?? ''] ?? 0);
  const iso = ISO.exec(text);
  if (!iso || text === 'P' || text.endsWith('T')) return null;
  const [, days, hours, minutes, seconds] = iso;
  return (
    Number(days ?? 0) * 86_400_000 +
    Number(hours ?? 0) * 3_600_000 +
    Number(minutes ?? 0) * 60_000 +
    Number(seconds ?? 0) * 1000
  );
}
