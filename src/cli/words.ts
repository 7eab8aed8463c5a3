import type { Notification, Recipient } from '../../sdk/src/client.ts';
import type { Colour } from './io.ts';

/** What people are shown of what the API answers. */

type Shown = Pick<Notification, 'id' | 'status' | 'channel_used' | 'attempts' | 'deliveries'>;

export function notificationInWords(shown: Shown, paint: (colour: Colour, text: string) => string): string {
  const status = paint(colourOf(shown.status), shown.status);
  const lines = [`${shown.id} ${status}${shown.channel_used === null ? '' : ` by ${shown.channel_used}`}`];
  for (const attempt of shown.attempts) lines.push(`  ${attempt.attempt}. ${attemptInWords(attempt)}`);
  for (const { next_attempt_at: next } of shown.deliveries) if (next !== null) lines.push(`  next attempt at ${next}`);
  return lines.join('\n');
}

export function attemptInWords({ channel, provider, outcome, code, detail }: Notification['attempts'][number]): string {
  const why = code === null ? '' : `: ${code}${detail === null ? '' : ` (${plain(detail)})`}`;
  return `${channel} ${provider ?? '-'} ${outcome}${why}`;
}

const ARRIVED = new Set(['sent', 'delivered']);
const LOST = new Set(['failed', 'expired']);

export function hasArrived(status: string): boolean {
  return ARRIVED.has(status);
}

export function colourOf(status: string): Colour {
  if (hasArrived(status)) return 'green';
  return LOST.has(status) ? 'red' : 'yellow';
}

export function recipientInWords({ user_id, email, phone, ...others }: Recipient): string {
  const [other] = Object.values(others).flat();
  return plain(email ?? phone ?? user_id ?? other ?? '-');
}

/** Rows under each other, every column but the last as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '),
  );
}

export function counted(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** At most so many characters; where some are left out, the last one says so. */
export function cut(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

const HIDDEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu;

/** On one line, without what a terminal would take for a command, or what turns the order of letters around. */
export function plain(text: string): string {
  return text.replaceAll(HIDDEN, ' ');
}

/** JSON on one line, in which nothing is left that a terminal would take for a command. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value);
  return `${text.replaceAll(/[\u007f-\u009f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
