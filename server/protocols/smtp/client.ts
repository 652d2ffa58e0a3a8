/**
 * One submission session (RFC 6409): connect, TLS, sign in, send messages one after the other, quit. Only this file
 * knows the connection of nodemailer.
 *
 * Nothing is decided or tried twice here. Each answer says how far the session got; after `lost` with `isUncertain` the
 * server may have the message, after anything else it has not. A session that broke off, or that a server answered in
 * the middle of a message, is closed; `isOpen` tells.
 */
import { Readable } from 'node:stream';
import { SMTPConnection } from 'nodemailer';
import { smtpLimits } from '../limits.ts';
import { describeError, openSocket } from './connect.ts';
import type { RecipientReply, SmtpOutcome, SmtpTrouble } from './outcome.ts';
import { parseReply, type SmtpPhase, type SmtpReply, withoutSecrets } from './replies.ts';
import { xoauth2 } from './xoauth2.ts';
