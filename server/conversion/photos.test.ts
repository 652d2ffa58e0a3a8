/** Photos of telephones, which say more about a picture than others do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { openDocuments } from '../../test/harness/converting.ts';

const { dir, put, toPdf, remove } = openDocuments();
after(remove);

const aspects = (path: string) => execFileSync('pdfinfo', ['-l', '9', path], { encoding: 'utf8' });
const wide = (background: string) => sharp({ create: { width: 600, height: 300, channels: 3, background } });

/** Boxes of ISO 14496-12; puts `irot` behind the other properties of item 1, as telephones do. */
function addRotation(heic: Buffer, quarters: number): Buffer {
  const find = (names: string[], from = 0, to = heic.length): [number, number] => {
    for (let at = from; at < to; at += heic.readUInt32BE(at)) {
      if (heic.toString('latin1', at + 4, at + 8) !== names[0]) continue;
      const size = heic.readUInt32BE(at);
      return names.length === 1 ? [at, size] : find(names.slice(1), at + (names[0] === 'meta' ? 12 : 8), at + size);
    }
    throw new Error(names.join());
  };
  const [meta] = find(['meta']);
  const [iprp] = find(['meta', 'iprp']);
  const [ipco, ipcoSize] = find(['meta', 'iprp', 'ipco']);
  const [ipma, ipmaSize] = find(['meta', 'iprp', 'ipma']);
  const [iloc] = find(['meta', 'iloc']);
  let count = 0;
  for (let at = ipco + 8; at < ipco + ipcoSize; at += heic.readUInt32BE(at)) count += 1;
  const rotation = Buffer.from([0, 0, 0, 9, ...Buffer.from('irot'), quarters]);
  const links = Buffer.concat([heic.subarray(ipma, ipma + ipmaSize), Buffer.from([0x80 | (count + 1)])]);
  links.writeUInt32BE(links.length, 0);
  links.writeUInt8(links.readUInt8(18) + 1, 18);
  const grown = Buffer.from(heic);
  for (const [at, by] of [
    [meta, 10],
    [iprp, 10],
    [ipco, 9],
  ] as const)
    grown.writeUInt32BE(heic.readUInt32BE(at) + by, at);
  // heif-enc writes version 0, one extent an item, bases and offsets of 4 bytes.
  for (let item = 0, at = iloc + 16; item < heic.readUInt16BE(iloc + 14); item += 1, at += 18)
    grown.writeUInt32BE(heic.readUInt32BE(at + 10) + 10, at + 10);
  return Buffer.concat([grown.subarray(0, ipma), rotation, links, grown.subarray(ipma + ipmaSize)]);
}

test('a photo that a telephone has turned, and says so twice, is turned once', async () => {
  const photo = put('turned.jpg', await wide('blue').jpeg().withMetadata({ orientation: 6 }).toBuffer());
  execFileSync('heif-enc', [photo, '-o', join(dir, 'plain.heic')], { stdio: 'ignore' });
  const { path } = await toPdf(put('turned.heic', addRotation(readFileSync(join(dir, 'plain.heic')), 3)));
  assert.match(aspects(path), /595\.28 x 841\.89/, 'it stands upright');
  assert.match(aspects((await toPdf(photo)).path), /595\.28 x 841\.89/, 'as the same photo in JPEG does');
});

test('a file of two photos becomes two pages, in their order', async () => {
  const [red, blue] = await Promise.all(
    ['red', 'blue'].map(async (color) => put(`${color}.png`, await wide(color).png().toBuffer())),
  );
  execFileSync('heif-enc', [red ?? '', blue ?? '', '-o', join(dir, 'two.heic')], { stdio: 'ignore' });
  const { path } = await toPdf(join(dir, 'two.heic'));
  assert.match(aspects(path), /^Pages: +2$/m);
  const colors = await Promise.all(
    ['1', '2'].map(async (page) => {
      const picture = execFileSync('pdftoppm', ['-f', page, '-l', page, '-r', '20', '-png', '-singlefile', path]);
      const { dominant } = await sharp(
        await sharp(picture).extract({ left: 100, top: 70, width: 20, height: 20 }).toBuffer(),
      ).stats();
      return dominant.r > dominant.b ? 'red' : 'blue';
    }),
  );
  assert.deepEqual(colors, ['red', 'blue']);
});
