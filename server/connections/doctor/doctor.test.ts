import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { TestContext } from '../../../test/harness/database.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import {
  connectPractice,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../../test/harness/practice-connection.ts';
import { HOUR_MS, MINUTE_MS } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { createConnection, getConnection, setNetworkSettings, updateConnection } from '../connections.ts';
import { explainFailure } from '../explain/explain.ts';
import { Doctor, findReport } from './doctor.ts';
import type { CheckWish } from './probe.ts';
import { type CheckReport, openReport, TESTS } from './report.ts';

const SHARED = 'scans@practice.example';
const EVERYTHING: CheckWish = { sendMessage: true, sharedMailbox: SHARED };

let practice: Practice & AsyncDisposable;

before(async () => {
  practice = await openPractice();
});
after(() => practice[Symbol.asyncDispose]());
beforeEach(async () => {
  await practice.steer('/reset', {});
  await practice.steer('/imap/clear-faults', {});
  await practice.steer('/pop3/clear-faults', {});
  await practice.steer('/smtp/reset', {});
});

async function examine(test: TestContext, id: string, wish: CheckWish = {}): Promise<CheckReport> {
  // a token that is younger than half a minute is not renewed
  test.clock.advance(MINUTE_MS);
  await using doctor = new Doctor(test.context);
  const { done } = await doctor.start(id, wish);
  return await done;
}

function failuresOf(report: CheckReport) {
  return report.tests.filter(({ outcome }) => outcome === 'failed');
}

type Fault = {
  /** What goes wrong. */
  readonly plant: (node: TestContext, id: string) => Promise<unknown>;
  /** The first test that fails, its code, and what tells the cause. */
  readonly test: string;
  readonly code: string;
  readonly reference?: string;
  readonly wish?: CheckWish;
  readonly facts?: Readonly<Record<string, string | number>>;
  /** What it may be, where the tests could not tell it apart. */
  readonly causes?: readonly string[];
};

const flip =
  (name: string, more: Record<string, unknown> = {}) =>
  async () => {
    await practice.steer('/switch', { switch: name, account: PRINT_ROOM, clientId: practice.clientId, ...more });
  };
const smtp = (switches: Record<string, unknown>) => async () => await practice.steer('/smtp/switch', switches);
const imap = (fault: Record<string, unknown>) => async () => await practice.steer('/imap/fault', fault);
const pop3 = (fault: Record<string, unknown>) => async () => await practice.steer('/pop3/fault', fault);
const onIdentity = (test: string, aadsts: number, plant: Fault['plant'], code = 'connection-needs-confirmation') => ({
  plant,
  test,
  code,
  reference: `AADSTS${aadsts}`,
});
const refused = 'device-code-refused';
const noApp = '00000000-0000-4000-8000-000000000001';

const FAULTS: Readonly<Record<string, Fault>> = {
  'the tenant does not exist': onIdentity(
    'tenant',
    90002,
    async ({ context }, id) =>
      await context.db.updateTable('connections').set({ tenant_id: 'nobody.example' }).where('id', '=', id).execute(),
    refused,
  ),
  'the client id is wrong': onIdentity(
    'registration',
    700016,
    async ({ context }, id) =>
      await context.db.updateTable('connections').set({ client_id: noApp }).where('id', '=', id).execute(),
    refused,
  ),
  'the app is disabled': onIdentity('public-client', 7000112, flip('app-disabled'), refused),
  'public client flows are off': onIdentity('public-client', 7000218, flip('public-client-off'), refused),
  'the clock of the machine is an hour late': {
    plant: async () => await practice.steer('/clock/advance', { seconds: 3600 }),
    test: 'clock',
    code: 'clock-wrong',
  },
  'nobody has confirmed yet': {
    plant: async ({ context }, id) =>
      await updateConnection(context, id, { change: { cloud: 'second' }, actor: 'test' }),
    test: 'account',
    code: 'connection-not-confirmed',
  },
  'another account is expected now': {
    plant: async ({ context }, id) =>
      await updateConnection(context, id, { change: { expectedAccount: 'anna@practice.example' }, actor: 'test' }),
    test: 'account',
    code: 'wrong-account',
  },
  'the consent for sending was withdrawn': {
    ...onIdentity('permissions', 65001, flip('consent-removed', { names: ['SMTP.Send'] })),
    facts: { missing: 'SMTP.Send' },
  },
  'the password was changed': onIdentity('permissions', 50173, flip('password-changed')),
  'the sessions were revoked': onIdentity('permissions', 50173, flip('sessions-revoked')),
  'the account is disabled': onIdentity('permissions', 50057, flip('user-disabled')),
  'the second factor is too old': onIdentity('permissions', 50078, flip('mfa-expired')),
  'the sign-in frequency is over': onIdentity('permissions', 70043, flip('sign-in-frequency')),
  'security defaults were switched on': onIdentity(
    'permissions',
    530035,
    flip('device-code-policy', { policy: 'security-defaults' }),
  ),
  'codes were blocked by Conditional Access': onIdentity(
    'permissions',
    530036,
    flip('device-code-policy', { policy: 'conditional-access' }),
  ),
  'the account is not assigned to the app': onIdentity('permissions', 50105, flip('assignment-required')),
  'ninety days went by without use': onIdentity('permissions', 700082, flip('idle')),
  'the token is for another service': {
    plant: async () => {
      const claims = { aud: 'https://graph.microsoft.com', scp: 'SMTP.Send IMAP.AccessAsUser.All' };
      const forged = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
      await practice.fault({ endpoint: 'token', kind: 'patch', grant: 'refresh_token', set: { access_token: forged } });
    },
    test: 'token',
    code: 'token-wrong-service',
  },
  'IMAP is off for the mailbox': {
    plant: imap({ kind: 'refuse-login' }),
    test: 'imap',
    code: 'protocol-off',
    facts: { cause: 'imap-off' },
  },
  'the account has no mailbox': {
    plant: async () => await practice.steer('/accounts', { upn: PRINT_ROOM, hasMailbox: false }),
    test: 'imap',
    code: 'mailbox-not-accessible',
    reference: 'imap-not-connected',
    facts: { toldApartBy: 'smtp' },
    causes: ['no-license', 'no-right', 'right-is-new'],
  },
  'no protocol lets the account in': {
    plant: async () => {
      await practice.steer('/imap/fault', { kind: 'refuse-login' });
      await practice.steer('/pop3/fault', { name: 'refuse-login' });
      await practice.steer('/smtp/fault', { named: 'token-refused', times: 10 });
    },
    test: 'imap',
    code: 'mailbox-refused',
    reference: 'imap-auth-failed',
    causes: ['imap-off', 'other-account'],
  },
  'too many sessions for a moment': {
    plant: imap({ kind: 'no-mailbox', times: 1 }),
    test: 'imap',
    code: 'mailbox-unreachable',
    facts: { cause: 'too-many-sessions' },
  },
  'IMAP is throttled': {
    plant: imap({ kind: 'throttle', backoffMs: 299_961, command: 'SELECT' }),
    test: 'imap',
    code: 'mailbox-unreachable',
    reference: 'imap-throttled',
  },
  'POP3 is off for the mailbox': {
    plant: pop3({ name: 'refuse-login' }),
    test: 'pop3',
    code: 'protocol-off',
    reference: 'pop3-auth-failed',
    facts: { cause: 'pop3-off', toldApartBy: 'imap' },
  },
  'another program holds the mailbox over POP3': {
    plant: pop3({ name: 'in-use' }),
    test: 'pop3',
    code: 'mailbox-unreachable',
  },
  'SMTP is off for the tenant': {
    plant: smtp({ tenantAuth: 'off' }),
    test: 'smtp',
    code: 'smtp-auth-off-tenant',
    reference: 'smtp-auth-off-tenant',
  },
  'SMTP is off for the mailbox': {
    plant: smtp({ mailboxAuth: { [PRINT_ROOM]: 'off' } }),
    test: 'smtp',
    code: 'smtp-auth-off-mailbox',
    reference: 'smtp-auth-off-mailbox',
  },
  'security defaults block SMTP': {
    plant: smtp({ signInPolicy: 'security-defaults' }),
    test: 'smtp',
    code: 'smtp-blocked-security-defaults',
    reference: 'smtp-security-defaults',
  },
  'Conditional Access blocks SMTP': {
    plant: smtp({ signInPolicy: 'conditional-access' }),
    test: 'smtp',
    code: 'smtp-refused-by-policy',
    reference: 'smtp-policy',
    causes: ['policy', 'smtp-switch', 'security-defaults'],
  },
  'the right to send as the sender is missing': {
    plant: async () => await practice.steer('/shared-mailboxes', { address: SHARED, fullAccess: [PRINT_ROOM] }),
    wish: EVERYTHING,
    test: 'message',
    code: 'sender-not-allowed',
    reference: 'smtp-send-as-denied',
    causes: ['no-send-as', 'right-is-new', 'on-behalf-only', 'alias-as-sender'],
  },
  'the shared mailbox gives no full access': {
    plant: async () => await practice.steer('/shared-mailboxes', { address: SHARED, sendAs: [PRINT_ROOM] }),
    wish: EVERYTHING,
    test: 'shared-mailbox',
    code: 'shared-mailbox-no-access',
  },
};

/** The practice tenant, a second name for it, and one whose mail servers are not there. */
function cloudsWith(deadPort: number) {
  const { practice: cloud } = practice.clouds;
  assert.ok(cloud !== undefined);
  const dead = { ...cloud, smtp: { ...cloud.smtp, host: '127.0.0.1', port: deadPort } };
  return { practice: cloud, second: cloud, dead };
}

async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the connection doctor', () => {
  test('it finds nothing on a healthy tenant, with everything that can be asked for', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const id = await connectPractice(node, practice, { uses: ['imap', 'pop3', 'smtp'] });
    const network = { senderEmail: PRINT_ROOM, senderName: undefined, outgoing: undefined };
    await setNetworkSettings(context, network, 'test');
    await context.db.insertInto('read_addresses').values({ mailbox_id: id, address: PRINT_ROOM }).execute();
    const report = await examine(node, id, EVERYTHING);
    assert.deepEqual(
      report.tests.filter(({ outcome }) => outcome !== 'passed'),
      [],
    );
    assert.deepEqual(
      report.tests.map((one) => one.test),
      [...TESTS],
    );
    assert.equal(report.state, 'finished');
    assert.deepEqual((await getConnection(context, id)).checks, report);
    const events = await readJournal(context, { type: 'connection-tested', limit: 50 });
    assert.equal(events.length, TESTS.length + 1);
    assert.ok(!JSON.stringify(report).includes('eyJ'), 'no token in the report');
  });

  test('what is not needed for the chosen uses is not run and says so', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice, { uses: ['smtp'] });
    const report = await examine(node, id);
    const skippedTests = report.tests.flatMap(({ test, because }) => (because === undefined ? [] : [[test, because]]));
    assert.deepEqual(skippedTests, [
      ['imap', 'not-chosen'],
      ['imap-folders', 'not-chosen'],
      ['pop3', 'not-chosen'],
      ['message', 'not-wanted'],
      ['shared-mailbox', 'not-chosen'],
    ]);
  });

  test('a use that was given up is not tested any more, although its permission is still there', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice, { uses: ['imap', 'smtp'] });
    await updateConnection(node.context, id, { change: { uses: ['imap'] }, actor: 'test' });
    await practice.steer('/smtp/switch', { tenantAuth: 'off' });
    const report = await examine(node, id, { sendMessage: true });
    assert.deepEqual(failuresOf(report), []);
    const because = Object.fromEntries(report.tests.map(({ test, because }) => [test, because]));
    assert.deepEqual([because.smtp, because.message], ['not-chosen', 'not-chosen']);
    assert.equal(because['imap-folders'], 'not-read');
    const reach = report.tests.find(({ test }) => test === 'reach');
    assert.doesNotMatch(String(reach?.facts?.open), new RegExp(`:${practice.clouds.practice?.smtp.port}\\b`));
  });

  for (const [name, fault] of Object.entries(FAULTS)) {
    test(`it finds that ${name}`, async () => {
      const clouds = cloudsWith(await deadPort());
      await using node = await openTestContext({ settings: { clouds } });
      const id = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM, uses: ['imap', 'pop3', 'smtp'] });
      await fault.plant(node, id);
      const report = await examine(node, id, fault.wish);
      const [found] = failuresOf(report);
      const { problem } = found ?? {};
      assert.deepEqual([found?.test, problem?.code], [fault.test, fault.code], JSON.stringify(report.tests));
      const facts = { ...problem?.facts, ...found?.facts };
      for (const [key, value] of Object.entries(fault.facts ?? {}))
        assert.equal(facts[key], value, JSON.stringify(facts));
      if (fault.reference === undefined || problem === undefined) return;
      for (const language of ['en', 'it'] as const) {
        const told = explainFailure(problem, { language, account: PRINT_ROOM });
        assert.equal(told?.reference, fault.reference);
        assert.deepEqual(
          told.causes?.map(({ id }) => id),
          fault.causes,
        );
        assert.ok(told.meaning.length > 5 && told.whoText.length > 2 && told.waitingText.length > 2);
      }
    });
  }

  test('without SMTP it is POP3 that tells IMAP switched off from a token that is no good', async () => {
    await using node = await openPracticeContext(practice);
    const id = await connectPractice(node, practice, { uses: ['imap', 'pop3'] });
    await practice.steer('/imap/fault', { kind: 'refuse-login' });
    const [found] = failuresOf(await examine(node, id));
    assert.deepEqual([found?.test, found?.problem?.code], ['imap', 'protocol-off']);
    const { cause, toldApartBy } = found?.problem?.facts ?? {};
    assert.deepEqual([cause, toldApartBy], ['imap-off', 'pop3']);
  });

  test('a firewall before one server is named, and what does not depend on it is still tested', async () => {
    const port = await deadPort();
    await using node = await openTestContext({ settings: { clouds: cloudsWith(port) } });
    const id = await connectPractice(node, practice);
    await node.context.db.updateTable('connections').set({ cloud: 'dead' }).where('id', '=', id).execute();
    const [found] = failuresOf(await examine(node, id));
    assert.deepEqual([found?.test, found?.problem?.code], ['reach', 'server-unreachable']);
    assert.equal(found?.problem?.facts?.blocked, `127.0.0.1:${port}`);
    assert.equal(explainFailure(found?.problem ?? { code: 'x' }, { language: 'en' })?.reference, 'network-refused');
  });

  test('a check that is stopped, replaced or cut off by a restart says so', async () => {
    await using node = await openPracticeContext(practice);
    const { context, clock } = node;
    const id = await connectPractice(node, practice);
    await using doctor = new Doctor(context);
    const first = await doctor.start(id);
    const second = await doctor.start(id);
    assert.equal((await first.done).state, 'stopped');
    await doctor.stop(id);
    assert.equal((await second.done).state, 'stopped');
    assert.equal((await findReport(context, id))?.state, 'stopped');
    await openReport(context, id);
    assert.equal((await findReport(context, id))?.state, 'running');
    clock.advance(HOUR_MS);
    assert.equal((await findReport(context, id))?.state, 'stopped');
  });

  test('a connection that nobody confirmed is told as that, and the rest waits for it', async () => {
    await using node = await openPracticeContext(practice);
    const { context } = node;
    const { tid: tenantId, clientId } = practice;
    const asked = { title: 'New', clientId, tenantId, cloud: 'practice', uses: ['imap'] } as const;
    const { id } = await createConnection(context, asked, 'test');
    const report = await examine(node, id);
    assert.equal(failuresOf(report)[0]?.problem?.code, 'connection-not-confirmed');
    assert.equal(report.tests.find((one) => one.test === 'imap')?.because, 'needs-token');
  });
});
