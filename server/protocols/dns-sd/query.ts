/**
 * Questions as DNS writes them (RFC 1035 section 4.1.2). Written here and not by the library, which would part the name
 * of a printer at the dots that RFC 6763 section 4.1.1 allows in it.
 */
import { dnsSdLimits } from './limits.ts';

export type QuestionType = 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA';
export type Question = { readonly type: QuestionType; readonly labels: readonly string[] };

const TYPES: Readonly<Record<QuestionType, number>> = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 };
const CLASS_IN = 1;
const HEADER_BYTES = 12;

/** Writes the questions into as few packets as they fit into; one that is no name is left out. */
export function writeQueries(questions: readonly Question[]): Buffer[] {
  const packets: Buffer[][] = [];
  let room = 0;
  for (const question of questions) {
    const bytes = writeQuestion(question);
    if (bytes === undefined) continue;
    if (bytes.length > room) {
      packets.push([]);
      room = dnsSdLimits.maxQueryBytes - HEADER_BYTES;
    }
    packets.at(-1)?.push(bytes);
    room -= bytes.length;
  }
  return packets.map((written) => {
    // RFC 6762 section 18: id and flags of a query are zero.
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(written.length, 4);
    return Buffer.concat([header, ...written]);
  });
}

function writeQuestion({ type, labels }: Question): Buffer | undefined {
  const written = labels.map((label) => Buffer.from(label));
  if (written.some(({ length }) => length === 0 || length > dnsSdLimits.maxLabelBytes)) return undefined;
  const name = written.flatMap((label) => [Buffer.from([label.length]), label]);
  const end = Buffer.alloc(5);
  end.writeUInt16BE(TYPES[type], 1);
  end.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([...name, end]);
}
