import type { Io } from './io.ts';
import { LiveLine } from './live-line.ts';
import { counted } from './words.ts';

/** How often it says how far it is, in ms: where it can be seen as it comes, and where it becomes a line. */
const REDRAW = 100;
const TELL = 1_000;
const BAR = 20;

/** How far long work is: a bar with rate and time left on a terminal, a line a second elsewhere. */
export class Progress {
  readonly #io: Io;
  readonly #line: LiveLine;
  #what = '';
  #began = { at: 0, done: 0 };
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(io: Io) {
    this.#io = io;
    this.#line = new LiveLine(io);
  }

  tell(what: string, done: number, of: number): void {
    const { clock, columns, err } = this.#io;
    const now = clock.now();
    const isNew = what !== this.#what;
    if (isNew) {
      this.#what = what;
      // What was done before, by a run that was interrupted, says nothing of the speed.
      this.#began = { at: now, done };
    }
    const isLive = columns() !== null;
    // Every piece of work is named once, however short it is, and a bar is seen to its end.
    const isDue = isNew || (isLive && done >= of) || now - this.#toldAt >= (isLive ? REDRAW : TELL);
    if (!isDue) return;
    this.#toldAt = now;
    if (isLive) this.#line.show(bar({ what, done, of, rate: this.#rate(done, now) }));
    else err(`${what}: ${counted(done)} of ${counted(of)}\n`);
  }

  end(): void {
    this.#line.clear();
  }

  /** A second; null as long as there is nothing to go by. */
  #rate(done: number, now: number): number | null {
    const ms = now - this.#began.at;
    return ms < 2 * REDRAW || done === this.#began.done ? null : ((done - this.#began.done) / ms) * 1000;
  }
}

interface State {
  readonly what: string;
  readonly done: number;
  readonly of: number;
  readonly rate: number | null;
}

export function bar({ what, done, of, rate }: State): string {
  const part = of === 0 ? 1 : Math.min(1, done / of);
  const full = Math.floor(part * BAR);
  const speed = rate === null ? '' : `  ${counted(rate)}/s`;
  const left = rate === null || rate === 0 || done >= of ? '' : `  ${timeText((of - done) / rate)} left`;
  return `${what} ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${Math.floor(part * 100)} %  ${counted(done)} of ${counted(of)}${speed}${left}`;
}

/** `5 s`, `3 min 20 s`, `2 h 5 min`. */
export function timeText(seconds: number): string {
  const all = Math.max(0, Math.ceil(seconds));
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${all % 60} s` : `${all} s`;
}
