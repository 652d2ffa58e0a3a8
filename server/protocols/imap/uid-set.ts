/** Writes UIDs as a sequence set (RFC 3501 section 9), neighbours joined to ranges. */
export function sequenceSet(uids: readonly number[]): string {
  const sorted = [...new Set(uids)].sort((a, b) => a - b);
  const ranges: string[] = [];
  for (let first = 0; first < sorted.length; ) {
    let last = first;
    while (sorted[last + 1] === (sorted[last] as number) + 1) last++;
    ranges.push(first === last ? `${sorted[first]}` : `${sorted[first]}:${sorted[last]}`);
    first = last + 1;
  }
  return ranges.join(',');
}
