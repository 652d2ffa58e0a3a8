/**
 * The practice tenant as a program and as a function: identity, mailboxes, submission, a printer, and the control surface.
 * It is the other party of Platen in the demo and in the tests, and imports nothing of it.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Certificates, ensureCertificates } from './certificates.ts';
import { PracticeClock } from './clock.ts';
import { type Control, startControl } from './control.ts';
import { type RunningIdentity, startIdentity } from './identity/server.ts';
import { identityControlRoutes } from './identity-control.ts';
import { type Imap, imapControlRoutes, startImap } from './imap/server.ts';
import { type Pop3, pop3ControlRoutes, startPop3 } from './pop3/server.ts';
import { printerControlRoutes, type RunningPrinter, startPrinter } from './printer/server.ts';
import { Rehearsals } from './rehearsals/rehearsals.ts';
import { rehearsalControlRoutes } from './rehearsals/routes.ts';
import { type Smtp, smtpControlRoutes, startSmtp } from './smtp/server.ts';
import { PRACTICE_CLIENT_ID, PRACTICE_TENANT_ID, PracticeTenant } from './tenant.ts';
import { keptSigningKey, loadPorts, loadTenant, savePorts, saveTenant } from './tenant-file.ts';

export type PracticePorts = {
  identity?: number;
  imap?: number;
  smtp?: number;
  pop3?: number;
  control?: number;
  printer?: number;
};

export type PracticeOptions = {
  dir?: string; // certificates, clouds file, mail, printed documents; a folder of its own that close() removes if absent
  isKept?: boolean; // accounts, codes, tokens, mail and jobs outlive a restart in the same dir
  host?: string;
  ports?: PracticePorts;
  tid?: string;
  clientId?: string;
  printers?: readonly string[]; // names; a printer named "…-offline" and so on starts with that fault
  imapProfile?: 'classic' | 'login-disabled' | 'rev2';
  log?: (line: string) => void;
};

export type RunningPracticeTenant = {
  readonly tenant: PracticeTenant;
  readonly clock: PracticeClock;
  readonly identity: RunningIdentity['identity'];
  readonly authority: string;
  readonly tid: string;
  readonly clientId: string;
  readonly imap: Imap;
  readonly smtp: Smtp;
  readonly pop3: Pop3;
  readonly printers: readonly RunningPrinter[];
  readonly control: Control;
  readonly certificates: Certificates;
  readonly cloudsFile: string;
  readonly dir: string;
  close(): Promise<void>;
};

/** Starts everything; when it resolves, all ports answer and the clouds file is written. */
export async function startPracticeTenant(options: PracticeOptions = {}): Promise<RunningPracticeTenant> {
  const dir = options.dir ? resolve(options.dir) : mkdtempSync(join(tmpdir(), 'platen-practice-'));
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const closers: (() => Promise<void> | void)[] = [];
  if (!options.dir) closers.push(() => rmSync(dir, { recursive: true, force: true }));
  const close = async () => {
    for (const closer of closers.reverse().splice(0)) await closer();
  };
  try {
    return { ...(await startParts(options, dir, closers)), dir, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Closers = (() => Promise<void> | void)[];

async function startParts(
  options: PracticeOptions,
  dir: string,
  closers: Closers,
): Promise<Omit<RunningPracticeTenant, 'dir' | 'close'>> {
  const { host = '127.0.0.1', tid = PRACTICE_TENANT_ID, clientId = PRACTICE_CLIENT_ID } = options;
  const ports = { ...(options.isKept ? loadPorts(dir) : {}), ...options.ports };
  const clock = new PracticeClock();
  const tenant = new PracticeTenant({ clock, tid, clientId });
  const certificates = ensureCertificates(join(dir, 'certificates'));
  const { key, cert } = certificates;
  const isFresh = !options.isKept || loadTenant(tenant, dir) === 'fresh';
  const changed = () => {
    if (options.isKept) saveTenant(tenant, dir);
  };
  const identity = await startIdentity({
    tenant,
    tls: { key, cert },
    host,
    port: ports.identity ?? 0,
    changed,
    ...(options.isKept ? { key: keptSigningKey(dir) } : {}),
  });
  closers.push(() => identity.close());
  const { authority } = identity;
  tenant.setRedirectUris(practiceRedirects(authority));
  if (isFresh) changed();
  const imap = await startMail(options, { dir, tenant, clock, tls: { key, cert }, port: ports.imap ?? 0 });
  closers.push(() => imap.close());
  const smtp = await startSmtp({
    ...{ tenant, clock, tls: { key, cert }, host, port: ports.smtp ?? 0, mailboxes: imap.mailboxes },
    ...(options.log ? { log: options.log } : {}),
  });
  closers.push(() => smtp.close());
  const pop3 = await startPop3({
    ...{ tenant, clock, tls: { key, cert }, host, port: ports.pop3 ?? 0, mailboxes: imap.mailboxes },
    ...(options.log ? { log: options.log } : {}),
  });
  closers.push(() => pop3.close());
  const printers = await startPrinters(options, { dir, clock, closers, port: ports.printer ?? 0 });
  // Whoever can steer the tenant can read every token of it: loopback only, wherever the rest listens.
  const control = await startControl({ port: ports.control ?? 0 });
  closers.push(() => control.close());
  for (const route of identityControlRoutes(identity.identity, changed)) control.registerControl(route);
  const mailRoutes = [...imapControlRoutes(imap), ...smtpControlRoutes(smtp), ...pop3ControlRoutes(pop3)];
  for (const route of mailRoutes) control.registerControl(route);
  const rehearsals = new Rehearsals({ tenant, clientId, imap, pop3, smtp });
  identity.identity.rehearsals = rehearsals;
  for (const route of rehearsalControlRoutes(rehearsals)) control.registerControl(route);
  registerPrinters(control, printers);
  const used = { identity: identity.port, imap: imap.port, smtp: smtp.port, pop3: pop3.port, control: control.port };
  if (options.isKept) savePorts(dir, { ...used, ...(printers[0] ? { printer: printers[0].port } : {}) });
  const cloudsFile = writeCloudsFile(dir, { authority, imapPort: imap.port, smtpPort: smtp.port, pop3Port: pop3.port });
  const shared = { tenant, clock, identity: identity.identity, authority, tid, clientId };
  return { ...shared, imap, smtp, pop3, printers, control, certificates, cloudsFile };
}

type Surroundings = {
  dir: string;
  tenant: PracticeTenant;
  clock: PracticeClock;
  tls: { key: string; cert: string };
  port: number;
};

function startMail(options: PracticeOptions, around: Surroundings): Promise<Imap> {
  return startImap({
    tenant: around.tenant,
    clock: around.clock,
    tls: around.tls,
    host: options.host ?? '127.0.0.1',
    port: around.port,
    ...(options.isKept ? { directory: join(around.dir, 'mail') } : {}),
    ...(options.imapProfile ? { profile: options.imapProfile } : {}),
    ...(options.log ? { log: options.log } : {}),
  });
}

async function startPrinters(
  options: PracticeOptions,
  around: { dir: string; clock: PracticeClock; closers: Closers; port: number },
): Promise<RunningPrinter[]> {
  const printers: RunningPrinter[] = [];
  for (const [index, name] of (options.printers ?? ['practice-printer']).entries()) {
    if (!/^[\w.-]+$/.test(name)) throw new Error(`a printer name is made of letters, digits, dots and dashes: ${name}`);
    const folder = join(around.dir, 'printers', name);
    mkdirSync(join(folder, 'printed'), { recursive: true });
    const printer = await startPrinter({
      host: options.host ?? '127.0.0.1',
      port: index === 0 ? around.port : 0,
      outputDir: join(folder, 'printed'),
      name,
      clock: around.clock,
      ...(options.isKept ? { directory: join(folder, 'jobs') } : {}),
    });
    around.closers.push(() => printer.close());
    printers.push(printer);
  }
  return printers;
}

/** The first printer has the short paths; each has its own under its name. */
function registerPrinters(control: Control, printers: readonly RunningPrinter[]): void {
  for (const [index, printer] of printers.entries()) {
    for (const route of printerControlRoutes(printer)) {
      if (index === 0) control.registerControl(route);
      control.registerControl({ ...route, path: route.path.replace(/^\/printer/, `/printers/${printer.name}`) });
    }
  }
}

/** The redirects of the reference registration, with the practice authority's own beside Microsoft's. */
function practiceRedirects(authority: string): string[] {
  const native = '/common/oauth2/nativeclient';
  return [`https://login.microsoftonline.com${native}`, `${authority}${native}`, 'http://localhost'];
}

function writeCloudsFile(
  dir: string,
  at: { authority: string; imapPort: number; smtpPort: number; pop3Port: number },
): string {
  const path = join(dir, 'clouds.json');
  const practice = {
    authority: at.authority,
    scopePrefix: 'https://outlook.office.com/',
    graph: at.authority,
    imap: { host: 'localhost', port: at.imapPort, security: 'tls' },
    smtp: { host: 'localhost', port: at.smtpPort, security: 'starttls' },
    pop3: { host: 'localhost', port: at.pop3Port, security: 'tls' },
  };
  writeFileSync(`${path}.draft`, `${JSON.stringify({ practice }, undefined, 2)}\n`);
  renameSync(`${path}.draft`, path);
  return path;
}

function readPorts(text: string | undefined): PracticePorts {
  const ports: PracticePorts = {};
  const names = ['identity', 'imap', 'smtp', 'pop3', 'control', 'printer'] as const;
  for (const part of text?.split(',') ?? []) {
    const [given, value] = part.split('=');
    const name = names.find((known) => known === given);
    const port = Number(value);
    if (!name || !Number.isInteger(port) || port < 0 || port > 65535) {
      throw new Error(`--ports takes ${names.map((known) => `${known}=<port>`).join(',')}, not ${part}`);
    }
    ports[name] = port;
  }
  return ports;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      ports: { type: 'string' },
      printer: { type: 'string', multiple: true },
      'imap-profile': { type: 'string' },
      verbose: { type: 'boolean' },
    },
  });
  const profiles = ['classic', 'login-disabled', 'rev2'] as const;
  const profile = profiles.find((known) => known === (values['imap-profile'] ?? 'classic'));
  if (!profile) throw new Error(`--imap-profile is one of ${profiles.join(', ')}`);
  const running = await startPracticeTenant({
    ...(values.dir ? { dir: values.dir, isKept: true } : {}),
    ports: readPorts(values.ports),
    ...(values.printer ? { printers: values.printer } : {}),
    imapProfile: profile,
    ...(values.verbose ? { log: (line: string) => console.error(line) } : {}),
  });
  const stop = () => {
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(
    JSON.stringify({
      ready: true,
      authority: running.authority,
      tenantId: running.tid,
      clientId: running.clientId,
      deviceLogin: `${running.authority}/devicelogin`,
      imap: { host: 'localhost', port: running.imap.port },
      smtp: { host: 'localhost', port: running.smtp.port },
      pop3: { host: 'localhost', port: running.pop3.port },
      control: running.control.url,
      ca: running.certificates.caPath,
      printers: running.printers.map((printer) => printer.uri),
      cloudsFile: running.cloudsFile,
    }),
  );
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(`practice tenant: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
}
