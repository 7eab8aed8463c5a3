import { sendGridSigner } from '../kit/receipts.ts';

/** SendGrid, as the services of these tests know it: by the key of this run. */
export const vendor = sendGridSigner();

/** It tells of mail that was sent before the settings were changed: the sandbox has taken its place. */
export const VENDOR_ENV = {
  SENDGRID_API_KEY: 'SG.key-of-the-corpus',
  SENDGRID_FROM: 'news@example.com',
  SENDGRID_WEBHOOK_PUBLIC_KEY: vendor.publicKey,
  EMAIL_PROVIDERS: 'sandbox',
};
