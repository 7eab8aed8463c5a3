import { type ErrorCode, Tidings, TidingsError } from '../../sdk/src/client.ts';
import { REAL } from '../../sdk/src/surroundings.ts';
import { readConfig } from '../config/config.ts';
import { readEnvironment, UnreadableSettings } from '../config/environment.ts';
import type { Given } from './command.ts';
import { FAILED, INTERRUPTED, type Io } from './io.ts';
import { jsonLine, plain } from './words.ts';

/** Bulk work may take the service longer than anything else. */
const PATIENCE = { timeout: 60_000, tryTimeout: 30_000 };

export interface ServiceCall {
  readonly tidings: Tidings;
  readonly io: Io;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Writes a result: as JSON if that is wanted, else in words. */
  readonly print: (answer: unknown, words: () => string) => void;
  readonly json: boolean;
}

class Unclear extends Error {}

/** Talks to the service; answers the exit code. What goes wrong is told in a sentence, or with `--json` as JSON. */
export async function withService(given: Given, io: Io, act: (call: ServiceCall) => Promise<number>): Promise<number> {
  const json = given.flag('json') === true;
  const controller = new AbortController();
  const release = io.onInterrupt(() => controller.abort());
  let where = '';
  let hasKey = false;
  try {
    const { url, key } = target(given);
    where = url;
    hasKey = key !== undefined;
    const print = (answer: unknown, words: () => string) => io.out(json ? jsonLine(answer) : `${words()}\n`);
    return await act({ tidings: client(url, key), io, signal: controller.signal, print, json });
  } catch (error) {
    if (controller.signal.aborted) return INTERRUPTED;
    if (error instanceof Unclear) io.err(json ? jsonLine({ error: { message: error.message } }) : said(error.message));
    else if (error instanceof TidingsError)
      io.err(json ? jsonLine(errorOut(error)) : said(inWords(error, where, hasKey)));
    else throw error;
    return FAILED;
  } finally {
    release();
  }
}

/** A service that was never there is told of at once; one that goes away in between is waited for. */
function client(url: string, key: string | undefined): Tidings {
  let isThere = false;
  const retryIf = ({ code }: TidingsError) => isThere || code !== 'unreachable';
  const fetch: typeof REAL.fetch = async (...request) => {
    const response = await REAL.fetch(...request);
    isThere = true;
    return response;
  };
  return new Tidings({ baseUrl: url, apiKey: key, retryIf, ...PATIENCE }, { ...REAL, fetch });
}

function target(given: Given): { readonly url: string; readonly key: string | undefined } {
  const { config } = readConfig(environment());
  const key = given.text('key') ?? config?.apiKeys[0];
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) throw new Unclear('the API key holds what no key can hold');
  const url = given.text('url');
  if (url !== undefined) {
    if (!URL.canParse(url) || !/^https?:\/\//.test(url)) throw new Unclear(`--url ${url} is not an http or https URL`);
    return { url: url.replace(/\/+$/, ''), key };
  }
  // Guessing could reach another service than the one that is meant.
  if (config === null) throw new Unclear('the settings are wrong; "tidings config check" names what is');
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return { url: `http://${host}:${config.port}`, key };
}

function environment() {
  try {
    return readEnvironment(process.cwd());
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    throw new Unclear(error.message, { cause: error });
  }
}

function said(words: string): string {
  return `tidings: ${words}\n`;
}

/** What happened, why, and what to do about it. */
function inWords(error: TidingsError, url: string, hasKey: boolean): string {
  const { code, errors, requestId, retryAfter } = error;
  const faults = errors.map(({ pointer, detail }) => `\n  ${pointer.slice(1)}: ${plain(detail)}`).join('');
  const keyless = hasKey ? 'does not know this API key; give another' : 'wants an API key; give it';
  const sentences: Partial<Record<ErrorCode, string>> = {
    unreachable: `there is no Tidings at ${url}; start it with "npm start", or say where it is with --url`,
    unauthorized: `${url} ${keyless} with --key, or set API_KEYS as the service has it`,
    too_many_requests: `${url} is asked too often; try again in ${Math.ceil((retryAfter ?? 60_000) / 1000)} s`,
    not_found: `${url} has nothing of this name`,
    internal: `${url} has a fault; its log says more of the request ${requestId ?? ''}`,
  };
  return sentences[code] ?? (faults === '' ? plain(error.message) : `the request is wrong:${faults}`);
}

function errorOut({ code, status, requestId, message, errors }: TidingsError) {
  // The faults follow by themselves.
  return { error: { code, status, message: message.split('\n', 1)[0], request_id: requestId, errors } };
}
