import type { FastifyReply } from 'fastify';
import { type Fault, PROBLEMS, type ProblemCode } from '../domain/problem.ts';

/** Most faults that one answer names. */
export const MAX_FAULTS = 100;

/** RFC 9457, and what this service adds to it. */
export interface ProblemOut {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly request_id?: string;
  readonly errors?: readonly Fault[];
  readonly [extension: string]: unknown;
}

/** What is said beside the code. */
export interface ProblemDetails {
  readonly detail?: string;
  readonly faults?: readonly Fault[];
  /** Further members of the document. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A problem on its way to the error mapper, from where no answer can be returned: parsers, validators and hooks. */
export class ProblemError extends Error {
  readonly problem: ProblemCode;
  readonly details: ProblemDetails;
  constructor(problem: ProblemCode, details: ProblemDetails = {}) {
    super(PROBLEMS[problem].title);
    this.name = 'ProblemError';
    this.problem = problem;
    this.details = details;
  }
}

export function problemDocument(code: ProblemCode, { detail, faults, more }: ProblemDetails = {}): ProblemOut {
  const { status, title } = PROBLEMS[code];
  return {
    type: `/docs/errors#${code}`,
    title,
    status,
    detail: detail ?? defaultDetail(title, faults),
    code,
    ...(faults === undefined ? {} : { errors: faults.slice(0, MAX_FAULTS) }),
    ...more,
  };
}

/** Answers a request with a problem document. The only way in which this server says no. */
export function sendProblem(reply: FastifyReply, code: ProblemCode, details: ProblemDetails = {}): FastifyReply {
  const document = { ...problemDocument(code, details), request_id: reply.request.id };
  return (
    reply
      .code(document.status)
      .header('x-request-id', reply.request.id)
      .header('content-type', 'application/problem+json')
      // Bytes: to a text the framework would add a charset, which this media type does not have.
      .send(Buffer.from(JSON.stringify(document)))
  );
}

function defaultDetail(title: string, faults: readonly Fault[] | undefined): string {
  const first = faults?.[0];
  if (first === undefined) return `${title}.`;
  const others = faults === undefined || faults.length < 2 ? '' : ` (and ${faults.length - 1} more)`;
  return `${first.pointer === '' ? 'The body' : first.pointer}: ${first.detail}${others}`;
}
