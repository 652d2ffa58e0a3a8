/** A web server that takes the alarms of a node and keeps what it was told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Hook = AsyncDisposable & { readonly url: string; readonly told: Readonly<Record<string, unknown>>[] };

export async function openHook(): Promise<Hook> {
  const told: Record<string, unknown>[] = [];
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    told.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>);
    answer.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    told,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
