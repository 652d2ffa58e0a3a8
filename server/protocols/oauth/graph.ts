import { cleanWords, describeTransient, readObject, type Transient } from './answer.ts';
import { type Call, exchangeOverHttps, type HttpsAnswer, HttpsFailure } from './https.ts';

/** The addresses that belong to the account of a Graph token. */
export type GraphProfile = {
  readonly userPrincipalName?: string;
  readonly mail?: string;
  /** Only SMTP addresses, without their `smtp:` mark. */
  readonly proxyAddresses: readonly string[];
};

export type ProfileOutcome =
  | { readonly kind: 'read'; readonly profile: GraphProfile }
  /** Graph says that this token may not read it; there is nothing to wait for. */
  | { readonly kind: 'forbidden'; readonly words: string }
  | Transient;

const MAX_ADDRESSES = 500;

/**
 * Reads the signed-in account's own addresses from Microsoft Graph (`/v1.0/me`, permission User.Read), the only sure
 * way to know that a mailbox address belongs to an account. Throws only the reason of the caller's signal.
 */
export async function readGraphProfile(
  asked: { readonly graph: string; readonly accessToken: string },
  call: Call,
): Promise<ProfileOutcome> {
  const url = new URL(`${asked.graph.replace(/\/+$/, '')}/v1.0/me`);
  url.searchParams.set('$select', 'userPrincipalName,mail,proxyAddresses');
  const headers = { accept: 'application/json', authorization: `Bearer ${asked.accessToken}` };
  let answer: HttpsAnswer;
  try {
    answer = await exchangeOverHttps({ url, method: 'GET', headers }, call);
  } catch (error) {
    if (error instanceof HttpsFailure) return { kind: 'transient', words: error.message };
    throw error;
  }
  if (answer.status === 401 || answer.status === 403) return { kind: 'forbidden', words: `HTTP ${answer.status}` };
  const body = answer.status === 200 ? readObject(answer.body) : undefined;
  if (body === undefined) return describeTransient(answer, undefined, call.now);
  return { kind: 'read', profile: readProfile(body) };
}

function readProfile(body: Readonly<Record<string, unknown>>): GraphProfile {
  const userPrincipalName = cleanWords(body.userPrincipalName, 320);
  const mail = cleanWords(body.mail, 320);
  const listed: readonly unknown[] = Array.isArray(body.proxyAddresses) ? body.proxyAddresses : [];
  const proxyAddresses = listed
    .slice(0, MAX_ADDRESSES)
    .map((one) => (typeof one === 'string' ? /^smtp:(\S{3,320})$/i.exec(one)?.[1] : undefined))
    .filter((one) => one !== undefined);
  return {
    ...(userPrincipalName === undefined ? {} : { userPrincipalName }),
    ...(mail === undefined ? {} : { mail }),
    proxyAddresses,
  };
}
