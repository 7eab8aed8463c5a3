import { execFile, execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { atEnd } from '../kit/at-end.ts';
import { temporaryFolder } from '../kit/tidings-process.ts';

/** A disk of its own for one test, gone afterwards. */
export interface SmallDisk {
  readonly folder: string;
  /** Lets something else have the disk, but for so many MiB; 0: not a byte is left. */
  fill(left: number): void;
  /** Takes that away again. */
  clear(): void;
}

const MEBIBYTE = 1024 * 1024;

/** Null: this user may not mount one. */
export async function smallDisk(t: TestContext, mebibytes: number): Promise<SmallDisk | null> {
  const folder = join(await temporaryFolder(t), 'disk');
  await mkdir(folder);
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  } catch {
    return null;
  }
  let mounted = true;
  const unmount = () => {
    if (mounted) execFileSync('umount', ['--lazy', folder]);
    mounted = false;
  };
  // However this process ends, the machine is left as it was.
  process.once('exit', unmount);
  atEnd(t, () => {
    process.off('exit', unmount);
    unmount();
  });
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill(left) {
      const file = openSync(ballast, 'a');
      try {
        for (const size of [MEBIBYTE, 4096]) {
          const block = Buffer.alloc(size);
          const { bavail, bsize } = statfsSync(folder);
          const rest = bavail * bsize - left * MEBIBYTE;
          for (let written = 0; written + size <= rest; ) written += writeSync(file, block);
        }
      } catch (error) {
        // What else is written there was quicker.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    clear: () => rmSync(ballast),
  };
}
