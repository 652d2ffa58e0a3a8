/** A plain client for the tests of the simulator: HTTPS with the private authority, forms, pages, and the control surface. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { RunningPracticeTenant } from './main.ts';

const ANSWER_LIMIT_MS = 10_000;

export const OUTLOOK_SCOPES = 'https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid profile';
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export type Reply = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Record<string, unknown>;
};

export type Asked = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly ca?: string;
};

/** Asks once, follows nothing, and reads the answer whole. */
export function ask(url: string, asked: Asked = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method: asked.method ?? 'GET',
      headers: { connection: 'close', ...asked.headers },
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      ...(asked.ca ? { ca: asked.ca } : {}),
    };
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) });
      });
    });
    request.on('error', reject);
    request.end(asked.body);
  });
}

/** A client of one running practice tenant. */
export function clientOf(practice: RunningPracticeTenant, tenantPath: string = practice.tid) {
  const { ca } = practice.certificates;
  const get = (path: string, headers: Record<string, string> = {}) =>
    ask(`${practice.authority}${path}`, { ca, headers });
  const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(`${practice.authority}${path}`, {
      ca,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
    });
  const control = (path: string, body?: Record<string, unknown>) =>
    ask(`${practice.control.url}${path}`, body ? { method: 'POST', body: JSON.stringify(body) } : {});
  const client_id = practice.clientId;
  const start = (more: Record<string, string> = {}) =>
    post(`/${tenantPath}/oauth2/v2.0/devicecode`, { client_id, scope: OUTLOOK_SCOPES, ...more });
  const token = (form: Record<string, string>) => post(`/${tenantPath}/oauth2/v2.0/token`, { client_id, ...form });
  const poll = (deviceCode: unknown) => token({ grant_type: DEVICE_GRANT, device_code: String(deviceCode) });
  const refresh = (refreshToken: unknown, more: Record<string, string> = {}) =>
    token({ grant_type: 'refresh_token', refresh_token: String(refreshToken), ...more });
  /** A whole sign-in by code, as the account; answers what the poll answered. */
  const signIn = async (account: string, more: Record<string, string> = {}) => {
    const started = await start(more);
    await control('/device-login', { userCode: started.json.user_code, account, action: 'confirm' });
    return poll(started.json.device_code);
  };
  return { get, post, control, start, token, poll, refresh, signIn };
}

export type PracticeClient = ReturnType<typeof clientOf>;

/** The hidden page session of a form. */
export function sessionIn(page: string): string {
  return /name="session" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

export function claimsOf(jwt: unknown): Record<string, unknown> {
  return parsed(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString());
}

function parsed(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {}; // a page, or a body that a fault has broken: the test looks at the text
  }
}
