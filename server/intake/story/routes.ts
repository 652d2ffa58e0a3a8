/** `GET /messages/{id}/timeline`: the story of a message that came in. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Context } from '../../store/database.ts';
import { getMessage } from '../intake.ts';
import { tellMessage } from './story.ts';

const answer = z.object({
  items: z.array(
    z.object({
      at: z.string(),
      /** `came`, `proof`, an outcome, `unanswered`, or the type of an event of the journal. */
      type: z.string(),
      /** In the caller's language. */
      words: z.string(),
    }),
  ),
});

export function storyRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().get('/messages/:id/timeline', {
    config: { role: 'user' },
    schema: { tags: ['intake'], params: z.object({ id: z.uuid() }), response: { 200: answer } },
    handler: async (request) => {
      const message = await getMessage(context, request.params.id, ownOnly(request));
      const steps = await tellMessage(context, message, request.language);
      return { items: steps.map(({ at, ...step }) => ({ at: at.toISOString(), ...step })) };
    },
  });
}

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Users see what they sent themselves; for them the mail of somebody else does not exist. */
export function ownOnly({
  principal,
}: {
  readonly principal: { readonly userId: string | null; readonly role: string };
}): string | undefined {
  return principal.role === 'user' ? (principal.userId ?? NOBODY) : undefined;
}
