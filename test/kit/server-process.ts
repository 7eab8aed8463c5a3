import { spawn } from 'node:child_process';

/** A server of somebody else's that a test started. */
export interface ServerProcess {
  readonly pid: number;
  /** The end of what it wrote, for the words of a failure. */
  readonly output: string;
  readonly running: boolean;
  readonly exited: Promise<void>;
  /** Sends the signal, and resolves when it has ended; at once if it has already. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/** How much of the output is kept, in characters. */
const KEPT = 4_000;

/**
 * Starts a server that does not outlive this process, however this one ends: the kernel kills it then, and all that
 * stays is its folder. The command must not turn itself into a daemon.
 */
export function serverProcess(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): ServerProcess {
  const { PATH = '' } = process.env;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    cwd: options.cwd,
    env: { PATH, HOME: options.cwd, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT);
    });
  }
  let running = true;
  const exited = new Promise<void>((resolve) => {
    const ended = () => {
      running = false;
      resolve();
    };
    child.once('error', ended);
    child.once('exit', ended);
  });
  return {
    pid: child.pid ?? -1,
    get output() {
      return output;
    },
    get running() {
      return running;
    },
    exited,
    end(signal) {
      if (running) child.kill(signal);
      return exited;
    },
  };
}
