/** What arrives in the order in which it was sent off. */
export class Line {
  readonly #places: { happen: (() => void) | null }[] = [];

  /** Somebody sets out; the answer is called when he would arrive, and calls what happens then when all before him have. */
  join(): (happen: () => void) => void {
    const place: { happen: (() => void) | null } = { happen: null };
    this.#places.push(place);
    return (happen) => {
      place.happen = happen;
      while (this.#places[0]?.happen) this.#places.shift()?.happen?.();
    };
  }
}
