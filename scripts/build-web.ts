import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/**
 * Builds the dashboard into web/dist. With `--if-stale` only if what it is made of has changed since the last build;
 * then a build that cannot be made stops nobody: the service says on its page what is missing.
 */
const ROOT = join(import.meta.dirname, '..');
const WEB = join(ROOT, 'web');
/** A page of the dashboard shows the component, which reads events as the client does. */
const COMPONENT = [join(ROOT, 'inbox', 'src'), join(ROOT, 'sdk', 'src')];
const DIST = join(WEB, 'dist');
const STAMP = 'built-from';
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg']);

/** A digest of everything the build reads: its sources, the contract's types aside, and the versions of its packages. */
function sourcesDigest(): string {
  const digest = createHash('sha256');
  const folders = [WEB, ...COMPONENT].filter((folder) => existsSync(folder));
  const own = folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.startsWith(join(WEB, 'dist')));
  for (const path of [...own, join(ROOT, 'package-lock.json'), join(ROOT, 'scripts', 'build-web.ts')].toSorted()) {
    digest
      .update(`${path.slice(ROOT.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return digest.digest('hex');
}

function isFresh(digest: string): boolean {
  const stamp = join(DIST, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest;
}

/** Into a folder of its own that takes the place of the last build when all is there: two builds at once do no harm. */
async function build(digest: string): Promise<void> {
  const folder = join(WEB, `dist-${process.pid}`);
  try {
    const { build: bundle } = await import('vite');
    await bundle({ configFile: join(WEB, 'vite.config.ts'), logLevel: 'warn', build: { outDir: folder } });
    compress(folder);
    writeFileSync(join(folder, STAMP), digest);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(folder, DIST);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !COMPRESSED.has(extname(path))) continue;
    const bytes = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
}

async function main(onlyIfStale: boolean): Promise<number> {
  const digest = sourcesDigest();
  if (onlyIfStale && isFresh(digest)) return 0;
  // Installed without what only building needs: what is there is served.
  if (onlyIfStale && !existsSync(join(ROOT, 'node_modules', 'vite'))) return 0;
  try {
    await build(digest);
    return 0;
  } catch (error) {
    // Another build that went on at the same time was first.
    if (isFresh(digest)) return 0;
    process.stderr.write(
      `The dashboard could not be built: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return onlyIfStale ? 0 : 1;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.includes('--if-stale'));
}
