/**
 * Why something was not sent, or not yet: the codes of attempts and deliveries. One catalogue, and codes are never
 * re-used. `docs/errors.md` shows it; a test keeps the two in step.
 */
export const REASONS = {
  no_address: 'The recipient has no address for this channel.',
  invalid_recipient: 'The provider says that the address is not a valid one.',
  recipient_unreachable: 'The provider says that nobody can be reached at this address (any more).',
  recipient_blocked: 'The recipient has blocked the sender or opted out.',
  message_rejected: 'The provider refuses this message: its content, its size or its sender.',
  sender_rejected: 'The provider does not let us send from this sender.',
  url_not_allowed: 'The URL points to an address that may not be called.',
  endpoint_gone: 'The endpoint answered that it is gone for good.',
  rate_limited: 'The provider asks to wait. Costs no attempt.',
  provider_down: 'The provider has been failing or throttling and is left alone for a while. Costs no attempt.',
  provider_error: 'The provider answered with a fault of its own.',
  provider_misconfigured: 'The provider refuses our credentials or our account.',
  connection_failed: 'No connection to the provider could be made; nothing was sent.',
  tls_failed: 'No trusted encrypted connection to the provider could be made; nothing was sent.',
  temporarily_rejected: 'The receiving side asks to try again later (greylisting, full mailbox, …).',
  timeout: 'The provider did not answer in time. Whether the message left is not known; in an inbox it is not.',
  connection_lost:
    'The connection broke before the answer. Whether the message left is not known; in an inbox it is not.',
  invalid_response:
    'The provider gave an answer that makes no sense. Whether the message left is not known; in an inbox it is not.',
  provider_bug:
    'The provider adapter threw: a bug in Tidings. Whether the message left is not known; in an inbox it is not.',
  worker_lost:
    'The worker died or lost its lease while sending. Whether the message left is not known; in an inbox it is not.',
  maybe_sent: 'The outcome of a send is unknown, and the request asked for at most once (`on_unknown: "fail"`).',
  cancelled: 'Cancelled on request before anything was sent.',
  expired: '`expires_at` passed before it could be sent.',
  bounced: 'The provider reported later that the message did not arrive.',
} as const;

export type Reason = keyof typeof REASONS;
