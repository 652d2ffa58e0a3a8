/** What is in a winmail.dat, the package in which Outlook sometimes wraps the documents of a message. */
import type { Readable } from 'node:stream';
import { findPrograms } from '../box/programs.ts';
import { type Converter, listResults, openResult } from '../converter.ts';
import { conversionLimits } from '../limits.ts';
import { type Refusal, refusal } from '../reasons.ts';
import { STATUS } from '../recipes.ts';

/** The name is for display alone. */
export type Packed = { readonly name: string; readonly bytes: number; readonly content: Readable };

// Paths in the package are ignored by the program, and documents of one name are numbered; an attribute that it does not
// know does not spoil the rest. At a name that is too long for a file it gives up: only then the names are cut.
const SCRIPT = `unpack() {
  /usr/bin/tnef --file="$1" --directory="$OUT" --maxsize=${conversionLimits.outputBytes} --number-backups --ignore-checksum
}
unpack "$IN" && exit 0
status=$?
[ $status -gt 128 ] && exit $status
find "$OUT" -mindepth 1 -delete
/usr/bin/python3 "$INSIDE/names.py" "$IN" "$HOME/named.dat" && unpack "$HOME/named.dat" || exit ${STATUS.corrupt}
rm -f "$HOME/named.dat"`;

/** Gives each document of the package to `use`, in the order of their names. */
export async function unpack(
  converter: Converter,
  path: string,
  use: (packed: Packed) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'unpacked'; readonly isWhole: boolean } | Refusal> {
  if (!(await findPrograms(['tnef'])).has('tnef')) return refusal('conversion-unavailable', 'not installed: tnef');
  return await converter.runOn(
    'quick',
    { path, ending: 'dat', work: { script: SCRIPT } },
    async (box) => {
      const names = await listResults(box);
      for (const name of names.slice(0, conversionLimits.packageFiles)) {
        const file = await openResult(box, name);
        if (file === undefined) continue;
        const { size } = await file.stat();
        await use({ name, bytes: size, content: file.createReadStream() });
      }
      return { kind: 'unpacked', isWhole: names.length <= conversionLimits.packageFiles } as const;
    },
    signal,
  );
}
