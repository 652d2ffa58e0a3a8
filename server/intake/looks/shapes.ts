/** What the routes of mailboxes take of where a mailbox is. */
import { z } from 'zod';

export const line = (maxCharacters: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxCharacters)
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not hold control characters');

export const server = z.object({
  host: line(253).regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an address'),
  port: z.number().int().min(1).max(65_535),
  security: z.enum(['tls', 'starttls', 'none']),
  username: line(254),
});

export const password = z.string().min(1).max(1000);

export const place = {
  protocol: z.enum(['imap', 'pop3']),
  connectionId: z.uuid(),
  address: line(254).regex(/^[^\s@<>()[\]\\/,;:"]+@[^\s@<>()[\]\\/,;:"]+$/, 'must be an e-mail address'),
  // The wildcards of LIST would name more than one folder (RFC 3501 section 6.3.8).
  folder: line(200).regex(/^[^*%]+$/, 'must not hold * or %'),
  afterIntake: z.enum(['move', 'delete', 'keep']),
};
