import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { Application, OAuth2PermissionGrant, ServicePrincipal } from '@microsoft/microsoft-graph-types';
import type { Settings } from '../../base/settings.ts';
import { getCloud } from '../exchange-online.ts';
import * as kit from './kit.ts';

const GRAPH_TYPES = readFileSync(
  new URL('../../../node_modules/@microsoft/microsoft-graph-types/microsoft-graph.d.ts', import.meta.url),
  'utf8',
);
const WISH: kit.KitWish = {
  name: `L'ufficio "stampe" $(touch /tmp/x) \`id\``,
  uses: ['imap', 'smtp'],
  audience: 'single',
  cloudName: 'worldwide',
  cloud: getCloud({ clouds: {} } as Settings, 'worldwide'),
  mailbox: "o'neil@contoso.example",
};

/** The fields that Microsoft publishes for a resource, those of the resources that it extends included. */
function fieldsOf(name: string): Set<string> {
  const found = new RegExp(`export interface ${name}( extends (\\w+))? \\{\\r?\\n([\\s\\S]*?)\\n\\}`).exec(GRAPH_TYPES);
  assert.ok(found !== null, `${name} is published`);
  const own = [...(found[3] ?? '').matchAll(/^ {4}(\w+)\??:/gm)].map((match) => match[1] ?? '');
  return new Set([...own, ...(found[2] === undefined ? [] : fieldsOf(found[2]))]);
}

function assertFields(value: object, name: string): void {
  const known = fieldsOf(name);
  assert.deepEqual(
    Object.keys(value).filter((key) => !known.has(key)),
    [],
    name,
  );
}

/** Every level of the body of a registration against the published resources. */
function assertApplication(body: Application): void {
  assertFields(body, 'Application');
  assertFields(body.publicClient ?? {}, 'PublicClientApplication');
  for (const access of body.requiredResourceAccess ?? []) {
    assertFields(access, 'RequiredResourceAccess');
    for (const one of access.resourceAccess ?? []) {
      assertFields(one, 'ResourceAccess');
      assert.match(String(one.id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.equal(one.type, 'Scope');
    }
  }
}

/** What the stand-in of Graph was asked for, and what it made. */
type Made = { application?: Application; principal?: ServicePrincipal; grant?: OAuth2PermissionGrant };

/** A Graph that takes what Microsoft publishes and nothing else: unknown fields, wrong values and unknown ids are refused. */
async function openGraph(made: Made): Promise<AsyncDisposable & { readonly base: string }> {
  const answer = async (request: IncomingMessage): Promise<object> => {
    const url = new URL(request.url ?? '', 'http://graph.example');
    const text = (await Array.fromAsync(request)).join('');
    const body = text === '' ? {} : JSON.parse(text);
    switch (`${request.method} ${url.pathname}`) {
      case 'POST /v1.0/applications':
        assert.equal(request.headers['content-type'], 'application/json');
        assertApplication(body);
        assert.ok(['AzureADMyOrg', 'AzureADMultipleOrgs'].includes(body.signInAudience));
        assert.ok(typeof body.displayName === 'string' && body.displayName.length <= 256);
        assert.equal(body.isFallbackPublicClient, true);
        for (const uri of body.publicClient.redirectUris) assert.ok(URL.canParse(uri), uri);
        made.application = body;
        return { id: 'object-1', appId: APP };
      case 'POST /v1.0/servicePrincipals':
        assertFields(body, 'ServicePrincipal');
        assert.deepEqual(body, { appId: APP });
        made.principal = body;
        return { id: 'principal-1', appId: APP };
      case `GET /v1.0/servicePrincipals(appId='${kit.GRAPH_APP_ID}')`:
        assert.equal(url.search, '?$select=id');
        return { id: 'graph-1' };
      case 'POST /v1.0/oauth2PermissionGrants':
        assertFields(body, 'OAuth2PermissionGrant');
        assert.deepEqual([body.clientId, body.resourceId], ['principal-1', 'graph-1']);
        assert.equal(body.consentType, 'AllPrincipals');
        assert.match(body.scope, /^[\w.]+( [\w.]+)*$/);
        made.grant = body;
        return { id: 'grant-1' };
      default:
        throw new Error(`Graph has no ${request.method} ${url.pathname}`);
    }
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (body) => response.writeHead(request.method === 'GET' ? 200 : 201).end(JSON.stringify(body)),
      (error: Error) => response.writeHead(400).end(JSON.stringify({ error: { message: error.message } })),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends the requests one after the other, and puts what one has answered into the next. */
async function sendAll(requests: readonly kit.GraphRequest[]): Promise<void> {
  const known = new Map<string, string>();
  for (const { method, url, body } of requests) {
    const fill = (text: string) => text.replace(/<[^>]+>/g, (name) => known.get(name) ?? name);
    const response = await fetch(url, {
      method,
      ...(body === undefined
        ? {}
        : { body: fill(JSON.stringify(body)), headers: { 'content-type': 'application/json' } }),
    });
    const answer = (await response.json()) as { id?: string; appId?: string; error?: { message: string } };
    assert.ok(response.ok, answer.error?.message);
    if (url.endsWith('/applications')) known.set('<appId>', answer.appId ?? '');
    if (url.endsWith('/servicePrincipals')) known.set('<id of the new service principal>', answer.id ?? '');
    if (method === 'GET') known.set('<id of the service principal of Microsoft Graph>', answer.id ?? '');
  }
}

describe('the requests to Microsoft Graph', () => {
  test('they are sent to a stand-in that knows what Microsoft publishes, and make registration and consent', async () => {
    const made: Made = {};
    await using graph = await openGraph(made);
    const wish = { ...WISH, cloud: { ...WISH.cloud, graph: graph.base } };
    await sendAll(kit.graphRequests(wish));
    // the compiler compares every level with the published types
    const expected: Application = kit.newManifest(WISH);
    assert.deepEqual(made.application, expected);
    assert.equal(made.grant?.scope, 'User.Read offline_access openid profile IMAP.AccessAsUser.All SMTP.Send');
  });

  test('a request with a field, a value or an id that Microsoft does not know is refused by the stand-in', async () => {
    await using graph = await openGraph({});
    const wish = { ...WISH, cloud: { ...WISH.cloud, graph: graph.base } };
    const [create, principal, , grant] = kit.graphRequests(wish);
    const manifest = kit.newManifest(wish);
    const wrong: readonly (readonly [kit.GraphRequest | undefined, object])[] = [
      [create, { ...manifest, allowPublicClient: true }],
      [create, { ...manifest, signInAudience: 'Everybody' }],
      [create, { ...manifest, publicClient: { redirectUris: ['not an address'] } }],
      [create, { ...manifest, requiredResourceAccess: [{ resourceAppId: 'x', resourceAccess: [{ id: 'x' }] }] }],
      [principal, { appId: 'another' }],
      [grant, { ...(grant?.body as object), consentType: 'Everybody' }],
    ];
    for (const [request, body] of wrong) {
      assert.ok(request !== undefined);
      await assert.rejects(sendAll([{ ...request, body }]), JSON.stringify(body));
    }
  });

  test('they have the shapes that Microsoft publishes', () => {
    const [create, principal, read, grant] = kit.graphRequests(WISH);
    assertApplication(create?.body as Application);
    assertFields(principal?.body as ServicePrincipal, 'ServicePrincipal');
    assert.equal(read?.method, 'GET');
    assertFields(grant?.body as OAuth2PermissionGrant, 'OAuth2PermissionGrant');
    assert.equal(kit.newManifest(WISH).signInAudience, 'AzureADMyOrg');
  });

  test('the rights are the least for the chosen uses', () => {
    const always = ['User.Read', 'offline_access', 'openid', 'profile'];
    const names = (uses: kit.KitWish['uses']) => kit.permissionsFor(uses).map(({ name }) => name);
    assert.deepEqual(names(['smtp']), [...always, 'SMTP.Send']);
    assert.deepEqual(names(['imap', 'pop3']), [...always, 'IMAP.AccessAsUser.All', 'POP.AccessAsUser.All']);
    for (const { id } of kit.permissionsFor(['imap', 'pop3', 'smtp'])) assert.ok(kit.KNOWN_IDS.has(id));
  });

  test('the old manifest says the same as the new one, in its own words', () => {
    const [old, fresh] = [kit.oldManifest(WISH), kit.newManifest(WISH)];
    const back = {
      displayName: old.name,
      signInAudience: old.signInAudience,
      isFallbackPublicClient: old.allowPublicClient,
      publicClient: { redirectUris: old.replyUrlsWithType.map(({ url }) => url) },
      requiredResourceAccess: old.requiredResourceAccess,
    };
    assert.deepEqual(back, fresh);
    assert.ok(old.replyUrlsWithType.every(({ type }) => type === 'InstalledClient'));
  });
});

// What az 2.37 and newer take for these commands; an argument that is not here is an error, as in the real one.
const AZ = `#!${process.execPath}
const { appendFileSync } = require('node:fs');
const args = process.argv.slice(2);
const KNOWN = {
  'ad app create': ['--display-name', '--sign-in-audience', '--is-fallback-public-client', '--public-client-redirect-uris', '--required-resource-accesses', '--query', '--output'],
  'ad sp create': ['--id', '--query', '--output'],
  'ad sp show': ['--id', '--query', '--output'],
  'account show': ['--query', '--output'],
  'cloud set': ['--name'],
  rest: ['--method', '--url', '--headers', '--body', '--output'],
};
const name = Object.keys(KNOWN).find((one) => args.join(' ').startsWith(one));
if (!name) { console.error('unknown command'); process.exit(2); }
const rest = args.slice(name.split(' ').length);
const options = {};
let current;
for (const word of rest) {
  if (word.startsWith('--')) {
    if (!KNOWN[name].includes(word)) { console.error('unrecognized arguments: ' + word); process.exit(2); }
    current = options[word] = [];
  } else if (current) current.push(word);
  else { console.error('unrecognized arguments: ' + word); process.exit(2); }
}
const isOne = (values, ...allowed) => values.length === 1 && (allowed.length === 0 || allowed.includes(values[0]));
const isGuid = (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
const isAccess = ([text, ...more]) => {
  try {
    return more.length === 0 && JSON.parse(text).every(({ resourceAppId, resourceAccess, ...others }) =>
      isGuid(resourceAppId) && Object.keys(others).length === 0 &&
      resourceAccess.every((one) => Object.keys(one).length === 2 && isGuid(one.id) && ['Scope', 'Role'].includes(one.type)));
  } catch { return false; }
};
const CHECKS = {
  '--display-name': (values) => isOne(values) && values[0] !== '',
  '--sign-in-audience': (values) => isOne(values, 'AzureADMyOrg', 'AzureADMultipleOrgs', 'AzureADandPersonalMicrosoftAccount', 'PersonalMicrosoftAccount'),
  '--is-fallback-public-client': (values) => isOne(values, 'true', 'false'),
  '--public-client-redirect-uris': (values) => values.length > 0 && values.every((uri) => URL.canParse(uri)),
  '--required-resource-accesses': isAccess,
  '--id': (values) => isOne(values) && isGuid(values[0]),
  '--query': (values) => isOne(values),
  '--output': (values) => isOne(values, 'json', 'jsonc', 'none', 'table', 'tsv', 'yaml', 'yamlc'),
  '--name': (values) => isOne(values, 'AzureCloud', 'AzureChinaCloud', 'AzureUSGovernment'),
  '--method': (values) => isOne(values, 'GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'),
  '--url': (values) => isOne(values) && URL.canParse(values[0]),
  '--headers': (values) => values.length > 0 && values.every((one) => /^[^=]+=.+$/.test(one)),
  '--body': (values) => { try { return isOne(values) && JSON.parse(values[0]) !== null; } catch { return false; } },
};
const NEEDED = { 'ad app create': ['--display-name'], 'ad sp create': ['--id'], 'ad sp show': ['--id'], 'cloud set': ['--name'], rest: ['--url'] };
for (const [option, values] of Object.entries(options)) {
  if (!CHECKS[option](values)) { console.error('invalid value of ' + option + ': ' + values.join(' ')); process.exit(2); }
}
for (const option of NEEDED[name] ?? []) {
  if (!options[option]) { console.error('the following arguments are required: ' + option); process.exit(2); }
}
appendFileSync(process.env.AZ_LOG, JSON.stringify({ name, options }) + '\\n');
const answers = { 'ad app create': process.env.APP, 'ad sp create': 'principal-1', 'ad sp show': 'graph-1', 'account show': process.env.TENANT };
if (answers[name] && options['--query']) console.log(answers[name]);
`;
const APP = '4f2c0000-0000-4000-8000-00000000000a';
const TENANT = '9a110000-0000-4000-8000-00000000000b';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'platen-az-'));
  writeFileSync(join(folder, 'az'), AZ);
  chmodSync(join(folder, 'az'), 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

type Asked = { readonly name: string; readonly options: Readonly<Record<string, readonly string[]>> };

/** Runs a script in a real shell, with a stand-in of az that refuses what az does not know. */
function run(script: string): { readonly asked: Asked[]; readonly stdout: string; readonly status: number | null } {
  const log = join(folder, 'log');
  writeFileSync(log, '');
  const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, AZ_LOG: log, APP, TENANT };
  const { stdout, status } = spawnSync('bash', ['-c', script], { env, encoding: 'utf8', cwd: folder });
  const asked = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Asked);
  return { asked, stdout, status };
}

/** Whether the stand-in refuses a command, asked in this process. */
function refuses(name: string, options: Asked['options']): boolean {
  const args = [...name.split(' '), ...Object.entries(options).flatMap(([option, values]) => [option, ...values])];
  class Exit extends Error {}
  const globals = {
    URL,
    console: { error: () => undefined, log: () => undefined },
    require: () => ({ appendFileSync: () => undefined }),
    process: {
      argv: ['node', 'az', ...args],
      env: {},
      exit: () => {
        throw new Exit();
      },
    },
  };
  try {
    runInNewContext(AZ.slice(AZ.indexOf('\n')), globals);
    return false;
  } catch (error) {
    if (error instanceof Exit) return true;
    throw error;
  }
}

describe('the script for the Azure CLI', () => {
  test('it runs, makes the registration of the Graph body, consents, and prints both ids', () => {
    const { asked, stdout, status } = run(kit.azureCliScript(WISH));
    assert.equal(status, 0);
    assert.deepEqual(
      asked.map(({ name }) => name),
      ['ad app create', 'ad sp create', 'ad sp show', 'rest', 'account show'],
    );
    const [create, principal, shown, rest, account] = asked;
    assert.deepEqual(create?.options['--is-fallback-public-client'], ['true']);
    assert.deepEqual(shown?.options['--id'], [kit.GRAPH_APP_ID]);
    assert.deepEqual(rest?.options['--method'], ['POST']);
    assert.deepEqual(rest?.options['--url'], ['https://graph.microsoft.com/v1.0/oauth2PermissionGrants']);
    assert.deepEqual(rest?.options['--headers'], ['Content-Type=application/json']);
    assert.deepEqual(account?.options['--query'], ['tenantId']);
    const manifest = kit.newManifest(WISH);
    assert.deepEqual(create?.options['--display-name'], [WISH.name]);
    assert.deepEqual(create?.options['--sign-in-audience'], [manifest.signInAudience]);
    assert.deepEqual(create?.options['--public-client-redirect-uris'], manifest.publicClient.redirectUris);
    const access = JSON.parse(
      create?.options['--required-resource-accesses']?.[0] ?? '',
    ) as Application['requiredResourceAccess'];
    assert.deepEqual(access, manifest.requiredResourceAccess);
    assert.deepEqual(principal?.options['--id'], [APP]);
    const body = JSON.parse(rest?.options['--body']?.[0] ?? '') as OAuth2PermissionGrant;
    assertFields(body, 'OAuth2PermissionGrant');
    assert.deepEqual(body, {
      clientId: 'principal-1',
      consentType: 'AllPrincipals',
      resourceId: 'graph-1',
      scope: 'User.Read offline_access openid profile IMAP.AccessAsUser.All SMTP.Send',
    });
    assert.deepEqual(JSON.parse(stdout), { clientId: APP, tenantId: TENANT });
  });

  test('each argument and each body is looked at: whatever else stands there is refused', () => {
    const { asked } = run(kit.azureCliScript(WISH));
    const free = new Set(['--display-name', '--query']);
    for (const { name, options } of asked) {
      assert.equal(refuses(name, options), false, name);
      for (const [option, values] of Object.entries(options)) {
        const { [option]: _taken, ...others } = options;
        assert.ok(refuses(name, { ...others, [`${option}-x`]: values }), `${name} ${option}-x`);
        assert.ok(refuses(name, { ...options, [option]: [] }), `${name} ${option} without a value`);
        if (free.has(option)) continue;
        assert.ok(refuses(name, { ...options, [option]: ['wrong'] }), `${name} ${option} wrong`);
      }
    }
    const [create] = asked;
    assert.ok(create !== undefined);
    const [access = ''] = create.options['--required-resource-accesses'] ?? [];
    for (const wrong of [access.replace('Scope', 'Scopes'), access.replace('resourceAccess', 'resources'), '[{}]']) {
      assert.ok(refuses(create.name, { ...create.options, '--required-resource-accesses': [wrong] }), wrong);
    }
  });

  test('a command that az refuses ends the script, and no ids are printed', () => {
    const script = kit.azureCliScript(WISH);
    for (const [right, wrong] of [
      ['--sign-in-audience AzureADMyOrg', '--sign-in-audience Everybody'],
      ['"consentType":"AllPrincipals"', '"consentType"'],
    ] as const) {
      assert.ok(script.includes(right), right);
      const { stdout, status } = run(script.replace(right, wrong));
      assert.notEqual(status, 0, wrong);
      assert.doesNotMatch(stdout, new RegExp(TENANT), wrong);
    }
  });

  test('a national cloud is named first, and Graph is asked there', () => {
    const cloud = getCloud({ clouds: {} } as Settings, 'china');
    const { asked } = run(kit.azureCliScript({ ...WISH, cloudName: 'china', cloud }));
    assert.deepEqual(asked[0]?.options['--name'], ['AzureChinaCloud']);
    const rest = asked.find(({ name }) => name === 'rest');
    assert.match(
      rest?.options['--url']?.[0] ?? '',
      /^https:\/\/microsoftgraph\.chinacloudapi\.cn\/v1\.0\/oauth2PermissionGrants$/,
    );
  });
});

describe('the script for PowerShell', () => {
  test('names are quoted, braces and brackets close, and the mailbox is the one that was named', () => {
    const script = kit.powershellScript(WISH);
    assert.ok(script.includes(`-DisplayName 'L''ufficio "stampe" $(touch /tmp/x) \`id\`'`));
    assert.ok(
      script.includes("Set-CASMailbox -Identity 'o''neil@contoso.example' -SmtpClientAuthenticationDisabled $false"),
    );
    const bare = script.replace(/'(?:[^']|'')*'/g, '').replace(/"[^"]*"/g, '');
    for (const [left, right] of ['()', '{}']) {
      assert.equal(bare.split(left ?? '').length, bare.split(right ?? '').length, `${left}${right}`);
    }
    const ids = [...script.matchAll(/Id = '([0-9a-f-]{36})'; Type/g)].map((match) => match[1]);
    assert.deepEqual(
      ids,
      kit.permissionsFor(WISH.uses).map(({ id }) => id),
    );
  });
});

test('the link for consent asks for the mail permissions of the chosen uses, in the own tenant', () => {
  assert.equal(kit.consentLink(WISH), undefined);
  const url = new URL(kit.consentLink({ ...WISH, clientId: APP, tenantId: TENANT }) ?? '');
  assert.equal(url.pathname, `/${TENANT}/v2.0/adminconsent`);
  assert.equal(url.searchParams.get('client_id'), APP);
  assert.equal(
    url.searchParams.get('scope'),
    'https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send',
  );
  const common = new URL(kit.consentLink({ ...WISH, clientId: APP, tenantId: 'common' }) ?? '');
  assert.equal(common.pathname, '/organizations/v2.0/adminconsent');
});
