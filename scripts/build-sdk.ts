import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Builds @tidings/client: plain ES modules and their types, into sdk/dist, or into the folder that is named. */
const ROOT = join(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

export function buildSdk(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  execFileSync(process.execPath, [TSC, '-p', join(ROOT, 'sdk'), '--outDir', folder], { stdio: 'inherit' });
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.d.ts'))) {
    const path = join(folder, name);
    // The compiler gives the right endings to the imports of the code only.
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}

if (import.meta.main) buildSdk(process.argv[2] ?? join(ROOT, 'sdk', 'dist'));
