import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Opens a tunnel to a host through an HTTP proxy (RFC 9110 section 9.3.6). The signal also ends a proxy that accepts
 * the connection and then says nothing, which Node's own proxy support does not. The caller owns the socket.
 */
export function openTunnel(proxy: URL, target: { host: string; port: number }, signal: AbortSignal): Promise<Socket> {
  const authority = `${target.host}:${target.port}`;
  const headers: Record<string, string> = { host: authority };
  if (proxy.username !== '') {
    const credential = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    headers['proxy-authorization'] = `Basic ${Buffer.from(credential).toString('base64')}`;
  }
  const send = proxy.protocol === 'https:' ? requestOverTls : request;
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const port = proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port);
  return new Promise((resolve, reject) => {
    const asked = send({ host, port, method: 'CONNECT', path: authority, headers, signal, agent: false });
    asked.once('error', reject);
    asked.once('connect', (answer, socket, head) => {
      if (answer.statusCode === 200 && head.length === 0) return resolve(socket);
      socket.destroy();
      reject(new ProxyRefusal(answer.statusCode ?? 0));
    });
    asked.once('response', (answer) => {
      answer.destroy();
      reject(new ProxyRefusal(answer.statusCode ?? 0));
    });
    asked.end();
  });
}

/** The proxy is there and does not let us through. */
export class ProxyRefusal extends Error {
  override readonly name = 'ProxyRefusal';
  readonly status: number;
  constructor(status: number) {
    super(`the proxy answered HTTP ${status}`);
    this.status = status;
  }
}

/** True when NO_PROXY names the host: exactly, as a domain above it, or by `*`; an entry may name a port. */
export function isExemptFromProxy(url: URL, noProxy: string | undefined): boolean {
  const host = url.hostname.toLowerCase();
  const port = url.port === '' ? '443' : url.port;
  return (noProxy ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, name = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      if (wantedPort !== undefined && wantedPort !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return name === '*' || host === domain || host.endsWith(`.${domain}`);
    });
}
