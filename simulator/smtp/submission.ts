/** What Exchange says when a message has come whole: every limit and right is looked at here, and then it is accepted. */
import { deliver, describeMessage, type Message, storedForm } from './delivery.ts';
import { addressesIn, hasBareLineEnd } from './grammar.ts';
import { accepted, SUBMISSION, type Wording } from './replies.ts';
import { inWords, type Login, meet, pause, type Session, type Shared, type Transaction } from './session.ts';

const RATE_LOOK_MS = 25;

export type Arrival = { readonly content: Buffer; readonly by: 'DATA' | 'BDAT' };

/** Answers the final dot; with a 250 the message is in the mailboxes and in the ledger. */
export async function submit(session: Session, shared: Shared, { content, by }: Arrival): Promise<string> {
  const { login, transaction } = session;
  if (!login || !transaction) throw new Error('a message has come outside a transaction');
  const message = describeMessage(content);
  const identity = message.sha256;
  const fault = await meet(session, shared, { phase: 'end-of-data', identity });
  if (fault !== undefined) return refuse(shared, fault);
  if (by === 'DATA' && hasBareLineEnd(content)) return refuse(shared, SUBMISSION.bareLineEnds());
  if (shared.switches.overRate === 'delay') await untilInRate(session, shared, login);
  const problem = findProblem(shared, { login, transaction, message });
  if (problem) return refuse(shared, inWords(problem.wording, session, shared, problem.sender));
  const messageId = await accept(session, shared, { login, transaction, message });
  const lateFault = await meet(session, shared, { phase: 'end-of-data', when: 'after', identity });
  return lateFault ?? accepted(messageId);
}

function refuse(shared: Shared, reply: string): string {
  if (reply !== '') shared.counters.refused += 1;
  return reply;
}

type Submission = { readonly login: Login; readonly transaction: Transaction; readonly message: Message };

async function accept(session: Session, shared: Shared, given: Submission): Promise<string> {
  const { login, transaction, message } = given;
  const { ledger, switches, counters } = shared;
  const at = shared.now();
  const { sha256, messageId, date, content } = message;
  const isRemembered = switches.duplicateSuppression === 'on';
  const known = ledger.findDuplicate({ mailbox: login.mailbox, messageId, date, at });
  const duplicateOf = isRemembered ? known : undefined;
  const stored = storedForm(message, { messageIds: switches.messageIds, number: counters.accepted + 1 });
  const { sender, recipients } = transaction;
  const entry = { at, session: session.id, mailbox: login.mailbox, sender, recipients: [...recipients] };
  const facts = { bytes: content.length, sha256, messageId, deliveredMessageId: stored.messageId, date, duplicateOf };
  counters.accepted += 1;
  session.messages += 1;
  await deliver(session, shared, { ...stored, recipients, isDuplicate: duplicateOf !== undefined });
  ledger.add({ ...entry, ...facts }, { content, external: countExternal(shared, given) });
  return stored.messageId;
}

type Problem = { readonly wording: Wording; readonly sender?: string };

function findProblem(shared: Shared, given: Submission): Problem | undefined {
  const { tenant, switches, ledger } = shared;
  const { login, transaction } = given;
  const { mailbox } = login;
  const now = shared.now();
  if (rankOf(shared, login) >= switches.maxSessionsPerMailbox) return { wording: SUBMISSION.concurrent };
  if (ledger.messagesInLastMinute(mailbox, now) >= (switches.messagesPerMinute ?? Number.POSITIVE_INFINITY)) {
    return { wording: SUBMISSION.threadLimit };
  }
  // The login of a delegate is accepted without a look at the rights: only the store finds out.
  if (!tenant.mayOpenMailbox(login.token.username, mailbox)) return { wording: SUBMISSION.logonFailure };
  const sentToday = ledger.recipientsInLastDay(mailbox, now);
  if (sentToday + transaction.recipients.length > switches.recipientsPerDay) return { wording: SUBMISSION.quota };
  const external = ledger.externalRecipientsInLastDay(now) + countExternal(shared, given);
  if (external > (switches.externalRecipientsPerDay ?? Number.POSITIVE_INFINITY)) {
    return { wording: SUBMISSION.tenantLimit };
  }
  const denied = findDeniedSender(shared, given);
  return denied === undefined ? undefined : { wording: SUBMISSION.sendAsDenied, sender: denied };
}

/** How many sessions of the same mailbox logged in before this one and are still open. */
function rankOf({ sessions }: Shared, login: Login): number {
  const isEarlier = (other: Login | undefined) => other?.mailbox === login.mailbox && other.order < login.order;
  return [...sessions].filter((session) => isEarlier(session.login)).length;
}

/** The envelope's sender and every address in From and Sender must be one's own, or one that one may send as. */
function findDeniedSender({ tenant }: Shared, { login, transaction, message }: Submission): string | undefined {
  const named = message.fields.filter((field) => field.name === 'from' || field.name === 'sender');
  const senders = [transaction.sender, ...named.flatMap((field) => addressesIn(field.value))];
  return senders.find((address) => address !== '' && !maySend(tenant, login, address));
}

function maySend(tenant: Shared['tenant'], login: Login, address: string): boolean {
  // Who opens a shared mailbox by its own name sends in that name.
  const isOwn = login.mailbox === address.toLowerCase();
  return isOwn || tenant.maySendAs(login.token.username, address);
}

function countExternal({ tenant }: Shared, { login, transaction }: Submission): number {
  const home = tenant.findAccount(login.token.username)?.tid;
  const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1);
  return transaction.recipients.filter((one) => tenant.findTenant(domainOf(one))?.tid !== home).length;
}

async function untilInRate(session: Session, shared: Shared, { mailbox }: Login): Promise<void> {
  const { ledger, switches, stop } = shared;
  const isOver = () => session.wire.isOver || stop.aborted;
  const limit = () => switches.messagesPerMinute ?? Number.POSITIVE_INFINITY;
  while (!isOver() && ledger.messagesInLastMinute(mailbox, shared.now()) >= limit()) await pause(RATE_LOOK_MS, shared);
}
