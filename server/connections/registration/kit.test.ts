import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
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

describe('the requests to Microsoft Graph', () => {
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
  } else current.push(word);
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

describe('the script for the Azure CLI', () => {
  test('it runs, makes the registration of the Graph body, consents, and prints both ids', () => {
    const { asked, stdout, status } = run(kit.azureCliScript(WISH));
    assert.equal(status, 0);
    assert.deepEqual(
      asked.map(({ name }) => name),
      ['ad app create', 'ad sp create', 'ad sp show', 'rest', 'account show'],
    );
    const [create, principal, , rest] = asked;
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
