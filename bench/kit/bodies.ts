/**
 * What is told in all benches: a heading, two sentences, a user. `NUMBER` stands where the number of the notification
 * goes, always nine digits long, so that whoever sends it need not count bytes.
 */
export const NUMBER = '#########';
/** So many users share the notifications. */
export const USERS = 50_000;
export const TITLE = 'Your order is on its way';
export const MESSAGE = `Order ${NUMBER} has left our warehouse and will be with you on Friday. You can follow it in your account.`;

/** To the inbox of a user: a channel that leaves the house no later than the store's own disk. */
export const IN_APP_BODY = JSON.stringify({
  recipient: { user_id: `user-${NUMBER}` },
  channels: ['in_app'],
  title: TITLE,
  message: MESSAGE,
});

export function withNumber(text: string, number: number): string {
  return text.replaceAll(NUMBER, String(number).padStart(NUMBER.length, '0'));
}
