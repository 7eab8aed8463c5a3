import type { Fault, Problem, ProblemCode } from './openapi.ts';

/**
 * Why a call came to nothing: what the service says (docs/errors.md explains each code), or
 * `unreachable`: no answer came; `timeout`: not within the time there was; `unexpected_answer`: it is not one of Tidings'.
 * A newer service may have codes that are not in this list.
 */
export type ErrorCode = ProblemCode | 'unreachable' | 'timeout' | 'unexpected_answer';

export interface ErrorFacts {
  /** Null where no answer came. */
  readonly status?: number | null;
  readonly requestId?: string | null;
  /** Everything that is wrong with the request, all at once; each names its field by a JSON pointer. */
  readonly errors?: readonly Fault[];
  /** How long to stay away, in ms, where the service asked for it. */
  readonly retryAfter?: number | null;
  readonly cause?: unknown;
}

/** Every call that fails is rejected with one of these, or, where its signal was aborted, with the signal's reason. */
export class TidingsError extends Error {
  override readonly name = 'TidingsError';
  readonly code: ErrorCode;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly errors: readonly Fault[];
  readonly retryAfter: number | null;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    const { status = null, requestId = null, errors = [], retryAfter = null, cause } = facts;
    super([message, ...errors.map(({ pointer, detail }) => `  ${pointer}: ${detail}`)].join('\n'), { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

/** What an answer that is no success says; null where it is not one of Tidings'. */
export function problemOf(answer: unknown): Problem | null {
  const isProblem =
    typeof answer === 'object' && answer !== null && 'code' in answer && 'title' in answer && 'detail' in answer;
  return isProblem && typeof answer.code === 'string' ? (answer as Problem) : null;
}
