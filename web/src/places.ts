/** Where the pages are. The service answers these paths with the dashboard (src/http/routes/dashboard.ts). */
export const PLACES = {
  overview: '/',
  notifications: '/ui/notifications',
  send: '/ui/send',
  deadLetters: '/ui/dead-letters',
  sandbox: '/ui/sandbox',
  inbox: '/ui/inbox',
  status: '/ui/status',
} as const;

export function placeOf(notificationId: string): string {
  return `${PLACES.notifications}/${encodeURIComponent(notificationId)}`;
}
