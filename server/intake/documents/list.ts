/** The documents of a message as they are shown: each with what became of it, up to the end of its job. */
import { listJobs } from '../../jobs/jobs.ts';
import type { Context } from '../../store/database.ts';
import { intakeLimits } from '../limits.ts';

export type MessageDocument = {
  readonly position: number;
  readonly name: string;
  readonly format: string;
  readonly bytes: number;
  /** `waiting` for the confirmation of its sender; `refused` also where its job ended because of the document. */
  readonly outcome: 'job' | 'waiting' | 'refused' | 'left-out';
  readonly reason: string | undefined;
  /** What the words of the reason mention. */
  readonly values: Readonly<Record<string, string | number>>;
  readonly jobId: string | undefined;
};

/** In their order. The jobs that belong to somebody else are not looked at when `ownerId` is given. */
export async function listDocuments(context: Context, messageId: string, ownerId?: string): Promise<MessageDocument[]> {
  const rows = await context.db
    .selectFrom('incoming_documents')
    .selectAll()
    .where('message_id', '=', messageId)
    .orderBy('position')
    .execute();
  const jobs = await listJobs(context, { messageId, ownerId, limit: intakeLimits.maxDocuments });
  const aborted = new Map(
    jobs.flatMap(({ id, state, problem }) => (state === 'aborted' && problem !== null ? [[id, problem] as const] : [])),
  );
  return rows.map((row) => {
    const failure = row.job_id === null ? undefined : aborted.get(row.job_id);
    return {
      position: row.position,
      name: row.name,
      format: row.format,
      bytes: row.bytes,
      outcome: failure === undefined ? outcomeOf(row) : 'refused',
      reason: failure?.code ?? row.reason ?? undefined,
      values: failure?.values ?? {},
      jobId: row.job_id ?? undefined,
    };
  });
}

function outcomeOf(row: { readonly outcome: 'accepted' | 'refused' | 'left-out'; readonly job_id: string | null }) {
  if (row.outcome !== 'accepted') return row.outcome;
  return row.job_id === null ? 'waiting' : 'job';
}
