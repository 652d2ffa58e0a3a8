/** The test of POP3: TLS, sign-in, and a count of the messages, because a sign-in alone proves nothing yet. */
import { type ErrorCode, PlatenError } from '../../base/errors.ts';
import { Pop3Failure } from '../../protocols/pop3/failure.ts';
import { type Check, failed, namesOf, type Outcome, type Probe, passed, skipped } from './probe.ts';
import { countOverPop3, RULED_OUT, signInElsewhere } from './sign-ins.ts';

async function testPop3(check: Check): Promise<Outcome> {
  const { cloud, granted } = check;
  if (!granted.includes('pop3')) return skipped('not-granted');
  try {
    return passed({ host: cloud.pop3.host, messages: await countOverPop3(check) });
  } catch (failure) {
    if (!(failure instanceof Pop3Failure)) throw failure;
    return await explainPop3(check, failure);
  }
}

/** Exchange has one answer for a bad token and for POP3 switched off; another protocol tells them apart. */
async function explainPop3(check: Check, failure: Pop3Failure): Promise<Outcome> {
  if (failure.kind !== 'auth-failed') return failed(pop3Error('mailbox-unreachable', check, failure));
  const { opened: toldApartBy } = await signInElsewhere(check, ['imap', 'smtp']);
  if (toldApartBy === undefined) return failed(pop3Error('mailbox-refused', check, failure, { ruledOut: RULED_OUT }));
  return failed(pop3Error('protocol-off', check, failure, { cause: 'pop3-off', toldApartBy }));
}

function pop3Error(
  code: ErrorCode,
  check: Check,
  failure: Pop3Failure,
  facts: Readonly<Record<string, string>> = {},
): PlatenError {
  const { host } = check.cloud.pop3;
  return new PlatenError(code, `the mailbox ${namesOf(check).mailbox} does not open over POP3: ${failure.kind}`, {
    cause: failure,
    values: { ...namesOf(check), host, folder: 'INBOX', protocol: 'POP3' },
    facts: { failure: failure.kind, ...facts },
    ...(failure.words === undefined ? {} : { remote: failure.words }),
  });
}

export const POP3_PROBE: Probe = { test: 'pop3', use: 'pop3', needs: ['token', 'reach'], run: testPop3 };
