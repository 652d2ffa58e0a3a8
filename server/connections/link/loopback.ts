/**
 * Our own end of a login by link, for a browser that runs on the server: a page on loopback that takes the code, so
 * that nobody has to copy an address (RFC 8252 section 7.3; Entra ignores the port of `http://localhost`).
 * It lives as long as its login. A restart takes it away; then the address is pasted like any other.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Language, textFor, titleFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { beginLink, finishLink, type LinkLogin, readLinkLogin } from './link-login.ts';

/** One for each connection that an administrator is connecting; more would be a program gone wild. */
const MAX_OPEN = 8;
/** A code is at most a few kilobytes; a browser's own headers are small. */
const MAX_HEADER_BYTES = 64 * 1024;

type Asked = { readonly actor: string; readonly language: Language };

/** The open pages of this process. */
export class LoopbackPages implements AsyncDisposable {
  readonly #context: Context;
  readonly #open = new Map<string, { readonly server: Server; readonly ended: AbortController }>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Opens the page of a connection and begins the login that ends on it; an older page of the connection is closed. */
  async begin(connectionId: string, asked: Asked): Promise<LinkLogin> {
    await this.#close(connectionId);
    if (this.#open.size >= MAX_OPEN) throw new PlatenError('conflict', `${MAX_OPEN} sign-in pages are open already`);
    const answering: { login?: LinkLogin } = {};
    const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: 10_000 }, (request, response) => {
      const { login } = answering;
      if (login === undefined) return void response.destroy();
      this.#answer({ request, response, connectionId, login, language: asked.language }).catch((error: unknown) => {
        this.#context.log.warn({ connectionId, error }, 'the page of a sign-in by link could not answer');
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const ended = new AbortController();
    this.#open.set(connectionId, { server, ended });
    try {
      const redirectUri = `http://localhost:${(server.address() as AddressInfo).port}`;
      const login = await beginLink(this.#context, connectionId, { ...asked, redirectUri });
      answering.login = login;
      void this.#closeAt(connectionId, login.expiresAt, ended.signal);
      return login;
    } catch (error) {
      await this.#close(connectionId);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connectionId of [...this.#open.keys()]) await this.#close(connectionId);
  }

  async #closeAt(connectionId: string, at: Date, signal: AbortSignal): Promise<void> {
    await this.#context.clock.sleep(at.getTime() - this.#context.clock.now().getTime(), signal);
    if (!signal.aborted) await this.#close(connectionId);
  }

  async #close(connectionId: string): Promise<void> {
    const open = this.#open.get(connectionId);
    if (open === undefined) return;
    this.#open.delete(connectionId);
    open.ended.abort();
    await new Promise<void>((resolve) => {
      open.server.close(() => resolve());
      open.server.closeAllConnections();
    });
  }

  async #answer(visit: {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly connectionId: string;
    readonly login: LinkLogin;
    readonly language: Language;
  }): Promise<void> {
    const { request, response, connectionId, login, language } = visit;
    const host = `localhost:${request.socket.localPort}`;
    // another name that was pointed at loopback is not the browser that we sent
    if (request.method !== 'GET' || request.headers.host !== host) return end(response, 404, '');
    const url = new URL(request.url ?? '/', `http://${host}`);
    if (url.pathname !== '/' || url.search === '') return end(response, 404, '');
    const title = await this.#finish(connectionId, { address: url.href, login, language });
    const state = (await readLinkLogin(this.#context, login.loginId))?.state;
    if (state !== 'pending') response.once('close', () => void this.#close(connectionId));
    end(response, 200, page(language, title));
  }

  /** Redeems the address and says in one sentence what came of it. */
  async #finish(
    connectionId: string,
    { address, login, language }: { readonly address: string; readonly login: LinkLogin; readonly language: Language },
  ): Promise<string> {
    try {
      await finishLink(this.#context, connectionId, address);
    } catch (error) {
      if (!(error instanceof PlatenError)) throw error;
      return titleFor(language, error.code, error.values);
    }
    const row = await readLinkLogin(this.#context, login.loginId);
    if (row?.problem) return titleFor(language, row.problem.code, row.problem.values);
    return textFor(language, row?.state === 'granted' ? 'connections.link.done' : 'connections.link.waiting');
  }
}

function page(language: Language, title: string): string {
  const close = textFor(language, 'connections.link.close');
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>Platen</title>
<h1>${escapeHtml(title)}</h1><p>${escapeHtml(close)}</p></html>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function end(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    // the address of this page holds the code
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(body);
}
