/**
 * One POST of JSON to an address that an administrator has chosen.
 *
 * The name is resolved once, for the connection that is made; addresses at which no web server of anybody's stands but
 * something that must not be asked by a server are not connected to. Redirects are not followed, and of the answer
 * nothing but its status is read: what stands at the address may be private to its network.
 */
import { type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { permittedLookup } from '../ipp/lookup.ts';
import { isBlockedAddress } from '../ipp/target.ts';
import { webhookLimits } from '../limits.ts';

export type WebhookOutcome =
  | { readonly kind: 'accepted'; readonly status: number }
  /** It answered, and not with 2xx; a redirect is such an answer. */
  | { readonly kind: 'refused'; readonly status: number }
  /** No answer: `words` name what went wrong, never what was sent. */
  | { readonly kind: 'unreachable'; readonly words: string };

/** Reads the address of a webhook; `undefined` when it is not one: another scheme, credentials, a blocked address. */
export function findWebhookUrl(input: string): URL | undefined {
  if (Buffer.byteLength(input) > webhookLimits.maxUrlBytes || /[\s\\\p{Cc}]/u.test(input)) return undefined;
  if (!/^https?:\/\/[^/]/i.test(input) || !URL.canParse(input)) return undefined;
  const url = new URL(input);
  if (url.username !== '' || url.password !== '' || url.hash !== '' || url.port === '0') return undefined;
  const host = hostOf(url);
  return isIP(host) !== 0 && isBlockedAddress(host) ? undefined : url;
}

/** Sends one request within one deadline. Trouble is a value; throws only the reason of a caller who gave up. */
export async function postWebhook(
  url: URL,
  post: { readonly body: string; readonly headers: Readonly<Record<string, string>>; readonly ca?: readonly string[] },
  signal: AbortSignal,
): Promise<WebhookOutcome> {
  const host = hostOf(url);
  // No resolver is asked for a literal, and so none could refuse it.
  if (isIP(host) !== 0 && isBlockedAddress(host)) return { kind: 'unreachable', words: blocked(host) };
  const deadline = AbortSignal.timeout(webhookLimits.timeoutMs);
  const options: RequestOptions = {
    method: 'POST',
    agent: false,
    lookup: lookupPermitted,
    signal: AbortSignal.any([deadline, signal]),
    maxHeaderSize: webhookLimits.maxHeaderBytes,
    headers: {
      ...post.headers,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(post.body),
      connection: 'close',
    },
  };
  try {
    const status = await exchange(url, post, options);
    return status >= 200 && status < 300 ? { kind: 'accepted', status } : { kind: 'refused', status };
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return { kind: 'unreachable', words: `${host} did not answer in time` };
    return { kind: 'unreachable', words: `${host} could not be reached: ${reasonOf(error)}` };
  }
}

function exchange(
  url: URL,
  post: { readonly body: string; readonly ca?: readonly string[] },
  options: RequestOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const trust = post.ca === undefined ? {} : { ca: [...post.ca] };
    const sent = url.protocol === 'https:' ? requestHttps(url, { ...options, ...trust }) : requestHttp(url, options);
    sent.on('response', (answer) => {
      answer.on('error', () => undefined);
      answer.destroy();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(post.body);
  });
}

const lookupPermitted = permittedLookup((host) => new Error(blocked(host)));

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function blocked(host: string): string {
  return `${host} leads to an address that must not be asked`;
}

/** A code of the system or of TLS, or our own words; never the text of a library, which may repeat what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(reasonOf))].join('; ');
  if (!(error instanceof Error)) return 'no answer';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
