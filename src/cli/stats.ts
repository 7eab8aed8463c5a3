import type { Stats } from '../../sdk/src/client.ts';
import type { Given } from './command.ts';
import type { Io } from './io.ts';
import { timeText } from './progress.ts';
import { withService } from './service.ts';
import { columns, counted } from './words.ts';

export function stats(given: Given, io: Io): Promise<number> {
  return withService(given, io, async ({ tidings, signal, print }) => {
    const window = given.text('window');
    const figures = await tidings.stats({ window, signal });
    print(figures, () => inWords(figures, window ?? '24h'));
    return 0;
  });
}

function inWords({ total, by_status, by_channel, by_provider, queue }: Stats, window: string): string {
  const age = queue.oldest_age_ms === null ? '' : `, the oldest for ${timeText(queue.oldest_age_ms / 1000)}`;
  return [
    `${counted(total)} accepted in the last ${window}; ${counted(queue.depth)} waiting${age}`,
    ...section('deliveries', by_status),
    ...section('sent, by channel', by_channel),
    ...section('sent, by provider', by_provider),
  ].join('\n');
}

/** What is nought is left out. */
function section(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  const widest = Math.max(...rows.map(([, count]) => counted(count).length));
  const lines = columns(rows.map(([name, count]) => [name, counted(count).padStart(widest)]));
  return rows.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
