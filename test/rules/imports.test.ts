import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSources, roomOf, type Source } from './sources.ts';

/** Read a row: the folder may import only these. `base` is open to all but `protocols`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocols: [],
  conversion: [],
  store: [],
  spool: ['store'],
  journal: ['store'],
  users: ['store', 'journal'],
  printers: ['store', 'journal', 'protocols'],
  // The owner of a mailbox is told who asks, and guesses at the secret of the link count like others.
  connections: ['store', 'journal', 'protocols', 'users'],
  outbox: ['store', 'journal', 'protocols', 'spool', 'connections'],
  jobs: ['store', 'journal', 'spool', 'conversion', 'printers', 'users'],
  // Reports about messages that came back are found among those that come in.
  intake: ['store', 'journal', 'protocols', 'spool', 'connections', 'users', 'jobs', 'outbox'],
  relay: ['store', 'journal', 'protocols', 'spool', 'connections', 'outbox'],
  notices: ['store', 'journal', 'protocols', 'users', 'connections', 'outbox', 'jobs'],
  http: ['store', 'journal', 'users'],
  // A report over settings of several rooms; only its routes are mounted.
  readiness: ['store', 'connections', 'intake', 'relay', 'notices'],
  // Looks at every thing and changes none.
  overview: ['store', 'connections', 'conversion', 'intake', 'jobs', 'outbox', 'printers', 'relay'],
  // Tells what runs here, the state of the rooms by what the overview says of them.
  about: ['store', 'conversion', 'overview'],
  // Only the command line opens it: a backup is of everything.
  backup: ['store', 'journal', 'spool', 'users', 'jobs', 'outbox', 'intake', 'notices'],
};
/** Any file of these may be taken; of all others only the face, the file that bears the folder's name. */
const SHELVES = new Set(['base', 'store', 'protocols']);

/** A library enters through one place, so that a change of library is a change of one file. */
const LIBRARY_PLACES: Readonly<Record<string, RegExp>> = {
  imapflow: /^server\/protocols\/imap\//,
  oauth4webapi: /^server\/protocols\/oauth\//,
  '@zone-eu/mailsplit': /^server\/protocols\/mime\//,
  libmime: /^server\/protocols\/mime\//,
  'dns-packet': /^server\/protocols\/dns-sd\/gather\.ts$/,
  'nodemailer/lib/smtp-connection': /^server\/protocols\/smtp\/client\.ts$/,
  'nodemailer/lib/mail-composer': /^server\/protocols\/smtp\/compose\.ts$/,
  'smtp-server': /^server\/relay\/smtp\/listener\.ts$/,
  'smtp-server/lib/smtp-connection.js': /^server\/relay\/smtp\/(listener|connection)\.ts$/,
  'smtp-server/lib/smtp-stream.js': /^server\/relay\/(smtp\/connection|message\/end-of-data)\.ts$/,
  fastify: /^server\/http\/|\/routes\.ts$|^server\/users\/shapes\.ts$/,
  '@fastify/multipart': /^server\/jobs\/upload\/routes\.ts$/,
  'pg-boss': /^server\/store\/tasks\.ts$/,
  '@node-rs/argon2': /^server\/users\/passwords\.ts$/,
  pino: /^server\/base\/log\.ts$/,
  'prom-client': /^server\/http\/metrics\.ts$/,
  marked: /^server\/http\/pages\/markdown\.ts$/,
  ics: /^server\/connections\/expiry\/calendar\.ts$/,
  pdfkit: /^server\/jobs\/test-page\/draw\.ts$/,
  sharp: /^server\/conversion\/inside\//,
  i18next: /^locales\/locales\.ts$/,
};

const sources = (await readSources('{server,cli,simulator,locales,setup}/**/*.ts')).filter((source) => !source.isTest);

function isAllowed(source: Source, target: string): boolean {
  const from = roomOf(source.path);
  const to = roomOf(target);
  if (target.startsWith('locales/')) return from !== 'base' && from !== 'protocols';
  if (!target.startsWith('server/')) return false;
  if (from === undefined || to === undefined || from === to) return true;
  if (to === 'base') return from !== 'protocols';
  const isFace = target === `server/${to}/${to}.ts`;
  if (from === 'http' && target === `server/${to}/routes.ts`) return source.path === 'server/http/mount.ts';
  if (!(MAY_IMPORT[from] ?? []).includes(to)) return false;
  return SHELVES.has(to) || isFace || target === `server/${to}/events.ts`;
}

test('a folder of the server imports only what the table allows, and of other folders only the face', () => {
  const wrong = sources
    .filter((source) => roomOf(source.path) !== undefined)
    .flatMap((source) =>
      source.imports
        .filter((target) => /^(server|cli|simulator|locales|setup|test|web)\//.test(target))
        .filter((target) => !isAllowed(source, target))
        .map((target) => `${source.path} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('workers are started by rooms.ts alone', () => {
  const wrong = sources.flatMap((source) =>
    source.imports
      .filter((target) => /^server\/[^/]+\/worker\.ts$/.test(target) && source.path !== 'server/rooms.ts')
      .map((target) => `${source.path} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('main.ts, rooms.ts and the command line import faces, shelves and workers only', () => {
  const isOpen = (target: string): boolean => {
    const room = roomOf(target);
    if (room === undefined || SHELVES.has(room)) return true;
    return target === `server/${room}/${room}.ts` || target === `server/${room}/worker.ts`;
  };
  const wrong = sources
    .filter(({ path }) => path === 'server/main.ts' || path === 'server/rooms.ts' || path.startsWith('cli/'))
    .flatMap((source) =>
      source.imports.filter((target) => !isOpen(target)).map((target) => `${source.path} → ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('the simulator imports nothing of ours', () => {
  const wrong = sources
    .filter((source) => source.path.startsWith('simulator/'))
    .flatMap((source) =>
      source.imports
        .filter((target) => /^(server|cli|locales|setup|test)\//.test(target))
        .map((target) => `${source.path} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('a path climbs at most one folder, and out of a subfolder of a room at most to the rooms', () => {
  const wrong = sources
    .filter((source) => !source.path.startsWith('setup/'))
    .flatMap((source) =>
      [...source.text.matchAll(/from '((?:\.\.\/){2,}[^']+)'/g)].map((match) => `${source.path}: ${match[1]}`),
    )
    // A room that outgrew twelve files has subfolders; their files reach other rooms and the texts with one step more.
    .filter((text) => !/: \.\.\/\.\.\/locales\/locales\.ts$/.test(text))
    .filter((text) => !/^server\/[^/]+\/[^/]+\/[^/]+: \.\.\/\.\.\/(?:[^./][^/]*\/)+[^/]+$/.test(text))
    .filter((text) => !/^server\/[^/]+\/[^/]+\/[^/]+: (\.\.\/){3}locales\/locales\.ts$/.test(text));
  assert.deepEqual(wrong, []);
});

test('no import goes in a circle', () => {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) {
      circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      return;
    }
    if (done.has(path)) return;
    for (const target of byPath.get(path)?.valueImports ?? []) if (byPath.has(target)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const source of sources) visit(source.path, []);
  assert.deepEqual(circles, []);
});

test('a library is imported in its one place only', () => {
  const wrong = sources
    .filter((source) => source.path.startsWith('server/') || source.path.startsWith('locales/'))
    .flatMap((source) =>
      source.imports
        .filter((target) => LIBRARY_PLACES[target] !== undefined && !LIBRARY_PLACES[target].test(source.path))
        .map((target) => `${source.path} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('only base reads the clock, sleeps, draws random numbers or looks at the environment', () => {
  const rules: readonly [RegExp, RegExp][] = [
    [
      /\bDate\.now\(|\bnew Date\(\)|\bsetTimeout\(|\bsetInterval\(|\bperformance\.now\(/,
      /^server\/(base\/clock\.ts|protocols\/)/,
    ],
    [/\bMath\.random\(|\brandomUUID|\brandomBytes\(/, /^server\/(base\/secrets\.ts|protocols\/oauth\/)/],
    [/\bprocess\.env\b/, /^server\/base\/settings\.ts$/],
  ];
  const wrong = sources
    .filter((source) => source.path.startsWith('server/'))
    .flatMap((source) =>
      rules
        .filter(([what, where]) => what.test(source.text) && !where.test(source.path))
        .map(([what]) => `${source.path}: ${what}`),
    );
  assert.deepEqual(wrong, []);
});
