import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** One file of the built dashboard, in every encoding it is served in. */
export interface DashboardFile {
  readonly type: string;
  /** Its name holds a digest of what it holds: it never changes under that name. */
  readonly isImmutable: boolean;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer | null;
  readonly brotli: Buffer | null;
}

/** The dashboard as `npm run build:web` left it, in memory: a build that replaces it does not disturb who is served. */
export interface DashboardFiles {
  readonly page: DashboardFile;
  /** By their paths below `/ui/`. */
  readonly others: ReadonlyMap<string, DashboardFile>;
}

const PAGE = 'index.html';
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Null: it has not been built. Files of types that are not known here are not served. */
export function readDashboard(folder: string): DashboardFiles | null {
  if (!existsSync(join(folder, PAGE))) return null;
  const others = new Map<string, DashboardFile>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = name.replaceAll('\\', '/');
    const type = TYPES[extname(path)];
    if (type !== undefined && path !== PAGE) others.set(path, readFile(folder, path, type));
  }
  return { page: readFile(folder, PAGE, TYPES['.html'] ?? ''), others };
}

function readFile(folder: string, path: string, type: string): DashboardFile {
  const plain = readFileSync(join(folder, path));
  const compressed = (suffix: string) => {
    const file = join(folder, `${path}${suffix}`);
    return existsSync(file) ? readFileSync(file) : null;
  };
  return {
    type,
    isImmutable: path.startsWith('assets/'),
    etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
    plain,
    gzip: compressed('.gz'),
    brotli: compressed('.br'),
  };
}
