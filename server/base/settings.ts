/**
 * Settings from the environment: the only reader of `process.env` in the server.
 * Everything that an administrator changes while Platen runs is a row in the database instead.
 */
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { PlatenError } from './errors.ts';

export type CloudEndpoint = {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
};

export type Cloud = {
  /** The base to which the tenant is appended, without a slash at the end. */
  readonly authority: string;
  readonly scopePrefix: string;
  readonly graph: string;
  readonly imap: CloudEndpoint;
  readonly pop3: CloudEndpoint;
  readonly smtp: CloudEndpoint;
};

export type Settings = {
  readonly dataDir: string;
  readonly spoolDir: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly keyFile: string;
  readonly relayHost: string;
  readonly relayPort: number;
  readonly relayTlsCertFile: string | undefined;
  readonly relayTlsKeyFile: string | undefined;
  /** Where printers on the network are asked for; not at all when absent. */
  readonly discovery: { readonly address: string; readonly port: number } | undefined;
  readonly clouds: Readonly<Record<string, Cloud>>;
  readonly setupToken: string | undefined;
  readonly logLevel: string;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
  /** For the command line: where the server answers and which API token to show it. */
  readonly clientUrl: string | undefined;
  readonly clientToken: string | undefined;
};

/** Every variable that is read, with its default in words; `docs/settings.md` is made from this table. */
export const SETTINGS = {
  PLATEN_DATA_DIR: { default: './data', meaning: 'Database and key file; one per node.' },
  PLATEN_SPOOL_DIR: {
    default: 'DATA_DIR/spool',
    meaning: 'Messages and documents; with several nodes the same folder, and the same key file, on every node.',
  },
  PLATEN_HOST: { default: '127.0.0.1', meaning: 'Address on which the web interface and the API listen.' },
  PLATEN_PORT: { default: '8631', meaning: 'Port of the web interface and the API.' },
  PLATEN_PUBLIC_URL: {
    default: 'from host and port',
    meaning: 'The address that people use; the Host header must match it, links and cookies are made from it.',
  },
  PLATEN_TLS_CERT: { default: 'none', meaning: 'Certificate file (PEM) to serve HTTPS itself.' },
  PLATEN_TLS_KEY: { default: 'none', meaning: 'Private key file (PEM) that belongs to the certificate.' },
  DATABASE_URL: {
    default: 'none: embedded PostgreSQL',
    meaning: 'An external PostgreSQL 15 or newer, for several nodes.',
  },
  PLATEN_KEY_FILE: {
    default: 'DATA_DIR/key',
    meaning: 'Master key that seals tokens and passwords; mode 0600 or the start is refused.',
  },
  PLATEN_RELAY_HOST: { default: '127.0.0.1', meaning: 'Address of the SMTP listener for devices.' },
  PLATEN_RELAY_PORT: { default: '2525', meaning: 'Port of the SMTP listener for devices.' },
  PLATEN_RELAY_TLS_CERT: {
    default: 'a self-signed one in DATA_DIR',
    meaning: 'Certificate file (PEM) that the SMTP listener shows after STARTTLS; read again when it changes.',
  },
  PLATEN_RELAY_TLS_KEY: { default: 'none', meaning: 'Private key file (PEM) that belongs to that certificate.' },
  PLATEN_DISCOVERY: {
    default: '224.0.0.251:5353',
    meaning: 'Where printers on the network are asked for, by multicast DNS; `off` looks for none.',
  },
  PLATEN_CLOUDS_FILE: { default: 'none', meaning: 'JSON file with further Microsoft clouds beside the built-in ones.' },
  PLATEN_SETUP_TOKEN: { default: 'random, printed once', meaning: 'One-time secret of the first run.' },
  PLATEN_LOG_LEVEL: { default: 'info', meaning: 'trace, debug, info, warn, error, fatal or silent.' },
  HTTPS_PROXY: { default: 'none', meaning: 'Proxy for calls to Microsoft over HTTPS.' },
  NO_PROXY: { default: 'none', meaning: 'Hosts that are reached without the proxy, separated by commas.' },
  NODE_EXTRA_CA_CERTS: {
    default: 'none',
    meaning: 'File with private certificate authorities (PEM); read by Node itself when it starts.',
  },
  PLATEN_URL: { default: 'from host and port', meaning: 'Command line: address of the running server.' },
  PLATEN_TOKEN: {
    default: 'DATA_DIR/cli-token',
    meaning: 'Command line: API token; without it the file that `first-run` wrote is used.',
  },
  LC_ALL: { default: 'none', meaning: 'Command line: its language, Italian for it_IT and the like, else English.' },
  LC_MESSAGES: { default: 'none', meaning: 'Command line: its language where LC_ALL is not set.' },
  LANG: { default: 'none', meaning: 'Command line: its language where neither LC_ALL nor LC_MESSAGES is set.' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the settings. Throws `invalid-setting` with the name of the variable that is wrong. */
export function readSettings(env: Environment = process.env): Settings {
  const text = (name: keyof typeof SETTINGS): string | undefined => {
    const value = env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const dataDir = resolve(text('PLATEN_DATA_DIR') ?? './data');
  const host = text('PLATEN_HOST') ?? '127.0.0.1';
  const port = readPort('PLATEN_PORT', text('PLATEN_PORT') ?? '8631');
  const tlsCertFile = text('PLATEN_TLS_CERT');
  const tlsKeyFile = text('PLATEN_TLS_KEY');
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    throw invalid('PLATEN_TLS_CERT', 'PLATEN_TLS_CERT and PLATEN_TLS_KEY must be set together');
  }
  const relayTlsCertFile = text('PLATEN_RELAY_TLS_CERT');
  const relayTlsKeyFile = text('PLATEN_RELAY_TLS_KEY');
  if ((relayTlsCertFile === undefined) !== (relayTlsKeyFile === undefined)) {
    throw invalid('PLATEN_RELAY_TLS_CERT', 'PLATEN_RELAY_TLS_CERT and PLATEN_RELAY_TLS_KEY must be set together');
  }
  const scheme = tlsCertFile === undefined ? 'http' : 'https';
  const ownUrl = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    dataDir,
    spoolDir: resolve(text('PLATEN_SPOOL_DIR') ?? `${dataDir}/spool`),
    host,
    port,
    publicUrl: readUrl('PLATEN_PUBLIC_URL', text('PLATEN_PUBLIC_URL') ?? ownUrl),
    tlsCertFile,
    tlsKeyFile,
    databaseUrl: text('DATABASE_URL'),
    keyFile: resolve(text('PLATEN_KEY_FILE') ?? `${dataDir}/key`),
    relayHost: text('PLATEN_RELAY_HOST') ?? '127.0.0.1',
    relayPort: readPort('PLATEN_RELAY_PORT', text('PLATEN_RELAY_PORT') ?? '2525'),
    relayTlsCertFile,
    relayTlsKeyFile,
    discovery: readDiscovery(text('PLATEN_DISCOVERY') ?? '224.0.0.251:5353'),
    clouds: readClouds(text('PLATEN_CLOUDS_FILE')),
    setupToken: text('PLATEN_SETUP_TOKEN'),
    logLevel: readLevel(text('PLATEN_LOG_LEVEL') ?? 'info'),
    httpsProxy: text('HTTPS_PROXY'),
    noProxy: text('NO_PROXY'),
    clientUrl: text('PLATEN_URL'),
    clientToken: text('PLATEN_TOKEN'),
  };
}

/** The locale of whoever sits at the command line, in the order of POSIX (Base Definitions, section 8.2). */
export function readLocale(env: Environment = process.env): string | undefined {
  return env.LC_ALL?.trim() || env.LC_MESSAGES?.trim() || env.LANG?.trim() || undefined;
}

function invalid(name: string, message: string, cause?: unknown): PlatenError {
  return new PlatenError('invalid-setting', message, { cause, values: { name } });
}

function readPort(name: string, value: string): number {
  // 0 asks the system for any free port; tests and the demo use it.
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalid(name, `${name} is not a port: ${value}`);
  return port;
}

function readDiscovery(value: string): Settings['discovery'] {
  if (value === 'off') return undefined;
  const [address = '', port = '', more] = value.split(':');
  if (!isIPv4(address) || !/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65535 || more !== undefined) {
    throw invalid('PLATEN_DISCOVERY', `PLATEN_DISCOVERY is neither off nor an IPv4 address and a port: ${value}`);
  }
  return { address, port: Number(port) };
}

function readUrl(name: string, value: string): string {
  if (!URL.canParse(value)) throw invalid(name, `${name} is not an address: ${value}`);
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid(name, `${name} must be http or https`);
  return url.origin;
}

function readLevel(value: string): string {
  if (!['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(value)) {
    throw invalid('PLATEN_LOG_LEVEL', `PLATEN_LOG_LEVEL is not a level: ${value}`);
  }
  return value;
}

function readClouds(file: string | undefined): Readonly<Record<string, Cloud>> {
  if (file === undefined) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw invalid('PLATEN_CLOUDS_FILE', `cannot read the clouds file ${file}`, cause);
  }
  if (typeof parsed !== 'object' || parsed === null)
    throw invalid('PLATEN_CLOUDS_FILE', `${file} is not a JSON object`);
  return Object.fromEntries(Object.entries(parsed).map(([name, cloud]) => [name, readCloud(name, cloud)]));
}

function readCloud(name: string, value: unknown): Cloud {
  const wrong = (what: string) => invalid('PLATEN_CLOUDS_FILE', `cloud ${name}: ${what}`);
  if (typeof value !== 'object' || value === null) throw wrong('is not an object');
  const cloud = value as Record<string, unknown>;
  const address = (field: string): string => {
    const text = cloud[field];
    if (typeof text !== 'string' || !text.startsWith('https://')) throw wrong(`${field} must be an https address`);
    return text;
  };
  const endpoint = (field: string): CloudEndpoint => {
    const { host, port, security } = (cloud[field] ?? {}) as Record<string, unknown>;
    if (typeof host !== 'string' || host === '') throw wrong(`${field}.host is missing`);
    if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
      throw wrong(`${field}.port is not a port`);
    if (security !== 'tls' && security !== 'starttls' && security !== 'none')
      throw wrong(`${field}.security is not known`);
    return { host, port, security };
  };
  const imap = endpoint('imap');
  return {
    authority: address('authority').replace(/\/+$/, ''),
    scopePrefix: address('scopePrefix'),
    graph: address('graph').replace(/\/+$/, ''),
    imap,
    pop3: cloud.pop3 === undefined ? { host: imap.host, port: 995, security: 'tls' } : endpoint('pop3'),
    smtp: cloud.smtp === undefined ? { host: imap.host, port: 587, security: 'starttls' } : endpoint('smtp'),
  };
}
