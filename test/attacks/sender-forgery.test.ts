import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ProofRules, proveSender } from '../../server/intake/proof/proof.ts';
import { readMessage } from '../../server/protocols/mime/split.ts';

type Case = { readonly title: string; readonly rules: ProofRules; readonly expected: string; readonly header: string };

const text = readFileSync(new URL('../corpus/proof/headers.txt', import.meta.url), 'utf8');
const lines = new Map([...text.matchAll(/^(@\w+) = (.*)$/gm)].map(([, name = '', line = '']) => [name, line]));

function readCase(written: string): Case {
  const [title = '', ...rest] = written.trim().split('\n');
  const split = rest.indexOf('--');
  const said = new Map(rest.slice(0, split).map((line) => [line.split(' ')[0], line.split(' ').slice(1)] as const));
  const header = rest.slice(split + 1).map((line) => (line.startsWith('@') ? (lines.get(line) as string) : line));
  assert.ok(split > 0 && header.every((line) => line !== undefined), title);
  const [host = 'exchange-online', authservId] = said.get('host') ?? [];
  const rules: ProofRules = {
    host: host as ProofRules['host'],
    authservId,
    acceptsCompauth: said.has('compauth'),
    acceptsInternal: said.has('internal'),
    arcSealers: said.get('arc') ?? [],
  };
  return { title, rules, expected: (said.get('expect') ?? []).join(' '), header: header.join('\r\n') };
}

const cases = text.split(/^== /m).slice(1).map(readCase);

async function judge({ header, rules }: Case): Promise<string> {
  const { head } = await readMessage(Buffer.from(`${header}\r\nSubject: x\r\n\r\nbody\r\n`));
  const address = head.sender.kind === 'one' ? head.sender.sender.address : undefined;
  const { verdict, reason, hint } = proveSender(head.lines, address, rules);
  return [verdict, reason, ...(hint === undefined ? [] : [hint])].join(' ');
}

for (const each of cases) {
  test(`sender proof: ${each.title}`, async () => assert.equal(await judge(each), each.expected));
}

test('the corpus has at least forty cases, forged and genuine ones', () => {
  assert.ok(cases.length >= 40, `${cases.length}`);
  assert.ok(cases.filter(({ expected }) => expected.startsWith('proven')).length >= 8);
});

test('no line taken away, doubled or moved to the end makes a forged header a proven one', async () => {
  for (const each of cases.filter(({ expected }) => expected.startsWith('failed dmarc-fail'))) {
    const parts = each.header.split('\r\n').filter((line) => !line.startsWith(' '));
    for (const [index, line] of parts.entries()) {
      const without = parts.filter((_, at) => at !== index);
      for (const header of [without, [...without, line], [...parts, line]]) {
        const said = await judge({ ...each, header: header.join('\r\n') });
        assert.ok(!said.startsWith('proven dmarc'), `${each.title}: ${said}`);
      }
    }
  }
});

test('long and hostile verdicts are read in linear time', async () => {
  const started = process.cpuUsage();
  for (const filler of ['(', '"', ';', '=', '\\', '()', ' =', 'a=b ', '(\\)']) {
    const value = `spf=pass ${filler.repeat(200_000 / filler.length)}; dmarc=pass header.from=contoso.example`;
    const said = await judge({
      ...(cases[0] as Case),
      header: `Authentication-Results: ${value}\r\n${lines.get('@edge')}\r\n${lines.get('@from')}`,
    });
    assert.ok(!said.startsWith('proven'), `${filler}: ${said}`);
  }
  assert.ok(process.cpuUsage(started).user < 5_000_000);
});
