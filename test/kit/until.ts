/** How long a test waits for anything before it says what is missing, in ms. */
export const PATIENCE = 20_000;

/** How often something is looked at that does not ring, in ms. */
const LOOK = 20;

/** The promise's value, or an error with these words if it takes longer than anything should. */
export async function until<T>(promise: Promise<T>, words: () => string, patience = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(words())), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks again and again until there is something to see. */
export async function seen<T>(
  look: () => Promise<T | undefined> | T | undefined,
  words: () => string,
  patience = PATIENCE,
): Promise<T> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(words());
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}
