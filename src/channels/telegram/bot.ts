import type { Outcome } from '../../domain/outcome.ts';
import { baseUrl, text } from '../../domain/setting-forms.ts';
import {
  type Answered,
  httpOutcome,
  jsonObject,
  limited,
  misconfigured,
  record,
  statusOutcome,
  waitOf,
} from '../http-outcome.ts';
import { defineProvider, type HttpAnswer, type SendContext, type TelegramMessage } from '../provider.ts';

const settings = {
  token: text('TELEGRAM_BOT_TOKEN', {
    required: true,
    secret: true,
    like: /^[A-Za-z0-9:_-]{1,200}$/,
    form: 'a bot token',
    doc: 'The token that BotFather gave for the bot.',
  }),
  baseUrl: baseUrl('TELEGRAM_BASE_URL', { default: 'https://api.telegram.org', doc: 'Where the Bot API is.' }),
};

/** Longest text that Telegram takes, in UTF-16 code units; markup is not counted, so only it can tell there. */
const MAX_TEXT = 4096;

/** A Telegram bot, `sendMessage`. The token is part of the URL, so no URL is ever shown. */
export const bot = defineProvider({
  id: 'telegram',
  channel: 'telegram',
  settings,
  open({ token, baseUrl }, { http }) {
    const post = (
      message: TelegramMessage,
      chat: string,
      { signal, notAfter, traceparent }: SendContext,
    ): Promise<HttpAnswer> =>
      http.post({
        url: `${baseUrl}/bot${token}/sendMessage`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          chat_id: chat,
          text: message.text,
          ...(message.parseMode === null ? {} : { parse_mode: message.parseMode }),
          ...(message.silent ? { disable_notification: true } : {}),
        }),
        signal,
        notAfter,
        traceparent,
      });
    return {
      concurrency: http.connections,
      hostOf: () => 'telegram',
      async send(message, context) {
        if (message.parseMode === null && message.text.length > MAX_TEXT) {
          return { kind: 'rejected', code: 'message_rejected', detail: `The text is longer than ${MAX_TEXT}.` };
        }
        let answer = await post(message, message.to, context);
        // A group that became a supergroup has a new id; Telegram did not send to the old one.
        const moved = answer.kind === 'answered' ? parameterOf(answer, 'migrate_to_chat_id') : null;
        if (moved !== null) answer = await post(message, String(moved), context);
        return httpOutcome(answer, (answered) => read(answered, context.now));
      },
      async close() {},
    };
  },
});

/**
 * The one refusal for which Telegram has neither a code of its own nor a field, only these words. They choose the
 * reason that is shown; it is a rejection either way.
 */
const CHAT_NOT_FOUND = 'Bad Request: chat not found';

function read(answer: Answered, now: number): Outcome {
  const { status, body } = answer;
  const json = jsonObject(body);
  if (json === null) {
    if (status >= 400) return statusOutcome(answer, now);
    return { kind: 'unknown', code: 'invalid_response', detail: `HTTP ${status} without JSON` };
  }
  if (json.ok === true) {
    const id = record(json.result)?.message_id;
    return { kind: 'accepted', providerMessageId: typeof id === 'number' ? String(id) : null };
  }
  const words = typeof json.description === 'string' ? json.description : '';
  const code = typeof json.error_code === 'number' ? json.error_code : status;
  const detail = `${code}: ${words}`;
  switch (code) {
    case 400:
      return { kind: 'rejected', code: words === CHAT_NOT_FOUND ? 'invalid_recipient' : 'message_rejected', detail };
    case 401:
    case 404:
      return misconfigured(detail);
    case 403:
      return { kind: 'rejected', code: 'recipient_blocked', detail, recipientDead: true };
    case 429: {
      const seconds = parameterOf(answer, 'retry_after');
      return limited(detail, seconds === null || seconds < 0 ? null : waitOf(seconds * 1000));
    }
    default:
      return statusOutcome({ ...answer, status: code }, now, words);
  }
}

function parameterOf({ body }: Answered, name: string): number | null {
  const value = record(jsonObject(body)?.parameters)?.[name];
  return typeof value === 'number' ? value : null;
}
