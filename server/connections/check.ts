/** Tries a connection for real and says what is in the way: a token from Microsoft, then the mailbox over IMAP. */
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import { connectImap } from '../protocols/imap/client.ts';
import { ImapFailure } from '../protocols/imap/failure.ts';
import type { Context } from '../store/database.ts';
import type { Problem } from '../store/schema.ts';
import { type CheckReport, type CheckTest, getRow, toProblem } from './connection.ts';
import { type AccessToken, accessTokenFor, endpointFor } from './connections.ts';
import { usesOf } from './exchange-online.ts';

/** Runs all tests and keeps the report with the connection; the last one wins. Throws `not-found`. */
export async function runCheck(context: Context, connectionId: string): Promise<CheckReport> {
  const row = await getRow(context, connectionId);
  const startedAt = context.clock.now().toISOString();
  const granted = usesOf(row.scopes);
  const tests: CheckTest[] = [];
  const [use = 'imap'] = granted;
  const token = await attempt(context, () => accessTokenFor(context, connectionId, use));
  tests.push(token.kind === 'done' ? { test: 'token', outcome: 'passed' } : failed('token', token.problem));
  if (token.kind === 'done' && granted.includes('imap')) {
    const opened = await attempt(context, () => openInbox(context, connectionId, token.value));
    tests.push(opened.kind === 'done' ? { test: 'imap', outcome: 'passed' } : failed('imap', opened.problem));
  } else {
    tests.push({ test: 'imap', outcome: 'skipped' });
  }
  const report = { id: newId(), startedAt, finishedAt: context.clock.now().toISOString(), tests };
  await context.db
    .updateTable('connections')
    .set({ checks: JSON.stringify(report) })
    .where('id', '=', connectionId)
    .execute();
  return report;
}

function failed(test: CheckTest['test'], problem: Problem): CheckTest {
  return { test, outcome: 'failed', problem };
}

type Attempted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** What an administrator can cure is a line of the report; what we did wrong is thrown on. */
async function attempt<T>(context: Context, work: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    return { kind: 'failed', problem: toProblem(context, error) };
  }
}

async function openInbox(context: Context, connectionId: string, token: AccessToken): Promise<void> {
  const endpoint = await endpointFor(context, connectionId, 'imap');
  const credentials = { kind: 'token', username: token.username, accessToken: token.accessToken } as const;
  try {
    await using session = await connectImap({ ...endpoint, credentials });
    // a login that is accepted does not prove that the mailbox opens
    await session.select('INBOX');
  } catch (cause) {
    if (!(cause instanceof ImapFailure)) throw cause;
    const isRefusal = cause.kind === 'auth-failed' || cause.kind === 'authenticated-but-not-connected';
    const code = isRefusal ? 'mailbox-refused' : 'mailbox-unreachable';
    throw new PlatenError(code, `the mailbox ${token.username} does not open: ${cause.kind}`, {
      cause,
      values: { address: token.username, host: endpoint.host },
      facts: { failure: cause.kind },
      ...(cause.words === undefined ? {} : { remote: cause.words }),
    });
  }
}
