/** What a heap keeps: something with a time. While it is inside, only the heap writes `place`, and nobody `dueAt`. */
export interface Due {
  readonly id: string;
  dueAt: number;
  /** Where in the heap it is; -1 outside. */
  place: number;
}

/** A binary heap that knows where everything is: the earliest first, equal times by id. Every change costs O(log n). */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The earliest; undefined if it is empty. */
  peek(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const last = this.#items.pop();
    const place = item.place;
    item.place = -1;
    if (last === undefined || last === item) return;
    this.#rise(last, place);
    this.#sink(last, last.place);
  }

  /** The earliest `limit` for which `wanted` holds from the front on, in order. They stay inside. */
  first(limit: number, wanted: (item: T) => boolean): T[] {
    const taken: T[] = [];
    for (let item = this.peek(); item !== undefined && taken.length < limit && wanted(item); item = this.peek()) {
      this.remove(item);
      taken.push(item);
    }
    for (const item of taken) this.add(item);
    return taken;
  }

  values(): IterableIterator<T> {
    return this.#items.values();
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !before(item, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#items[2 * place + 1];
      const right = this.#items[2 * place + 2];
      const child = left !== undefined && right !== undefined && before(right, left) ? right : left;
      if (child === undefined || !before(child, item)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}

function before(a: Due, b: Due): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.id < b.id);
}
