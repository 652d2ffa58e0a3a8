/**
 * Kills of two nodes whose printer takes one picture for each job: documents of several pages are mailed while a node is
 * killed again and again, at random moments and right at the steps of a page. In the end each page of each document came
 * out once, in its order.
 */
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import PDFDocument from 'pdfkit';
import { chooseSeed, type Dice, startDice } from '../harness/dice.ts';
import { checkInvariants, type Sheets, settle, type Tally, tellStory } from '../harness/invariants.ts';
import { KNOWN_SENDERS, sha256Of, wrapDocuments } from '../harness/mail.ts';
import { openStage, type Row, type Stage, type StageNode } from '../harness/stage.ts';
import { buildGates, PAGE_GATES } from './gates.ts';
import { strikeAt } from './points.ts';

export type PageKillOptions = {
  readonly kills: number;
  readonly seed?: number;
  readonly say?: (line: string) => void;
};

export type PageKillReport = Tally & {
  readonly seed: number;
  readonly kills: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly seconds: number;
};

const STEPS = [
  'an attempt was written',
  'a printer job was made',
  'a document is about to be sent',
  'a document was taken by the printer',
  'the attempt says that it was sent',
  'paper came out',
  ...PAGE_GATES,
] as const;
const CHECK_EVERY_KILLS = 10;
const PATIENCE_MS = 8_000;

/** Kills until the number is reached; throws with seed and story when a page is missing or came twice. */
export async function runPageKills(options: PageKillOptions): Promise<PageKillReport> {
  const dice = startDice(options.seed ?? chooseSeed());
  const say = options.say ?? (() => undefined);
  const startedAt = performance.now();
  say(`kills over pages that are jobs of their own: seed ${dice.seed}`);
  await using stage = await openPageStage();
  const byKind: Record<string, number> = {};
  let kills = 0;
  try {
    while (kills < options.kills) {
      await deliverPages(stage, dice);
      const kind = await strike(stage, dice);
      kills += 1;
      byKind[kind] = (byKind[kind] ?? 0) + 1;
      say(`${Math.round((performance.now() - startedAt) / 1000)} s, kill ${kills}: ${kind}`);
      if (kills % CHECK_EVERY_KILLS === 0) say(`${kills} kills: ${JSON.stringify(await check(stage))}`);
    }
    const tally = await check(stage);
    return { seed: dice.seed, kills, byKind, ...tally, seconds: Math.round((performance.now() - startedAt) / 1000) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${dice.seed}, after ${kills} kills over pages\n${words}`, { cause: error });
  }
}

async function openPageStage(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const stage = undo.use(await openStage({ database: 'external', nodes: 2, until: 'administrator' }));
  printerOf(stage).control.setFault({ kind: 'pictures-only' });
  const connectionId = await stage.connect();
  await stage.addPrinter();
  await stage.watchMailbox(connectionId);
  await buildGates(stage);
  undo.move();
  return stage;
}

const printerOf = ({ peers }: Stage) => peers.practice.printers[0] ?? assert.fail('there is no printer');

async function deliverPages(stage: Stage, dice: Dice): Promise<void> {
  const mark = `pages-${dice.seed}-${stage.mails.length + 1}`;
  const documents = await Promise.all(
    Array.from({ length: 1 + dice.upTo(2) }, async (_, index) => {
      const bytes = await writePages(`${mark} document ${index + 1}`, 2 + dice.upTo(4));
      return { name: `${mark}-${index + 1}.pdf`, bytes, sha256: sha256Of(bytes) };
    }),
  );
  const sender = KNOWN_SENDERS[stage.mails.length % KNOWN_SENDERS.length] ?? KNOWN_SENDERS[0];
  await stage.deliverMail(wrapDocuments(mark, documents, sender));
}

/** Each page says its number, so that no two pictures are the same. */
async function writePages(mark: string, pages: number): Promise<Buffer> {
  const document = new PDFDocument({ size: [210, 298], margin: 10, autoFirstPage: false });
  for (let page = 1; page <= pages; page += 1) document.addPage().fontSize(12).text(`${mark} page ${page}`);
  document.end();
  return await buffer(document);
}

/** Kills one node, or both, and starts them again; answers how it came about. */
async function strike(stage: Stage, dice: Dice): Promise<string> {
  const killed = dice.roll() < 0.3 ? stage.nodes : [dice.pick(stage.nodes)];
  if (dice.roll() < 0.2) loseAnAnswer(stage, dice);
  const kind = await killAtStep(stage, dice, killed);
  // Nobody waits for the end of a dead node's leases here; the journey of two nodes does.
  await stage.ageLeases();
  for (const node of killed) await node.start();
  return kind;
}

function loseAnAnswer(stage: Stage, dice: Dice): void {
  const operation = dice.pick(['Create-Job', 'Send-Document', 'Get-Job-Attributes'] as const);
  printerOf(stage).control.setFault({ kind: 'drop-answer', operation, times: 1 });
}

async function killAtStep(stage: Stage, dice: Dice, killed: readonly StageNode[]): Promise<string> {
  const blow = async () => void (await Promise.all(killed.map((node) => node.kill())));
  if (dice.roll() < 0.2) {
    await new Promise((resolve) => setTimeout(resolve, dice.upTo(2_000)));
    await blow();
    return 'at a random moment';
  }
  const step = dice.pick(STEPS);
  // A document that is prepared and drawn comes to its later pages after the first ones.
  const isReached = await strikeAt(stage, step, { signal: AbortSignal.timeout(PATIENCE_MS), blow });
  return isReached ? `at a step: ${step}` : 'at a random moment';
}

async function check(stage: Stage): Promise<Tally> {
  await settle(stage, { timeoutMs: 120_000 });
  return await checkInvariants(stage, await countWhole(stage));
}

/** How often each document came out: not at all, or twice, as soon as that is true of one of its pages. */
async function countWhole(stage: Stage): Promise<Sheets> {
  const rows = await stage.sql(`SELECT jobs.number, jobs.pages, jobs.state, encode(file.sha256, 'hex') AS sha256
    FROM jobs JOIN spool_files file ON file.id = jobs.document_id`);
  const printed = printerOf(stage).printed();
  const papers = printed.map(({ jobName, sha256 }) => {
    const [, number, page] = /\[(\d+)-[0-9a-f]+-(\d+)\]$/.exec(jobName) ?? [];
    return { number: Number(number), page: Number(page), sha256 };
  });
  const strays = papers.filter(({ number }) => !rows.some((row) => row.number === number));
  const counts = rows.map((row) => [String(row.sha256), countOf(row, papers)] as const);
  const all = [...counts.filter(([, count]) => count > 0), ...strays.map(({ sha256 }) => [sha256, 1] as const)];
  const isMixed = rows.some((row) => !areDifferent(papers.filter(({ number }) => row.number === number)));
  if (isMixed) assert.fail(`a page came out as another one\n${await tellStory(stage)}`);
  return new Map(all);
}

type Paper = { readonly number: number; readonly page: number; readonly sha256: string };

function countOf({ number, pages, state }: Row, papers: readonly Paper[]): number {
  const came = papers.filter((paper) => paper.number === number).map(({ page }) => page);
  if (new Set(came).size < came.length) return 2;
  const isInOrder = came.every((page, index) => page === index + 1);
  const isWhole = isInOrder && came.length === pages;
  // Of one whose outcome is not known, some pages may be there.
  return isWhole || (state === 'processing-stopped' && isInOrder && came.length > 0) ? 1 : 0;
}

const areDifferent = (papers: readonly Paper[]): boolean =>
  new Set(papers.map(({ sha256 }) => sha256)).size === new Set(papers.map(({ page }) => page)).size;
