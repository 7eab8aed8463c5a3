/** Why something did not work. */
export class InboxError extends Error {
  /** 0 where no answer came. */
  readonly status: number;
  /** As in the service's catalogue of problems; `unreachable` and `no_token` are this client's own. */
  readonly code: string;
  /** What the service asks to wait, in ms; null where it says nothing. */
  readonly retryAfter: number | null;
  constructor(status: number, code: string, message: string, retryAfter: number | null = null, cause?: unknown) {
    super(message, { cause });
    this.name = 'InboxError';
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** Whatever was thrown, as one of ours. */
export function inboxError(error: unknown): InboxError {
  if (error instanceof InboxError) return error;
  return new InboxError(0, 'unreachable', 'The service does not answer.', null, error);
}
