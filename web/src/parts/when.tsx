import { useSyncExternalStore } from 'react';

/** One clock for everything on the page that counts seconds. */
let now = Date.now();
let timer: ReturnType<typeof setInterval> | null = null;
const listeners = new Set<() => void>();

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}

const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** In the viewer's zone; the exact time in UTC is in the tooltip. */
export function When({ at, relative = false }: { at: string; relative?: boolean }) {
  const time = Date.parse(at);
  if (Number.isNaN(time)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={`${at.replace('T', ' ').replace('Z', '')} UTC`} className="figure">
      {relative ? <Ago time={time} /> : DAY_AND_TIME.format(time)}
    </time>
  );
}

function Ago({ time }: { time: number }) {
  return <>{agoWords(useNow() - time, time)}</>;
}

function agoWords(ms: number, time: number): string {
  if (ms < -1_000) return `in ${spanWords(-ms)}`;
  if (ms < 2_000) return 'just now';
  return ms < 86_400_000 ? `${spanWords(ms)} ago` : DAY_AND_TIME.format(time).replace(/:\d\d$/, '');
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** `3 min`, `4 h`: the largest unit alone. */
export function spanWords(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= size) ?? [1_000, 's'];
  return `${Math.floor(ms / size)} ${unit}`;
}

/** `1:09` or `2:03:59` until a time; never less than nothing. */
export function Countdown({ to }: { to: string }) {
  const left = Math.max(0, Math.ceil((Date.parse(to) - useNow()) / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(left / 3_600), Math.floor(left / 60) % 60, left % 60];
  if (left === 0) return <span className="figure">any moment</span>;
  return (
    <span className="figure" role="timer">
      in {hours > 0 ? `${hours}:${two(minutes)}` : minutes}:{two(seconds)}
    </span>
  );
}
