/** The codes of attempts and deliveries, short enough for a line; docs/errors.md has the sentences. */
const WORDS: Readonly<Record<string, string>> = {
  no_address: 'No address',
  invalid_recipient: 'Invalid address',
  recipient_unreachable: 'Unreachable',
  recipient_blocked: 'Blocked by the recipient',
  message_rejected: 'Message refused',
  sender_rejected: 'Sender refused',
  url_not_allowed: 'URL not allowed',
  endpoint_gone: 'Endpoint gone',
  rate_limited: 'Rate limited',
  provider_down: 'Provider down',
  provider_error: 'Provider fault',
  provider_misconfigured: 'Credentials refused',
  connection_failed: 'No connection',
  tls_failed: 'No trusted TLS',
  temporarily_rejected: 'Refused for now',
  timeout: 'No answer in time',
  connection_lost: 'Connection lost',
  invalid_response: 'Senseless answer',
  provider_bug: 'Bug in an adapter',
  worker_lost: 'Worker lost',
  maybe_sent: 'Maybe sent',
  cancelled: 'Cancelled',
  expired: 'Expired',
  bounced: 'Bounced',
};

export function reasonWords(code: string): string {
  return WORDS[code] ?? code.replaceAll('_', ' ');
}
