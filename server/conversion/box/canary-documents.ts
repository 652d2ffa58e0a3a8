/** The documents that try to get out of the box, made by code so that nothing in them is hidden. */
import { crc32, deflateSync } from 'node:zlib';

/** Where a document may try to get to, given a listener on loopback and a picture on the disk. */
export function targetsOf(port: number, picture: string): string[] {
  const host = `127.0.0.1:${port}`;
  return [
    `http://${host}/canary.png`,
    `https://${host}/canary.png`,
    `ftp://${host}/canary.png`,
    `file://${picture}`,
    `\\\\${host}\\share\\canary.png`,
    `file:////${host}/share/canary.png`,
    `vnd.sun.star.webdav://${host}/canary.png`,
  ];
}

/** A DOCX whose pictures are links: each by another scheme, and the template as well. */
export function canaryDocument(port: number, picture: string): Buffer {
  const targets = targetsOf(port, picture);
  const links = targets.map(
    (target, at) => `<Relationship Id="p${at}" Type="${OFFICE}/image" Target="${xml(target)}" TargetMode="External"/>`,
  );
  const body = targets.map((_, at) => `<w:p><w:r>${drawing(at)}</w:r></w:p>`).join('');
  return packZip([
    ['[Content_Types].xml', TYPES],
    [
      '_rels/.rels',
      relationships([`<Relationship Id="d" Type="${OFFICE}/officeDocument" Target="word/document.xml"/>`]),
    ],
    [
      'word/document.xml',
      `<?xml version="1.0"?><w:document ${NAMES}><w:body><w:p><w:r><w:t>canary</w:t></w:r></w:p>${body}</w:body></w:document>`,
    ],
    ['word/_rels/document.xml.rels', relationships(links)],
    ['word/settings.xml', `<?xml version="1.0"?><w:settings ${NAMES}><w:attachedTemplate r:id="t"/></w:settings>`],
    [
      'word/_rels/settings.xml.rels',
      relationships([
        `<Relationship Id="t" Type="${OFFICE}/attachedTemplate" Target="http://127.0.0.1:${port}/t.dotm" TargetMode="External"/>`,
      ]),
    ],
  ]);
}

/** A page that asks for the same by every element that can ask. */
export function canaryPage(port: number, picture: string): Buffer {
  const targets = targetsOf(port, picture);
  const asks = targets.map(
    (target) =>
      `<img src="${xml(target)}"><iframe src="${xml(target)}"></iframe><object data="${xml(target)}"></object>` +
      `<link rel="stylesheet" href="${xml(target)}"><div style="background:url('${xml(target)}')">x</div>` +
      `<svg width="50" height="50"><image href="${xml(target)}" width="50" height="50"/></svg>`,
  );
  const imports = targets.map((target) => `@import url("${target.replaceAll('\\', '\\\\')}");`).join('');
  return Buffer.from(
    `<!DOCTYPE html><html><head><style>${imports}</style></head><body>canary${asks.join('')}</body></html>`,
  );
}

/** A picture of red alone, 40 by 40. */
export function redPicture(): Buffer {
  const size = 40;
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(3 * size)]);
  for (let at = 0; at < size; at += 1) row[1 + 3 * at] = 255;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 2], 8);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, bytes: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), bytes]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(bytes.length);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const NAMES =
  `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="${OFFICE}" ` +
  'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" ' +
  'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" ' +
  'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"';
const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml';
const TYPES =
  `<?xml version="1.0"?><Types xmlns="${PACKAGE}/content-types">` +
  '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
  '<Default Extension="xml" ContentType="application/xml"/>' +
  `<Override PartName="/word/document.xml" ContentType="${WORD}.document.main+xml"/>` +
  `<Override PartName="/word/settings.xml" ContentType="${WORD}.settings+xml"/></Types>`;

const relationships = (items: readonly string[]): string =>
  `<?xml version="1.0"?><Relationships xmlns="${PACKAGE}/relationships">${items.join('')}</Relationships>`;

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

function drawing(at: number): string {
  const size = 'cx="900000" cy="900000"';
  return (
    `<w:drawing><wp:inline><wp:extent ${size}/><wp:docPr id="${at + 1}" name="p"/><a:graphic>` +
    '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>' +
    '<pic:nvPicPr><pic:cNvPr id="0" name="p"/><pic:cNvPicPr/></pic:nvPicPr>' +
    `<pic:blipFill><a:blip r:link="p${at}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>` +
    `<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext ${size}/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr>` +
    '</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>'
  );
}

/** Packs files without compression. */
export function packZip(files: readonly (readonly [string, string | Buffer])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const [bytes, label] = [Buffer.from(content as string), Buffer.from(name)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(bytes.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(label.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, label, bytes);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), common, place, label);
    offset += 30 + label.length + bytes.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(index.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, index, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
