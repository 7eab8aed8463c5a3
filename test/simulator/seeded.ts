/**
 * The one source of chance in a simulation. Two with the same seed answer the same numbers; `fork` makes one whose
 * numbers do not depend on how many the others have been asked for.
 */
export class Seeded {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = digest(seed);
    this.#b = digest(`${seed}.`);
    this.#c = this.#a ^ 0x9e3779b9;
    for (let turn = 0; turn < 12; turn++) this.next();
  }

  fork(name: string | number): Seeded {
    return new Seeded(`${this.#seed}/${name}`);
  }

  /** In [0, 1). This is sfc32, which passes the usual batteries of tests and costs a few nanoseconds. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.next() * list.length)];
    if (found === undefined) throw new Error('there is nothing to pick from');
    return found;
  }

  /** One of the names, each as likely as its weight is large. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new Error('there is nothing to pick from');
  }

  shuffled<T>(list: readonly T[]): T[] {
    const left = [...list];
    const shuffled: T[] = [];
    while (left.length > 0) shuffled.push(...left.splice(Math.floor(this.next() * left.length), 1));
    return shuffled;
  }

  readonly bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => this.between(0, 255));
}

/** FNV-1a with a last stir, 32 bits. */
export function digest(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * Chance by topic: what is drawn for one does not depend on what was drawn for others. So a run from which something
 * is left out stays the same wherever that had no part.
 */
export class Chances {
  readonly #seed: string;
  readonly #asked = new Map<string, number>();

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** For the next time that this comes up. */
  of(topic: string): Seeded {
    const asked = this.#asked.get(topic) ?? 0;
    this.#asked.set(topic, asked + 1);
    return new Seeded(`${this.#seed}/${topic}/${asked}`);
  }
}
