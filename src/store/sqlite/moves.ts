import type { DatabaseSync } from 'node:sqlite';
import { type Move, type MoveText, movesFrom } from '../moves.ts';

/** The log of moves; the writing functions run inside the caller's transaction. */
export function prepareMoves(db: DatabaseSync) {
  const insert = db.prepare(
    'INSERT INTO moves (last, count, at, moves) SELECT coalesce(max(last), 0) + ?1, ?1, ?2, ?3 FROM moves',
  );
  const newest = db.prepare('SELECT coalesce(max(last), 0) AS last FROM moves');
  const oldest = db.prepare('SELECT last - count AS before FROM moves WHERE last = (SELECT min(last) FROM moves)');
  const after = db.prepare('SELECT last, count, at, moves FROM moves WHERE last > ? ORDER BY last');
  const forget = db.prepare(
    `DELETE FROM moves WHERE last IN (SELECT last FROM moves
       WHERE last <= (SELECT max(last) FROM moves) - ? ORDER BY last LIMIT ? + 0)`,
  );

  return {
    add(moves: readonly MoveText[], now: number): void {
      insert.run(moves.length, now, `[${moves.join(',')}]`);
    },

    end: (): string => String(newest.get()?.last),

    after(point: string, limit: number): readonly Move[] | null {
      if (!/^\d{1,15}$/.test(point)) return null;
      const read = Number(point);
      if (read > Number(newest.get()?.last) || read < Number(oldest.get()?.before ?? 0)) return null;
      const moves: Move[] = [];
      for (const row of after.iterate(read)) {
        const first = Number(row.last) - Number(row.count) + 1;
        const all = movesFrom(String(row.moves), Number(row.at), (index) => String(first + index));
        moves.push(...all.slice(Math.max(0, read + 1 - first), Math.max(0, read + 1 - first) + limit - moves.length));
        if (moves.length === limit) break;
      }
      return moves;
    },

    /** At least one is kept, so that numbers go on. */
    forget: (keep: number, limit: number): number => Number(forget.run(Math.max(1, keep), limit).changes),
  };
}
