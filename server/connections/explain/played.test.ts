import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import aadstsTable from '../../../test/corpus/microsoft/aadsts.json' with { type: 'json' };
import type { TestContext } from '../../../test/harness/database.ts';
import {
  addPracticeConnection,
  connectPractice,
  openPractice,
  openPracticeContext,
  PRINT_ROOM,
  type Practice,
} from '../../../test/harness/practice-connection.ts';
import { MINUTE_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { AADSTS } from '../../protocols/microsoft/aadsts.ts';
import { toProblem } from '../connection.ts';
import { beginDeviceLogin, type Connection, getConnection } from '../connections.ts';
import { pollLogin } from '../poll-login.ts';
import { renewTokens } from '../tokens.ts';
import { answerProblem } from './kept.ts';

/** Every number of the table where Platen meets it: the practice tenant plays it, and what Platen makes of it is read. */
const numbersSeen = (where: 'D' | 'T' | 'R') =>
  aadstsTable.rows.filter(({ seen }) => seen.includes(where)).flatMap(({ numbers }) => numbers);

let practice: Practice & AsyncDisposable;
let node: TestContext;

before(async () => {
  practice = await openPractice();
  node = await openPracticeContext(practice);
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await practice[Symbol.asyncDispose]();
});

async function play(endpoint: 'token' | 'devicecode', aadsts: number): Promise<void> {
  await practice.steer('/faults/clear', {});
  await practice.fault({ endpoint, kind: 'aadsts', aadsts, times: 'always' });
}

/** What is shown of it in both languages names the number, says what it means and what to do, who, and about waiting. */
function assertExplained(problem: NonNullable<Connection['problem']>, aadsts: number): void {
  assert.equal(problem.facts?.aadsts, aadsts);
  assert.match(problem.remote ?? '', new RegExp(`AADSTS${aadsts}:`));
  const seen = new Set<string>();
  for (const language of ['en', 'it'] as const) {
    const told = answerProblem(problem, language, {
      cloud: 'worldwide',
      clientId: practice.clientId,
      account: PRINT_ROOM,
    });
    assert.equal(told.explanation?.reference, `AADSTS${aadsts}`);
    assert.equal(told.explanation.who, AADSTS.get(aadsts)?.who);
    const { meaning, action, whoText, waitingText } = told.explanation;
    for (const text of [told.title, told.advice, meaning, action, whoText, waitingText]) {
      assert.ok(text.length > 2 && !/\{\{|\$t\(/.test(text), `${aadsts} ${language}: ${text}`);
    }
    seen.add(meaning);
  }
  assert.equal(seen.size, 2, 'each language has words of its own');
}

/** True where the catalogue says that it goes away by itself: then no person is asked to confirm anything. */
function passes(aadsts: number): boolean {
  return AADSTS.get(aadsts)?.waiting !== 'no';
}

describe('a renewal that Microsoft refuses', () => {
  let id: string;
  before(async () => {
    id = await connectPractice(node, practice, { expectedAccount: PRINT_ROOM });
  });

  for (const aadsts of [...new Set([...numbersSeen('R'), ...aadstsTable.endsRefreshToken])]) {
    const claim = passes(aadsts) ? 'is waited out' : 'asks for a new confirmation';
    test(`with AADSTS${aadsts} ${claim}, and is explained`, async () => {
      const { context, clock } = node;
      const { db } = context;
      await db.updateTable('connections').set({ state: 'connected', problem: null }).where('id', '=', id).execute();
      await db.updateTable('connection_tokens').set({ failed_renewals: 0 }).where('connection_id', '=', id).execute();
      await play('token', aadsts);
      clock.advance(MINUTE_MS);
      await renewTokens(context, id, { since: clock.now(), signal: new AbortController().signal });
      const { state, problem } = await getConnection(context, id);
      if (passes(aadsts)) assert.notEqual(state, 'needs-confirmation');
      else assert.equal(state, 'needs-confirmation');
      assert.ok(problem);
      assertExplained(problem, aadsts);
    });
  }
});

describe('a code that is polled', () => {
  let id: string;
  before(async () => {
    id = await addPracticeConnection(node.context, practice, { expectedAccount: PRINT_ROOM });
  });

  for (const aadsts of numbersSeen('T').filter((number) => number !== 70016)) {
    test(`ends with AADSTS${aadsts}, or goes on where waiting helps, and is explained`, async () => {
      const { context, clock } = node;
      await practice.steer('/faults/clear', {});
      await beginDeviceLogin(context, id, { actor: 'test', language: 'en' });
      const login = await context.db
        .selectFrom('connection_logins')
        .select('id')
        .where('connection_id', '=', id)
        .where('state', '=', 'pending')
        .executeTakeFirstOrThrow();
      await play('token', aadsts);
      clock.advance(MINUTE_MS);
      await pollLogin(context, login.id, new AbortController().signal);
      const told = (await getConnection(context, id)).login;
      const expected = passes(aadsts) ? 'pending' : ({ 70020: 'expired', 65004: 'declined' }[aadsts] ?? 'refused');
      assert.equal(told?.state, expected);
      assert.ok(told.problem);
      assertExplained(told.problem, aadsts);
      assert.equal(told.offersLink, aadsts === 70020 || [53003, 530035, 530036].includes(aadsts));
    });
  }
});

describe('asking for a code', () => {
  let id: string;
  before(async () => {
    id = await addPracticeConnection(node.context, practice, { expectedAccount: PRINT_ROOM });
  });

  for (const aadsts of numbersSeen('D')) {
    test(`is refused with AADSTS${aadsts}, and that is explained`, async () => {
      await play('devicecode', aadsts);
      const error = await beginDeviceLogin(node.context, id, { actor: 'test', language: 'en' }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof PlatenError);
      assert.equal(error.code, passes(aadsts) ? 'identity-unreachable' : 'device-code-refused');
      assertExplained(toProblem(node.context, error), aadsts);
      assert.equal((await getConnection(node.context, id)).state, 'awaiting-confirmation');
    });
  }
});
