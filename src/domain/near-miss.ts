/** Which of the known words is meant by one that is at most so many slips away from it; null: none. */
export function nearMiss(word: string, known: readonly string[], most: number): string | null {
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const one of known) {
    if (Math.abs(one.length - word.length) > most) continue;
    const distance = slipsBetween(word, one);
    if (distance <= most && (best === null || distance < best.distance)) best = { word: one, distance };
  }
  return best?.word ?? null;
}

/** How many letters must be added, left out, exchanged or swapped with their neighbour to make one text of the other. */
export function slipsBetween(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const line = [row];
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1;
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      line.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (line[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + same,
          row > 1 && column > 1 && swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = last;
    last = line;
  }
  return last.at(-1) ?? 0;
}
