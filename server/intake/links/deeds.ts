/** What the links in messages do: one entry per purpose, each deed in the transaction that uses its link up. */
import { cancelJob, getJob, type Job, releaseJob } from '../../jobs/jobs.ts';
import type { Context } from '../../store/database.ts';
import type { LinkPurpose } from '../../store/schema.ts';
import { transaction } from '../../store/transaction.ts';
import { findLink, type Link, useLink } from '../../users/users.ts';
import { confirmMessage, describeHeld, type HeldMessage } from '../senders/confirm.ts';

/** What a link is about, for whoever opens it. */
export type LinkSubject = {
  readonly jobs: readonly Pick<Job, 'id' | 'number' | 'title' | 'state' | 'pages' | 'printerId'>[];
  /** The message whose sender is asked to confirm. */
  readonly message?: HeldMessage;
};

type Deed = {
  readonly describe: (context: Context, link: Link) => Promise<LinkSubject>;
  /** Throws what keeps it from being done; the link is then as it was. */
  readonly act: (context: Context, link: Link) => Promise<void>;
};

const DEEDS: Readonly<Record<LinkPurpose, Deed>> = {
  'confirm-sender': {
    describe: async (context, { subjectIds }) => ({
      jobs: [],
      message: await describeHeld(context, subjectIds[0] ?? ''),
    }),
    act: async (context, { subjectIds, userId }) => {
      for (const id of subjectIds) await confirmMessage(context, id, userId);
    },
  },
  'print-job': {
    describe: describeJobs,
    act: async (context, link) => {
      for (const id of await openOnes(context, link, ({ state }) => state === 'pending-held')) {
        await releaseJob(context, id, { ...askOf(link), via: 'link' });
      }
    },
  },
  'cancel-job': {
    describe: describeJobs,
    act: async (context, link) => {
      for (const id of await openOnes(context, link, ({ endedAt }) => endedAt === null)) {
        await cancelJob(context, id, askOf(link));
      }
    },
  },
};

export type OpenedLink = { readonly link: Link; readonly subject: LinkSubject };

/** Says what a link would do; nothing happens. Throws `link-unknown` and `too-many-attempts`. */
export async function describeLink(context: Context, token: string, remoteAddress: string): Promise<OpenedLink> {
  const link = await findLink(context, token, remoteAddress);
  return { link, subject: await DEEDS[link.purpose].describe(context, link) };
}

/**
 * Does what a link is for, once; durable when this returns. Throws as `describeLink`, `link-used`, `link-expired`, and
 * what the deed throws.
 */
export async function followLink(context: Context, token: string, remoteAddress: string): Promise<OpenedLink> {
  const found = await findLink(context, token, remoteAddress);
  const { describe, act } = DEEDS[found.purpose];
  return await transaction(context, async (context) => {
    const link = await useLink(context, found.id);
    await act(context, link);
    return { link, subject: await describe(context, link) };
  });
}

async function describeJobs(context: Context, link: Link): Promise<LinkSubject> {
  const jobs: Job[] = [];
  for (const id of link.subjectIds) jobs.push(await getJob(context, id, link.userId));
  return {
    jobs: jobs.map(({ id, number, title, state, pages, printerId }) => ({
      id,
      number,
      title,
      state,
      pages,
      printerId,
    })),
  };
}

/**
 * The jobs of a link for which there is still something to do: what happened to one meanwhile does not keep the others.
 * When there is none, all of them, so that the deed says why it cannot be done.
 */
async function openOnes(context: Context, link: Link, isOpen: (job: Job) => boolean): Promise<readonly string[]> {
  const jobs: Job[] = [];
  for (const id of link.subjectIds) jobs.push(await getJob(context, id, link.userId));
  const open = jobs.filter(isOpen);
  return open.length === 0 ? link.subjectIds : open.map(({ id }) => id);
}

function askOf({ userId }: Link) {
  return { actor: userId ?? 'link', ownerId: userId };
}
