import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

/**
 * Builds what is published as `@tidings/inbox`: modules and their types, into inbox/dist or the folder that is named.
 * With `--no-types` the modules alone.
 */
const ROOT = join(import.meta.dirname, '..');
const INBOX = join(ROOT, 'inbox');
const options = process.argv.slice(2);
const folder = options.find((option) => !option.startsWith('--')) ?? join(INBOX, 'dist');

await build({
  configFile: join(INBOX, 'vite.config.ts'),
  logLevel: 'warn',
  build: { outDir: folder, emptyOutDir: true },
});
if (!options.includes('--no-types')) {
  const types = join(folder, 'types');
  rmSync(types, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', join(INBOX, 'tsconfig.types.json'), '--outDir', types], {
    stdio: 'inherit',
  });
}
