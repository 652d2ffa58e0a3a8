/**
 * The web interface and the API: opens the listener and closes it again.
 *
 * Promises: no route without a role; no answer to a foreign Host; no change by a foreign page; an error tells what to
 * do next and nothing of the inside. When it is closed, running requests are answered first and live screens end.
 */
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { PlatenError } from '../base/errors.ts';
import type { Settings } from '../base/settings.ts';
import type { Context } from '../store/database.ts';
import { buildApp } from './app.ts';
import type { RouteEntry } from './guard.ts';
import type { Readiness, ReadinessCheck } from './health.ts';
import { type Patience, patience } from './limits.ts';
import type { Measure, Measures } from './metrics.ts';
import { mountedRoutes, type RouteModule } from './mount.ts';

export type { Measure, ReadinessCheck };

export type HttpOptions = {
  /** All of them when absent. */
  readonly routes?: readonly RouteModule[];
  /** What must work besides the database before `/readyz` says yes. */
  readonly readiness?: Readiness;
  /** Figures of the rooms for `/metrics`. */
  readonly measures?: Measures;
  /** How long clients may take; the usual limits when absent. */
  readonly patience?: Partial<Patience>;
};

export type Http = AsyncDisposable & {
  readonly address: AddressInfo;
  /** The address for people: PLATEN_PUBLIC_URL, or where it listens. */
  readonly url: string;
  readonly app: FastifyInstance;
  readonly routeTable: readonly RouteEntry[];
};

/** Opens the listener. Throws `invalid-setting` when the certificate cannot be read or the port is taken. */
export async function openHttp(context: Context, options: HttpOptions = {}): Promise<Http> {
  const { settings } = context;
  const { app, routeTable } = await buildApp(context, {
    routes: options.routes ?? mountedRoutes,
    readiness: options.readiness ?? (async () => []),
    measures: options.measures ?? (async () => []),
    tls: await readCertificate(settings),
    patience: { ...patience, ...options.patience },
  });
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (cause) {
    await app.close();
    throw new PlatenError('invalid-setting', `cannot listen on ${settings.host}:${settings.port}`, {
      cause,
      values: { name: 'PLATEN_PORT' },
    });
  }
  const address = app.server.address() as AddressInfo;
  // Port 0 asked for any free port: only now is it known which one that is.
  const url = new URL(settings.publicUrl);
  if (url.port === '0') url.port = String(address.port);
  return {
    address,
    url: url.origin,
    app,
    routeTable,
    [Symbol.asyncDispose]: async () => await app.close(),
  };
}

async function readCertificate(settings: Settings): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (settings.tlsCertFile === undefined || settings.tlsKeyFile === undefined) return undefined;
  const cert = await readPem('PLATEN_TLS_CERT', settings.tlsCertFile);
  const key = await readPem('PLATEN_TLS_KEY', settings.tlsKeyFile);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw new PlatenError('invalid-setting', 'the certificate and the private key do not make a pair', {
      cause,
      values: { name: 'PLATEN_TLS_CERT' },
    });
  }
  return { cert, key };
}

async function readPem(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new PlatenError('invalid-setting', `cannot read ${file}`, { cause, values: { name } });
  }
}
