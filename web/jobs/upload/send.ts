/** Sends one document, and tells how much of it has gone: what `fetch` cannot tell. */
import { type Problem, refusalOf } from '../../api/client.ts';
import { currentLanguage } from '../../app/texts.ts';
import type { Job } from '../job.ts';

export type Parcel = {
  readonly file: File;
  /** The same for each try, so that a document that arrived is not printed again. */
  readonly key: string;
  readonly queueId: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly isHeld: boolean;
};

/** Answers the job. Throws a `Problem`; an aborted one is thrown as `undefined`. */
export function sendDocument(parcel: Parcel, onProgress: (bytes: number) => void, signal: AbortSignal): Promise<Job> {
  const form = new FormData();
  if (parcel.queueId !== undefined) form.append('queueId', parcel.queueId);
  form.append('options', JSON.stringify(parcel.options));
  form.append('hold', String(parcel.isHeld));
  form.append('file', parcel.file, parcel.file.name);
  return new Promise((resolve, reject: (problem: Problem | undefined) => void) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/api/v1/jobs');
    request.setRequestHeader('idempotency-key', parcel.key);
    request.setRequestHeader('accept-language', currentLanguage());
    request.responseType = 'json';
    // The lines of the form count too; never more than the document is told.
    request.upload.onprogress = ({ loaded }) => onProgress(Math.min(loaded, parcel.file.size));
    request.onload = () => {
      if (request.status === 200 || request.status === 201) resolve(request.response as Job);
      else reject(refusalOf(request.status, (request.response ?? {}) as Record<string, unknown>));
    };
    request.onerror = () => reject(refusalOf(0, {}));
    request.onabort = () => reject(undefined);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}

/** Over plain HTTP browsers have no `randomUUID`. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
