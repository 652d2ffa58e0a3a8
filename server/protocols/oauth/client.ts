import * as library from 'oauth4webapi';
import { OAUTH_CLOCK_TOLERANCE_SECONDS } from '../limits.ts';
import { readObject } from './answer.ts';
import { type Call, exchangeOverHttps, type HttpsAnswer, HttpsFailure } from './https.ts';

/** Where one tenant is asked; kept with the connection so that a renewal needs no discovery. */
export type TenantEndpoints = {
  /** As in the discovery document; holds the text `{tenantid}` for `organizations` and `common`. */
  readonly issuer: string;
  readonly deviceAuthorizationEndpoint: string;
  readonly tokenEndpoint: string;
};

/** One request to the token or device code endpoint, as the library is to send it. */
export type Question = {
  readonly endpoints: TenantEndpoints;
  readonly clientId: string;
} & (
  | { readonly kind: 'device-code'; readonly scopes: readonly string[]; readonly language?: string }
  | { readonly kind: 'poll'; readonly deviceCode: string }
  | { readonly kind: 'code'; readonly code: string; readonly codeVerifier: string; readonly redirectUri: string }
  | { readonly kind: 'refresh'; readonly refreshToken: string; readonly scopes: readonly string[] }
);

/**
 * What came of one request. `body` is there when the library found the answer to be a success in good form;
 * otherwise `flaw` says what was wrong with it, in the library's own code and nothing of the content.
 */
export type Reply =
  | { readonly kind: 'success'; readonly answer: HttpsAnswer; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'other'; readonly answer: HttpsAnswer; readonly flaw: string }
  | { readonly kind: 'unreachable'; readonly words: string };

/**
 * Sends one question through oauth4webapi and our own transport, and reads the answer (RFC 8628 section 3, RFC 6749
 * sections 4.1.3 and 6). Never throws the library's errors: some carry the whole token answer. Throws only the signal's reason.
 */
export async function askTokenServer(question: Question, call: Call): Promise<Reply> {
  const seen: { answer?: HttpsAnswer } = {};
  const fetch = async (
    url: string,
    options: library.CustomFetchOptions<'POST', URLSearchParams>,
  ): Promise<Response> => {
    const answer = await exchangeOverHttps(
      { url: new URL(url), method: 'POST', headers: options.headers, body: options.body.toString() },
      call,
    );
    seen.answer = answer;
    return toResponse(answer);
  };
  try {
    const body = await sendAndRead(question, { [library.customFetch]: fetch }, seen);
    if (seen.answer === undefined) return { kind: 'unreachable', words: 'nothing was asked' };
    return { kind: 'success', answer: seen.answer, body: { ...body } };
  } catch (error) {
    if (error instanceof HttpsFailure) return { kind: 'unreachable', words: error.message };
    call.signal?.throwIfAborted();
    if (seen.answer !== undefined) return { kind: 'other', answer: seen.answer, flaw: codeOf(error) };
    // nothing was sent: an endpoint or a parameter that the library refuses, without any answer to protect
    return { kind: 'unreachable', words: `the request could not be made (${codeOf(error)})` };
  }
}

type FetchOptions = library.HttpRequestOptions<'POST', URLSearchParams>;

async function sendAndRead(question: Question, options: FetchOptions, seen: { readonly answer?: HttpsAnswer }) {
  const client = describeClient(question.clientId);
  const server = describeServer(question.endpoints);
  const auth = library.None();
  switch (question.kind) {
    case 'device-code': {
      const asked = { ...server, device_authorization_endpoint: withLanguage(question) };
      const parameters = { scope: question.scopes.join(' ') };
      const response = await library.deviceAuthorizationRequest(asked, client, auth, parameters, options);
      return library.processDeviceAuthorizationResponse(asked, client, response);
    }
    case 'poll': {
      const response = await library.deviceCodeGrantRequest(server, client, auth, question.deviceCode, options);
      return library.processDeviceCodeResponse(withIssuerOf(seen.answer, server), client, response);
    }
    case 'code': {
      const returned = new URLSearchParams({ code: question.code });
      const checked = library.validateAuthResponse(server, client, returned, library.expectNoState);
      const { redirectUri, codeVerifier } = question;
      const response = await library.authorizationCodeGrantRequest(
        server,
        client,
        auth,
        checked,
        redirectUri,
        codeVerifier,
        options,
      );
      return library.processAuthorizationCodeResponse(withIssuerOf(seen.answer, server), client, response);
    }
    case 'refresh': {
      const additionalParameters = { scope: question.scopes.join(' ') };
      const wanted = { ...options, additionalParameters };
      const response = await library.refreshTokenGrantRequest(server, client, auth, question.refreshToken, wanted);
      return library.processRefreshTokenResponse(withIssuerOf(seen.answer, server), client, response);
    }
  }
}

function describeClient(clientId: string): library.Client {
  // the library would compare with the machine's clock, which is not the caller's: id-token.ts checks the times
  const tolerance = OAUTH_CLOCK_TOLERANCE_SECONDS * 1_000_000;
  return { client_id: clientId, token_endpoint_auth_method: 'none', [library.clockTolerance]: tolerance };
}

function describeServer(endpoints: TenantEndpoints): library.AuthorizationServer {
  return {
    issuer: endpoints.issuer,
    device_authorization_endpoint: endpoints.deviceAuthorizationEndpoint,
    token_endpoint: endpoints.tokenEndpoint,
  };
}

/** `mkt` chooses the language of Microsoft's own message; it is a query parameter, not a form field. */
function withLanguage(question: { readonly endpoints: TenantEndpoints; readonly language?: string }): string {
  if (question.language === undefined) return question.endpoints.deviceAuthorizationEndpoint;
  const url = new URL(question.endpoints.deviceAuthorizationEndpoint);
  url.searchParams.set('mkt', question.language);
  return url.href;
}

/**
 * For `organizations` and `common` the issuer is a template, and the library would refuse a login that succeeded
 * and whose code is spent. The tenant is therefore read from the answer before the library compares it.
 */
function withIssuerOf(
  answer: HttpsAnswer | undefined,
  server: library.AuthorizationServer,
): library.AuthorizationServer {
  if (answer === undefined || !server.issuer.includes('{tenantid}')) return server;
  const token = readObject(answer.body)?.id_token;
  const payload = typeof token === 'string' ? token.split('.')[1] : undefined;
  const tenantId = payload === undefined ? undefined : readObject(Buffer.from(payload, 'base64url').toString())?.tid;
  if (typeof tenantId !== 'string' || !/^[0-9a-f-]{36}$/i.test(tenantId)) return server;
  return { ...server, issuer: server.issuer.replace('{tenantid}', tenantId) };
}

function toResponse(answer: HttpsAnswer): Response {
  if (answer.status < 200 || answer.status > 599) throw new HttpsFailure(`an answer with HTTP status ${answer.status}`);
  const hasNoBody = answer.status === 204 || answer.status === 205 || answer.status === 304;
  // only the type is handed on: a WWW-Authenticate header would hide the error body from the library
  const type = answer.headers['content-type'];
  return new Response(hasNoBody ? null : answer.body, {
    status: answer.status,
    headers: type === undefined ? {} : { 'content-type': type },
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown flaw';
}
