import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { clientOf } from '../../simulator/testing.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { answerCode } from '../harness/peers.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

let stage: Stage;

async function control(path: string, body: Record<string, unknown>): Promise<void> {
  const { status, text } = await clientOf(stage.peers.practice).control(path, body);
  assert.equal(status, 200, text);
}

/** How often the practice tenant was asked for a token by code so far. */
function countPolls(): number {
  const asked = stage.peers.practice.identity.log.entries({ endpoint: 'token' });
  return asked.filter(({ grant }) => grant?.includes('device_code')).length;
}

type Begun = { readonly id: string; readonly userCode: string };

async function begin(more: Row = { expectedAccount: PRINT_ROOM }): Promise<Begun> {
  const id = await stage.addConnection(more);
  const code = await stage.api('POST', `/connections/${id}/device-code`);
  assert.match(String(code.verificationUri), /^https:\/\/localhost:\d+\//, 'the address is the one of the answer');
  return { id, userCode: String(code.userCode) };
}

async function confirm({ userCode }: Begun, account = PRINT_ROOM): Promise<void> {
  await answerCode(stage.peers.practice, { userCode, account });
}

/** Waits until the login has ended; answers the connection and its login. */
async function endOf({ id }: Begun): Promise<{ connection: Row; login: Row; problem: Row }> {
  const connection = await eventually(
    async () => {
      const now = await stage.connectionState(id);
      return (now.login as Row | null)?.state === 'pending' ? undefined : now;
    },
    { what: 'the login ends', timeoutMs: 30_000 },
  );
  const login = (connection.login ?? {}) as Row;
  return { connection, login, problem: (login.problem ?? {}) as Row };
}

async function assertNothingKept({ id }: Begun): Promise<void> {
  const kept = await stage.sql('SELECT 1 FROM connection_tokens WHERE connection_id = $1', [id]);
  const sealed = `SELECT 1 FROM connection_logins WHERE connection_id = $1
    AND (sealed_grant IS NOT NULL OR sealed_device_code IS NOT NULL)`;
  assert.deepEqual([...kept, ...(await stage.sql(sealed, [id]))], []);
}

async function assertNoTokens({ id }: Begun): Promise<void> {
  assert.deepEqual(await stage.sql('SELECT 1 FROM connection_tokens WHERE connection_id = $1', [id]), []);
}

describe('connecting by device code', () => {
  before(async () => {
    stage = await openStage({ database: 'external', until: 'administrator' });
  });
  after(async () => await stage?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    await control('/faults/clear', {});
    await control('/switch', { switch: 'device-code-policy', policy: 'allowed' });
    await control('/settings', { deviceCodeSeconds: 900, intervalSeconds: 1 });
  });

  test('a code that the right account confirms makes the connection connected', async () => {
    const begun = await begin();
    const waiting = await stage.connectionState(begun.id);
    assert.equal(waiting.state, 'awaiting-confirmation');
    await confirm(begun);
    const { connection, login } = await endOf(begun);
    assert.deepEqual([login.state, connection.state], ['granted', 'connected']);
    assert.equal((connection.account as Row).username, PRINT_ROOM);
    assert.deepEqual(connection.grantedUses, ['imap']);
  });

  test('before the confirmation nothing that needs e-mail works, and it says so', async () => {
    const { id } = await begin();
    const check = await stage.ask('POST', `/connections/${id}/check?wait=true`);
    assert.match(check.text, /connection-not-confirmed/);
    const network = await stage.api('PUT', '/settings/network', {
      senderEmail: PRINT_ROOM,
      outgoingServer: { connectionId: id },
    });
    assert.equal((network.problem as Row | null)?.code, 'connection-not-confirmed');
    await stage.api('DELETE', `/connections/${id}/device-code`);
  });

  test('a declined code ends the login as declined and keeps nothing', async () => {
    const begun = await begin();
    await answerCode(stage.peers.practice, { userCode: begun.userCode, account: PRINT_ROOM, action: 'decline' });
    const { connection, login, problem } = await endOf(begun);
    assert.deepEqual([login.state, connection.state], ['declined', 'awaiting-confirmation']);
    assert.equal(problem.code, 'login-declined');
    await assertNothingKept(begun);
  });

  test('a code that nobody confirms in time expires', async () => {
    await control('/settings', { deviceCodeSeconds: 2 });
    const begun = await begin();
    const { login, problem } = await endOf(begun);
    assert.deepEqual([login.state, problem.code], ['expired', 'login-expired']);
    await assertNothingKept(begun);
  });

  test('another account than the expected one is refused with an explanation, and nothing of it is kept', async () => {
    const begun = await begin();
    await confirm(begun, 'bruno@practice.example');
    const { connection, login, problem } = await endOf(begun);
    assert.deepEqual([login.state, connection.state], ['wrong-account', 'awaiting-confirmation']);
    assert.equal(connection.account, null);
    assert.match(`${problem.advice}`, /bruno@practice\.example|print@practice\.example/);
    await assertNothingKept(begun);
  });

  for (const aadsts of [53003, 530035]) {
    test(`an account that is blocked with AADSTS${aadsts} ends the login as refused, with advice of its own`, async () => {
      const begun = await begin({});
      await confirm(begun, `blocked-${aadsts}@practice.example`);
      const { login, problem } = await endOf(begun);
      assert.deepEqual([login.state, problem.code], ['refused', 'device-code-refused']);
      assert.match(String(problem.remote), new RegExp(`AADSTS${aadsts}`));
      assert.ok(String(problem.advice).length > 20);
      await assertNothingKept(begun);
    });
  }

  for (const aadsts of [50105, 65001]) {
    test(`a sign-in that Microsoft refuses with AADSTS${aadsts} ends as refused, with number, trace id and correlation id`, async () => {
      const begun = await begin();
      await control('/faults', { endpoint: 'token', kind: 'aadsts', aadsts });
      const { login, problem } = await endOf(begun);
      assert.deepEqual([login.state, problem.code], ['refused', 'device-code-refused']);
      assert.match(String(problem.remote), new RegExp(`AADSTS${aadsts}`));
      const facts = JSON.stringify(problem.facts);
      assert.match(facts, new RegExp(String(aadsts)));
      assert.match(facts, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/);
      assert.ok(String(problem.advice).length > 20);
      await assertNothingKept(begun);
    });
  }

  test('a tenant that blocks device codes altogether is told as such when the code is confirmed', async () => {
    await control('/switch', { switch: 'device-code-policy', policy: 'conditional-access' });
    const begun = await begin();
    await confirm(begun);
    const polls = countPolls();
    const seen = await eventually(
      async () => {
        const connection = await stage.connectionState(begun.id);
        const login = connection.login as Row;
        // The page refuses the person; the program sees the refusal, or goes on waiting until the code expires.
        return login.state === 'refused' || countPolls() >= polls + 2 ? login : undefined;
      },
      { what: 'the refusal is seen', timeoutMs: 20_000 },
    );
    assert.ok(['refused', 'pending'].includes(String(seen.state)));
    await assertNoTokens(begun);
  });

  test('throttling, outages, pages instead of answers, resets and lost answers do not end a login before its time', async () => {
    const begun = await begin();
    const faults = [
      { kind: 'status', status: 429, retryAfter: 1 },
      { kind: 'status', status: 503, body: 'html' },
      { kind: 'reset' },
      { kind: 'html' },
      { kind: 'truncated' },
    ];
    const before = countPolls();
    for (const fault of faults) await control('/faults', { endpoint: 'token', ...fault });
    // One more than there are faults: the last fault has done its harm before the code is confirmed. A grant whose answer
    // is lost would spend the code.
    await eventually(() => countPolls() > before + faults.length, { what: 'each fault was met', timeoutMs: 40_000 });
    assert.equal(((await stage.connectionState(begun.id)).login as Row).state, 'pending');
    await confirm(begun);
    const { connection } = await endOf(begun);
    assert.equal(connection.state, 'connected');
  });

  test('no code, token or device code appears in what the server says, answers or records', async () => {
    const begun = await begin();
    await confirm(begun);
    await endOf(begun);
    const { json } = await clientOf(stage.peers.practice).control('/secrets');
    const secrets = json.secrets as string[];
    assert.ok(secrets.length > 3);
    const journal = await stage.sql('SELECT data FROM journal');
    const answers = await stage.ask('GET', '/connections');
    const told = `${stage.node.output()}${JSON.stringify(journal)}${answers.text}`;
    assert.deepEqual(
      secrets.filter((secret) => told.includes(secret)),
      [],
    );
  });
});
