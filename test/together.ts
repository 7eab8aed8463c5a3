import { globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * All test files that the patterns in the arguments name, in this one process: to load what they share takes longer
 * than most of them do. A hook outside of every suite is a hook of all of them.
 */
const root = join(import.meta.dirname, '..');
for (const file of globSync(process.argv.slice(2), { cwd: root }).toSorted()) {
  await import(pathToFileURL(resolve(root, file)).href);
}
