import { realClock } from '../domain/clock.ts';
import { rateLimitText } from '../domain/rate-limit.ts';
import { withoutPassword } from '../domain/settings.ts';
import { openStore } from '../engines.ts';
import { type Running, startTidings } from '../main.ts';
import type { Role } from '../parts.ts';
import { WrongDatabase } from '../store/store.ts';
import { createLog, describe, type Log } from '../telemetry/log.ts';
import type { Given } from './command.ts';
import { FAILED, type Io } from './io.ts';
import { programVersion } from './program-version.ts';
import { readSetup, type Setup, WRONG_CONFIG } from './settings.ts';
import { shownSettings } from './shown-settings.ts';
import { jsonLine } from './words.ts';

/** How long a stop may take before the process goes anyway, in ms, beyond the longest send. */
const STOP_GRACE = 10_000;
/** Under npm one Ctrl-C comes twice, from the terminal and passed on by npm; within this time, in ms, it is the same. */
const ECHO = 500;

/** Serves until it is told to stop; answers the exit code. */
export async function serve(roles: readonly Role[]): Promise<number> {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  const { config, plan, readers } = setup;
  const log = createLog({ level: config.logLevel, format: config.logFormat });
  for (const text of setup.notices) log.warn({ event: 'settings', text });
  let running: Running;
  try {
    running = await startTidings(config, plan, new Set(roles), log, {
      version: programVersion(),
      settings: shownSettings(setup.env),
      readers,
    });
  } catch (error) {
    process.stderr.write(`Tidings cannot start: ${startFault(error, setup, roles)}\n`);
    return startCode(error);
  }
  // Whoever reads that it is up may end it at once: it listens by then.
  const stopped = untilStopped(running, log, { drain: config.drainMs, patience: config.sendTimeout + STOP_GRACE });
  process.stdout.write(banner(running, roles, setup));
  giveBack();
  const code = await stopped;
  // What could not be stopped would keep the process alive.
  if (code !== 0) process.exit(code);
  process.stdout.write('Tidings has stopped; nothing is in hand.\n');
  return code;
}

/**
 * To start takes more memory than to run, and V8 would keep it for as long as there is nothing to do: it collects when
 * there is need, and counts the start as busy. Once, and for some hundredths of a second; with `node --expose-gc` only.
 *
 * A tick waits meanwhile. Where none does, V8 forgets the shape of Node's ticks, and `process.nextTick` stays slow for
 * good: 0.33 µs instead of 0.06 (Node 24.21), six times in each request.
 */
function giveBack(): void {
  process.nextTick(() => {});
  globalThis.gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}

export async function migrateOnly(given: Given, io: Io): Promise<number> {
  const setup = readSetup();
  if (setup === null) return WRONG_CONFIG;
  try {
    const notice = (text: string) => io.err(`${text}\n`);
    for (const text of setup.notices) notice(text);
    const { store, migrated, place } = await openStore(setup.config, realClock, notice);
    await store.close();
    const done = migrated.length === 0 ? 'was up to date' : `is up to date now: ${migrated.join(', ')}`;
    io.out(given.flag('json') === true ? jsonLine({ database: place, migrated }) : `${place} ${done}\n`);
    return 0;
  } catch (error) {
    io.err(`Tidings cannot migrate: ${startFault(error, setup, [])}\n`);
    return startCode(error);
  }
}

/**
 * Resolves with the exit code once a signal, a bug, or a worker past help has brought the service down. SIGTERM, which
 * comes from a supervisor, leaves load balancers `drain` ms to find others; whoever types Ctrl-C waits for nothing.
 */
function untilStopped(
  running: Running,
  log: Log,
  { drain, patience }: { readonly drain: number; readonly patience: number },
): Promise<number> {
  return new Promise((done) => {
    let since: number | null = null;
    const end = async (code: number) => done(await stopAll(running, log, code));
    const stop = (code: number, grace = 0) => {
      since = realClock.now();
      running.drain();
      const late = setTimeout(() => done(1), grace + patience);
      late.unref();
      if (grace === 0) void end(code);
      else realClock.after(grace, () => void end(code));
    };
    const onSignal = (signal: NodeJS.Signals) => {
      if (since === null) stop(0, signal === 'SIGTERM' ? drain : 0);
      // A second signal means: now.
      else if (realClock.now() - since > ECHO) done(1);
    };
    const onBug = (error: unknown) => {
      log.fatal({ event: 'bug', err: describe(error) });
      if (since === null) stop(1);
      else done(1);
    };
    const onGivenUp = async () => {
      await running.gaveUp;
      if (since === null) stop(1);
    };
    void onGivenUp();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('uncaughtException', onBug);
    process.on('unhandledRejection', onBug);
  });
}

async function stopAll(running: Running, log: Log, code: number): Promise<number> {
  try {
    await running.stop();
    return code;
  } catch (error) {
    log.error({ event: 'stop', err: describe(error) });
    return 1;
  }
}

function startCode(error: unknown): number {
  return error instanceof WrongDatabase ? WRONG_CONFIG : FAILED;
}

function startFault(error: unknown, { config }: Setup, roles: readonly Role[]): string {
  const isListening = error instanceof Error && 'syscall' in error && error.syscall === 'listen';
  const code = isListening && 'code' in error ? error.code : null;
  const [setting, port] = roles.includes('api') ? ['API_PORT', config.port] : ['METRICS_PORT', config.metricsPort];
  const where = `${config.host}:${port}`;
  if (code === 'EADDRINUSE') return `${where} is already in use; set ${setting} to another port.`;
  if (code === 'EACCES') return `${where} may not be listened on; set ${setting} to a port above 1023.`;
  if (code === 'EADDRNOTAVAIL') return `this machine has no address ${config.host}; set API_HOST.`;
  return error instanceof Error ? error.message : String(error);
}

function banner(running: Running, roles: readonly Role[], { config, plan }: Setup): string {
  const { url } = running;
  const lines = [`Tidings ${programVersion()} is up (${roles.join(', ')}).`, ''];
  const add = (name: string, value: string) => lines.push(`  ${name.padEnd(10)} ${value}`);
  if (url !== null) {
    add('Dashboard', url);
    add('API', `${url}/api/v1`);
    add('Docs', `${url}/docs`);
  }
  if (running.metricsUrl !== null) add('Metrics', `${running.metricsUrl}/metrics`);
  add('Data', running.place);
  if (config.queue.kind !== 'database') add('Queue', withoutPassword(config.queue.url));
  const live = running.channels.live.filter(({ sandboxed }) => !sandboxed);
  add('Live', live.map(({ channel, providers }) => `${channel} (${providers.join(', ')})`).join(', ') || 'none');
  const caught = [...plan.keys()].filter((channel) => running.channels.sandboxed.has(channel));
  if (caught.length > 0) {
    add('Sandboxed', caught.join(', '));
    add('', `no provider is configured for these: messages are caught, not sent`);
    if (url !== null) add('', `see them at ${url}/ui/sandbox`);
  }
  if (url !== null) {
    const open = config.apiKeys.length === 0;
    add('Access', open ? 'open: no API key is needed (API_KEYS is not set)' : `${config.apiKeys.length} API key(s)`);
    const { rateLimit: limit } = config;
    add(
      'Limits',
      limit === null ? 'none' : `${rateLimitText(limit)} per API key, user or address (RATE_LIMIT=off: none)`,
    );
    const key = open ? '' : ` -H 'X-API-Key: …'`;
    lines.push(
      '',
      'Try it:',
      '',
      `  curl -X POST ${url}/api/v1/notifications${key} -H 'Content-Type: application/json' \\`,
    );
    lines.push(`    -d '{"recipient": "user@example.com", "title": "Hello", "message": "Tidings works."}'`);
  }
  return `${lines.join('\n')}\n\n`;
}
