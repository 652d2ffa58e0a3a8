/** `GET /about`, `GET /about/packages` for whoever looks after Platen; `GET /key-file` for administrators. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../store/database.ts';
import { readAbout, readKeyFile } from './about.ts';
import { listPackages } from './packages.ts';

const aboutAnswer = z.object({
  version: z.string(),
  node: z.string(),
  postgresql: z.string(),
  /** Whether Platen runs the database itself. */
  isEmbedded: z.boolean(),
  system: z.string(),
  /** The newest migration of the database. */
  migration: z.string(),
  /** When this node was started. */
  startedAt: z.string(),
  /** What a report of a problem needs, in English; no secret, address or name is in it. */
  report: z.string(),
});

const packagesAnswer = z.object({
  items: z.array(z.object({ name: z.string(), version: z.string(), license: z.string() })),
  nextCursor: z.null(),
});

const keyFileAnswer = z.object({
  file: z.string(),
  /** Tells keys apart without telling the key. */
  fingerprint: z.string(),
  state: z.enum(['safe', 'readable-by-others', 'missing', 'another-key', 'not-a-key']),
});

export async function aboutRoutes(app: FastifyInstance, context: Context): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get(
    '/about',
    { config: { role: 'operator' }, schema: { tags: ['about'], response: { 200: aboutAnswer } } },
    async () => {
      const about = await readAbout(context);
      return { ...about, startedAt: about.startedAt.toISOString() };
    },
  );

  routes.get(
    '/about/packages',
    { config: { role: 'operator' }, schema: { tags: ['about'], response: { 200: packagesAnswer } } },
    async () => ({ items: await listPackages(), nextCursor: null }),
  );

  routes.get(
    '/key-file',
    { config: { role: 'administrator' }, schema: { tags: ['about'], response: { 200: keyFileAnswer } } },
    async () => readKeyFile(context),
  );
}
