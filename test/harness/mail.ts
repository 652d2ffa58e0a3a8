/** Mails of a journey: each with documents that no other has, so that paper tells which mail it came from. */
import { createHash } from 'node:crypto';
import { stampOf } from '../../simulator/stamp.ts';

export const PRINT_ROOM = 'print@practice.example';
/** A folder of its mailbox from which documents come into a hold queue, where there is one. */
export const HELD_FOLDER = 'To be released';
export const KNOWN_SENDERS = ['anna@practice.example', 'bruno@practice.example'] as const;
export const UNKNOWN_SENDER = 'stranger@elsewhere.example';

export type MailedDocument = { readonly name: string; readonly bytes: Buffer; readonly sha256: string };

export type Mail = {
  /** Inside its Message-ID, its subject and each of its documents. */
  readonly mark: string;
  readonly sender: string;
  readonly documents: readonly MailedDocument[];
  readonly message: Buffer;
};

export type NewMail = {
  readonly mark: string;
  readonly sender?: string;
  readonly documents?: number;
  readonly bytesEach?: number;
};

export function writeMail({ mark, sender = KNOWN_SENDERS[0], documents = 1, bytesEach = 4_000 }: NewMail): Mail {
  const list = Array.from({ length: documents }, (_, index) => {
    const bytes = writePdf(`${mark} document ${index + 1}`, bytesEach);
    return { name: `${mark}-${index + 1}.pdf`, bytes, sha256: sha256Of(bytes) };
  });
  return wrapDocuments(mark, list, sender);
}

/** A mail around documents that there are already. */
export function wrapDocuments(
  mark: string,
  documents: readonly MailedDocument[],
  sender: string = KNOWN_SENDERS[0],
): Mail {
  return { mark, sender, documents, message: writeMessage(mark, sender, documents) };
}

/** A subject with words of its own: those that differ in their figures at most are answered as what a machine writes. */
export function subjectOf(mark: string): string {
  return `${mark} ${mark.replace(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)))}`;
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function writeMessage(mark: string, sender: string, documents: readonly MailedDocument[]): Buffer {
  const boundary = `=_${mark}`;
  const lines = [
    ...stampOf({ domain: sender.split('@')[1] ?? '' })
      .trimEnd()
      .split('\r\n'),
    `From: <${sender}>`,
    `To: <${PRINT_ROOM}>`,
    `Subject: ${subjectOf(mark)}`,
    `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mark}@practice.example>`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    `This is ${mark}.`,
  ];
  for (const { name, bytes } of documents) {
    lines.push(
      `--${boundary}`,
      `Content-Type: application/pdf; name="${name}"`,
      `Content-Disposition: attachment; filename="${name}"`,
      'Content-Transfer-Encoding: base64',
      '',
      bytes.toString('base64').replace(/.{76}/g, '$&\r\n'),
    );
  }
  lines.push(`--${boundary}--`, '');
  return Buffer.from(lines.join('\r\n'));
}

/** A PDF of one page that says its mark, with a comment that brings it to its size. */
export function writePdf(mark: string, bytes: number): Buffer {
  const content = `BT /F1 18 Tf 72 720 Td (${mark}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const line = `% ${mark} ${'.'.repeat(60)}\n`;
  text += line.repeat(Math.max(0, Math.ceil((bytes - text.length) / line.length)));
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`;
  text += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}
