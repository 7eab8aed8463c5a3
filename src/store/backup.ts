/** A small port of its own, for engines whose data are a file: a copy of it that is whole, and the way back. */
export interface Backups {
  /**
   * Copies the database as it is at one moment, while others go on writing, and checks the copy. Only then it gets its
   * name, in place of an older backup if there is one; killed at any moment it leaves what was there.
   */
  backUp(file: string): Promise<BackupResult>;

  /** Reads a backup again from its first byte to its last. */
  check(file: string): Promise<CheckResult>;

  /**
   * Puts a backup in the place of the database, which nobody may be using; killed at any moment it leaves the old one
   * or the new one. One that holds anything is replaced only by force, and kept under another name. Leases are void
   * afterwards: what was being sent is in doubt at once.
   */
  restore(file: string, options: { readonly force: boolean }): Promise<RestoreResult>;
}

/** What is known of a backup, and kept in it. */
export interface BackupNote {
  /** When the copied moment was, in ms since the epoch. */
  readonly madeAt: number;
  readonly tables: Readonly<Record<string, TableSum>>;
}

export interface TableSum {
  readonly rows: number;
  /** SHA-256 over all rows in the order of their keys, in hexadecimal digits. */
  readonly sha256: string;
}

/** `why` is a sentence for whoever asked. */
export interface BackupRefused {
  readonly kind: 'refused';
  readonly why: string;
}

export type CheckResult = { readonly kind: 'sound'; readonly note: BackupNote } | BackupRefused;

export type BackupResult = { readonly kind: 'made'; readonly note: BackupNote; readonly bytes: number } | BackupRefused;

export type RestoreResult =
  | {
      readonly kind: 'restored';
      readonly note: BackupNote;
      /** Where the database is now that was there before; null: there was none. */
      readonly aside: string | null;
      /** Deliveries that were being sent. */
      readonly inDoubt: number;
    }
  | BackupRefused;
