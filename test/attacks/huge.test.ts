/** Mail of sizes that nobody prints, to a real server: each ends with its reason, memory stays, and others print. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { stampOf } from '../../simulator/stamp.ts';
import { KNOWN_SENDERS, PRINT_ROOM } from '../harness/mail.ts';
import { openStage, type Row, type Stage } from '../harness/stage.ts';
import { eventually } from '../harness/time.ts';

const MIB = 1024 * 1024;
const LONG = { timeoutMs: 40_000 };
/** What the server may take more of than before, at any moment. */
const MOST_GROWTH_BYTES = 200 * MIB;

const HUGE: readonly {
  readonly what: string;
  readonly write: () => Buffer;
  /** Outcome and reason of the message, and the problem of its job where it makes one. */
  readonly ends: readonly [outcome: string, reason: string | null, problem: string | null];
}[] = [
  {
    what: 'a message of 150 MB',
    write: () => mail('150 MB', part('application/pdf', 'large.pdf', base64(Buffer.alloc(112 * MIB, '%PDF-1.4 ')))),
    ends: ['refused', 'message-too-large', null],
  },
  {
    what: 'a PDF of 5,000 pages',
    write: () => mail('5000 pages', part('application/pdf', 'pages.pdf', base64(pdfOf(5_000)))),
    ends: ['done', null, 'too-many-pages'],
  },
  {
    what: 'a message of 1,000 attachments',
    write: () => {
      const pdf = base64(pdfOf(1));
      const parts = Array.from({ length: 1_000 }, (_, at) => part('application/pdf', `${at}.pdf`, pdf));
      return mail('1000 attachments', parts.join(''));
    },
    ends: ['failed', 'structure-limit', null],
  },
  {
    what: 'a message of parts in parts, 100 deep',
    write: () => {
      const open = (depth: number) => `--b${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth + 1}\r\n\r\n`;
      const nest = Array.from({ length: 99 }, (_, at) => open(at)).join('');
      const inner = part('application/pdf', 'deep.pdf', base64(pdfOf(1))).replace('--b0', '--b99');
      const close = Array.from({ length: 99 }, (_, at) => `--b${99 - at}--\r\n`).join('');
      return mail('100 deep', `${nest}${inner}${close}`);
    },
    ends: ['failed', 'structure-limit', null],
  },
];

describe('mail that is huge', () => {
  let stage: Stage;

  before(async () => {
    stage = await openStage({ database: 'external' });
    // Every part of the program that ordinary mail needs is in memory then.
    await printOne();
  });
  after(async () => await stage?.[Symbol.asyncDispose]());

  async function printOne(): Promise<void> {
    const sheets = stage.peers.paper().length;
    await stage.deliver(1);
    await eventually(() => stage.peers.paper().length === sheets + 1, { ...LONG, what: 'an ordinary mail prints' });
  }

  for (const { what, write, ends } of HUGE) {
    test(`${what} ends with its reason, takes little memory, and holds up nobody`, async () => {
      const { pid } = stage.node.process;
      const message = write();
      const [subject = ''] = /(?<=^Subject: ).*(?=\r)/m.exec(message.toString('latin1', 0, 4_000)) ?? [];
      const before = residentBytes(pid);
      let peak = before;
      const timer = setInterval(() => {
        peak = Math.max(peak, residentBytes(pid));
      }, 10);
      try {
        await stage.peers.deliver(PRINT_ROOM, message);
        await printOne();
        const ended = await eventually(() => readEnd(subject), { ...LONG, what: `${what} has ended` });
        assert.deepEqual(ended, ends);
      } finally {
        clearInterval(timer);
      }
      assert.equal(stage.node.isRunning, true);
      assert.ok(peak - before <= MOST_GROWTH_BYTES, `${Math.round((peak - before) / MIB)} MiB more`);
    });
  }

  /** Where the message and its job have come to; undefined while either is on its way. */
  async function readEnd(subject: string): Promise<HugeEnd | undefined> {
    const [row] = (await stage.sql(
      `SELECT outcome, reason, job_count, state, jobs.problem->>'code' AS problem FROM incoming_messages
         LEFT JOIN jobs ON jobs.message_id = incoming_messages.id WHERE subject = $1`,
      [subject],
    )) as Row[];
    if (row === undefined || (row.job_count !== 0 && row.state !== 'aborted' && row.state !== 'completed'))
      return undefined;
    return [String(row.outcome), row.reason as string | null, row.problem as string | null];
  }
});

type HugeEnd = readonly [outcome: string, reason: string | null, problem: string | null];

/** Of a process: pages that are in memory now (proc(5), statm), 4 KiB each. */
function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
}

function mail(subject: string, parts: string): Buffer {
  const [sender] = KNOWN_SENDERS;
  return Buffer.from(
    `${stampOf({ domain: 'practice.example' })}From: <${sender}>\r\nTo: <${PRINT_ROOM}>\r\nSubject: ${subject}\r\n` +
      `Message-ID: <${subject.replaceAll(' ', '-')}@practice.example>\r\nMIME-Version: 1.0\r\n` +
      `Content-Type: multipart/mixed; boundary=b0\r\n\r\n${parts}--b0--\r\n`,
    'latin1',
  );
}

function part(type: string, name: string, encoded: string): string {
  const head = `--b0\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\n`;
  return `${head}Content-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n`;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
}

/** A PDF with pages of their own, each with its number. */
function pdfOf(pages: number): Buffer {
  const kids = Array.from({ length: pages }, (_, at) => `${4 + 2 * at} 0 R`).join(' ');
  const objects = ['<</Type/Catalog/Pages 2 0 R>>', `<</Type/Pages/Count ${pages}/Kids[${kids}]>>`];
  objects.push('<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>');
  for (let at = 0; at < pages; at += 1) {
    const content = `BT /F1 18 Tf 72 720 Td (page ${at + 1}) Tj ET`;
    objects.push(
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents ${5 + 2 * at} 0 R/Resources<</Font<</F1 3 0 R>>>>>>`,
      `<</Length ${content.length}>>\nstream\n${content}\nendstream`,
    );
  }
  const text = objects.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join('');
  return Buffer.from(`%PDF-1.4\n${text}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\n%%EOF\n`, 'latin1');
}
