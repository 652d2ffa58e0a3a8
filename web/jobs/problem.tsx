/** Why a job does not go on, in the reader’s language; the exact words of the printer are folded away. */
import { Finding } from '../ui/finding.tsx';
import { referenceOf } from '../ui/words.ts';
import type { Job } from './job.ts';

const GOES_ON: readonly string[] = ['printer-waits', 'printer-takes-nothing'];

type JobProblemProps = {
  readonly problem: NonNullable<Job['problem']>;
  /** The id of the job. */
  readonly of: string;
};

export function JobProblem({ problem, of }: JobProblemProps) {
  const { code, title, advice, remote, detail, at } = problem;
  // It goes on by itself: nothing is broken yet.
  const tone = GOES_ON.includes(code) ? 'warning' : 'broken';
  return (
    <Finding
      level={2}
      tone={tone}
      title={title}
      since={at}
      advice={advice}
      remote={remote}
      own={detail}
      reference={referenceOf(code, of)}
    />
  );
}
