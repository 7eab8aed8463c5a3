/** One numbered file of a store's `migrations/`. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** What the database remembers of a migration that was applied to it. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  /** As `needsOf`; null where a program wrote the row that knew nothing of it. */
  readonly needs: number | null;
}

const WORKS_FROM = /^-- Programs that know (\d{4}) work with this\.$/m;

/**
 * The newest migration that a program must know to work with the schema after this one. It is the migration itself,
 * unless its file says otherwise in a line of its own: `-- Programs that know 0002 work with this.` Only a migration that does nothing
 * but add may say so, so that during an upgrade the program before it goes on beside the program after it.
 */
export function needsOf({ number, sql }: Migration): number {
  const said = WORKS_FROM.exec(sql)?.[1];
  return said === undefined ? number : Math.min(number, Number(said));
}

/** Why a program that knows migrations up to `newest` may not work with the database, as a sentence; null if it may. */
export function schemaRefusal(applied: Iterable<AppliedMigration>, newest: number): string | null {
  for (const { number, name, needs } of applied) {
    if (number > newest && (needs ?? number) > newest) {
      return `the database is newer (${name}) than this program; start a newer Tidings`;
    }
  }
  return null;
}
