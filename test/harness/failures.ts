/** A reporter for the test runner that names each file in which something failed, one a line. */
type TestEvent = { readonly type: string; readonly data: { readonly file?: string; readonly name?: string } };

export default async function* nameFailedFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const named = new Set<string>();
  for await (const { type, data } of events) {
    // A file that ends without a result is reported as a test that bears the file's name.
    const file = data.file ?? data.name;
    if (type !== 'test:fail' || file === undefined || named.has(file)) continue;
    named.add(file);
    yield `${file}\n`;
  }
}
