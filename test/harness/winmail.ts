/** Writes a winmail.dat, as Outlook wraps attachments. */

/** MS-OXTNEF section 2.1.3: a signature, a key, and attributes with a checksum each. Names are written as they are. */
export function packWinmail(attachments: readonly (readonly [string, Buffer])[]): Buffer {
  const [version, rendering, title, data] = [0x00089006, 0x00069002, 0x00018010, 0x0006800f];
  return Buffer.concat([
    Buffer.from('789f3e220100', 'hex'),
    attribute(1, version, Buffer.from('00000100', 'hex')),
    ...attachments.flatMap(([name, content]) => [
      attribute(2, rendering, Buffer.alloc(14)),
      attribute(2, title, Buffer.from(`${name}\0`)),
      attribute(2, data, content),
    ]),
  ]);
}

/** The same with a short title, as Outlook writes it, and the name itself among the properties of the attachment. */
export function packLongNames(attachments: readonly (readonly [string, Buffer])[]): Buffer {
  const [rendering, title, data, properties] = [0x00069002, 0x00018010, 0x0006800f, 0x00069005];
  const [unicodeName, size, named] = [0x3707001f, 0x0e200003, 0x8001001f];
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const text = (value: string) => {
    const bytes = Buffer.from(`${value}\0`, 'utf16le');
    return Buffer.concat([number(1), number(bytes.length), bytes, Buffer.alloc(-bytes.length & 3)]);
  };
  return Buffer.concat([
    packWinmail([]),
    ...attachments.flatMap(([name, content], at) => [
      attribute(2, rendering, Buffer.alloc(14)),
      attribute(2, title, Buffer.from(`SHORT~${at}.DAT\0`)),
      attribute(2, data, content),
      attribute(
        2,
        properties,
        Buffer.concat([
          ...[number(3), number(size), number(content.length)],
          ...[number(named), Buffer.alloc(16), number(0), number(7), text('something else')],
          ...[number(unicodeName), text(name)],
        ]),
      ),
    ]),
  ]);
}

function attribute(level: number, id: number, data: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt8(level);
  head.writeUInt32LE(id, 1);
  head.writeUInt32LE(data.length, 5);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(data.reduce((total, byte) => (total + byte) & 0xffff, 0));
  return Buffer.concat([head, data, sum]);
}
