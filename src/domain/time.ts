const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * An RFC 3339 time with its zone, in ms since the epoch; null for anything else. Unlike `Date`, a day that does not
 * exist (30 February) is refused, not rolled over.
 */
export function parseTime(text: string): number | null {
  const parts = RFC3339.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second, fraction, sign, zoneHour, zoneMinute] = parts;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(zoneHour ?? 0) > 23 || Number(zoneMinute ?? 0) > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return null;
  const millis = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000);
  const offset = (Number(zoneHour ?? 0) * 60 + Number(zoneMinute ?? 0)) * (sign === '-' ? -1 : 1);
  return date.getTime() + ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000 + millis;
}

/** The second that was written last, and its text: times come in their order, thousands in a second. */
let second = Number.NaN;
let textOfSecond = '';

/** RFC 3339, UTC, milliseconds. */
export function formatTime(time: number): string {
  const whole = Math.trunc(time);
  const start = Math.floor(whole / 1000);
  if (start !== second) {
    textOfSecond = new Date(whole).toISOString().slice(0, -'000Z'.length);
    second = start;
  }
  return `${textOfSecond}${String(whole - start * 1000).padStart(3, '0')}Z`;
}
