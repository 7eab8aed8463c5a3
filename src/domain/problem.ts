/**
 * Everything the API can answer that is not a success: code → status and title. One catalogue; codes are never
 * re-used, and `docs/errors.md` is kept in step by a test.
 */
export const PROBLEMS = {
  invalid_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_utf8: { status: 400, title: 'The body is not valid UTF-8' },
  duplicate_key: { status: 400, title: 'An object in the body has the same key twice' },
  too_deep: { status: 400, title: 'The body is nested too deeply' },
  forbidden_character: { status: 400, title: 'The body holds a character that no text may hold' },
  forbidden_key: { status: 400, title: 'The body holds a key that no object may have' },
  bad_request: { status: 400, title: 'The request cannot be understood' },
  invalid_idempotency_key: { status: 400, title: 'The Idempotency-Key is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor is not one that this list gave' },
  unauthorized: { status: 401, title: 'A valid API key is needed' },
  invalid_token: { status: 401, title: 'The token is not one that can be used here' },
  token_expired: { status: 401, title: 'The token has expired; ask for a new one' },
  forbidden: { status: 403, title: "The token is another user's" },
  invalid_signature: { status: 403, title: "The signature is missing, or not the provider's" },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This method is not served here' },
  request_timeout: { status: 408, title: 'The request did not arrive in time' },
  too_late: { status: 409, title: 'It is too late for that' },
  not_retryable: { status: 409, title: 'It is not in a state that can be retried' },
  not_scheduled: { status: 409, title: 'It is not waiting for a time to be sent' },
  too_large: { status: 413, title: 'The body is too large' },
  uri_too_long: { status: 414, title: 'The URL is too long' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json, unencoded' },
  expectation_failed: { status: 417, title: 'The expectation cannot be met' },
  invalid_request: { status: 422, title: 'The request is readable but wrong' },
  unroutable: { status: 422, title: 'No channel has an address of the recipient' },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used for another request' },
  too_many_requests: { status: 429, title: 'This client has asked too often; try again after Retry-After' },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'Too much is going on; try again shortly' },
  unavailable: { status: 503, title: 'The store cannot be used right now; try again shortly' },
  too_early: { status: 503, title: 'What this is about is still under way; tell it again shortly' },
  not_ready: { status: 503, title: 'This process is not ready' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** What can be wrong with one field. */
export const FAULTS = {
  missing_field: 'A required field is missing.',
  unknown_field: 'There is no such field.',
  invalid_type: 'The value has the wrong type.',
  invalid_value: 'The value is not one of those allowed.',
  invalid_format: 'The text does not have the required form.',
  out_of_range: 'The number is too small or too large.',
  too_short: 'The text is too short.',
  too_long: 'The text is too long.',
  too_few_items: 'The list or object has too few entries.',
  too_many_items: 'The list or object has too many entries.',
  duplicate_item: 'The list names something twice.',
  conflicting_fields: 'These fields exclude each other.',
  invalid_email: 'This is not an e-mail address that can be used.',
  invalid_phone: 'This is not a phone number in E.164 form.',
  invalid_user_id: 'This is not a user id.',
  invalid_telegram: 'This is not a Telegram chat id or public name.',
  invalid_url: 'This is not a URL that can be used here.',
  url_not_allowed: 'The URL points to an address that may not be called.',
  invalid_time: 'This is not an RFC 3339 time with a zone.',
  invalid_duration: 'This is not a duration such as "30s", "10m", "1h", "2d" or "PT30S".',
  invalid_locale: 'This is not a BCP 47 language tag.',
  invalid_timezone: 'This is not an IANA time zone.',
  invalid_base64: 'This is not base64.',
  too_far_ahead: 'The time is too far ahead.',
  already_past: 'The time is already past.',
  expires_before_send: 'It would expire before it may be sent.',
  no_recipient: 'The recipient has neither a user id nor an address.',
  unroutable: 'No channel has an address of this recipient.',
  unknown_channel: 'There is no such channel.',
  header_not_allowed: 'This header may not be set.',
} as const;

export type FaultCode = keyof typeof FAULTS;

/** One thing that is wrong with a request; `pointer` is a JSON pointer (RFC 6901) into its body. */
export interface Fault {
  readonly pointer: string;
  readonly code: FaultCode;
  readonly detail: string;
}
