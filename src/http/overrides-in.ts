import type { Overrides } from '../domain/notification.ts';
import type { Fault } from '../domain/problem.ts';
import { parseEmail } from '../domain/recipient.ts';
import { parseSender } from '../domain/setting-forms.ts';
import { isSafeLink } from '../domain/url.ts';
import type { EmailOverrideIn, OverridesIn } from './contract/overrides-in.ts';
import { fault } from './contract/shape.ts';
import { pointerStep } from './strict-json.ts';
import { checkData, checkLine } from './texts-in.ts';

const HEADER_NAME = /^X-[A-Za-z0-9-]{1,74}$/i;
const HEADER_VALUE = /^[\x20-\x7e]{1,998}$/;
/** RFC 6838 names, and parameters without anything that could end the header. */
const MEDIA_TYPE =
  /^[A-Za-z0-9][\w!#$&^.+-]{0,63}\/[A-Za-z0-9][\w!#$&^.+-]{0,63}(?:; ?[\w-]{1,32}=[\w.:+-]{1,64}){0,3}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The overrides as they are stored: addresses in normal form. Adds what is wrong to `faults`. */
export function readOverrides(given: OverridesIn, pointer: string, faults: Fault[]): Overrides {
  const { email, in_app: inApp, push, webhook } = given;
  if (push?.title !== undefined) checkLine(push.title, `${pointer}/push/title`, faults);
  if (push?.data !== undefined) checkData(push.data, `${pointer}/push/data`, faults);
  if (webhook?.payload !== undefined) checkData(webhook.payload, `${pointer}/webhook/payload`, faults);
  if (inApp?.title !== undefined) checkLine(inApp.title, `${pointer}/in_app/title`, faults);
  if (inApp?.data !== undefined) checkData(inApp.data, `${pointer}/in_app/data`, faults);
  if (inApp?.action_url !== undefined && !isSafeLink(inApp.action_url)) {
    faults.push(fault(`${pointer}/in_app/action_url`, 'invalid_url'));
  }
  return email === undefined ? given : { ...given, email: readEmail(email, `${pointer}/email`, faults) };
}

function readEmail(given: EmailOverrideIn, pointer: string, faults: Fault[]): NonNullable<Overrides['email']> {
  const addressAt = (text: string, where: string) => {
    const address = parseEmail(text);
    if (address === null) faults.push(fault(where, 'invalid_email'));
    return address ?? text;
  };
  const checkSender = (text: string | undefined, where: string) => {
    if (text !== undefined && parseSender(text) === undefined) faults.push(fault(where, 'invalid_email'));
  };
  checkSender(given.from, `${pointer}/from`);
  checkSender(given.reply_to, `${pointer}/reply_to`);
  if (given.subject !== undefined) checkLine(given.subject, `${pointer}/subject`, faults);
  for (const [name, value] of Object.entries(given.headers ?? {})) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue;
    const detail = 'Only X-… headers may be set, to 1–998 printable ASCII characters.';
    faults.push(fault(`${pointer}/headers${pointerStep(name)}`, 'header_not_allowed', detail));
  }
  for (const [index, attachment] of (given.attachments ?? []).entries()) {
    checkAttachment(attachment, `${pointer}/attachments/${index}`, faults);
  }
  const { cc, bcc, ...rest } = given;
  return {
    ...rest,
    ...(cc === undefined ? {} : { cc: cc.map((text, index) => addressAt(text, `${pointer}/cc/${index}`)) }),
    ...(bcc === undefined ? {} : { bcc: bcc.map((text, index) => addressAt(text, `${pointer}/bcc/${index}`)) }),
  };
}

type Attachment = NonNullable<EmailOverrideIn['attachments']>[number];

function checkAttachment(given: Attachment, pointer: string, faults: Fault[]): void {
  const { filename, content_type: type, content } = given;
  // No path, nothing hidden, nothing that turns the reading direction, no blanks or dots at the ends.
  if (/[/\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(filename) || /^[.\s]|[.\s]$/.test(filename)) {
    faults.push(fault(`${pointer}/filename`, 'invalid_format', 'A file name must be a plain name without a path.'));
  }
  if (type !== undefined && !MEDIA_TYPE.test(type)) faults.push(fault(`${pointer}/content_type`, 'invalid_format'));
  if (content.length % 4 !== 0 || !BASE64.test(content)) faults.push(fault(`${pointer}/content`, 'invalid_base64'));
}
