import { digest } from './seeded.ts';

export interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: string;
  /** Which notifications it is about, by number; none: all or no one. */
  readonly about: readonly number[];
}

/**
 * What happened, step by step. The hash is always kept, so that two runs can be compared; the lines, which cost time,
 * only on request.
 */
export class Trace {
  readonly lines: Line[] = [];
  readonly #keeps: boolean;
  readonly #start: number;
  readonly #codes = new Map<string, number>();
  #high = 0x811c9dc5;
  #low = 0x1000193;

  constructor(start: number, keeps: boolean) {
    this.#start = start;
    this.#keeps = keeps;
  }

  get hash(): string {
    return (this.#high >>> 0).toString(16).padStart(8, '0') + (this.#low >>> 0).toString(16).padStart(8, '0');
  }

  note(at: number, who: string, op: string, about: readonly number[], number: number, detail: () => string): void {
    this.#mix(at - this.#start);
    this.#mix(this.#codeOf(who));
    this.#mix(this.#codeOf(op));
    this.#mix(number);
    for (const one of about) this.#mix(one);
    if (this.#keeps) this.lines.push({ at: at - this.#start, who, what: `${op} ${detail()}`.trim(), about });
  }

  /** A time of the world, as it stands in the lines. */
  clock(time: number | null): string {
    return time === null ? 'never' : inShort(time - this.#start);
  }

  #codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    const code = digest(text);
    this.#codes.set(text, code);
    return code;
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ (value | 0), 0x01000193);
    this.#low = Math.imul(this.#low ^ ((this.#high >>> 15) + (value | 0)), 0x85ebca6b);
  }
}

/** `1:02:03.456`, from the start of the run. */
export function inShort(ms: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = `${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${String(Math.floor(ms) % 1_000).padStart(3, '0')}`;
  return `${Math.floor(ms / 3_600_000)}:${clock}`;
}

export function written({ at, who, what }: Line): string {
  return `${inShort(at)}  ${who.padEnd(12)} ${what}`;
}
