/** What the settings show of conversion. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type Kit, readConversionState } from './conversion.ts';

const stateShape = z.object({
  level: z.enum(['A', 'C']),
  canary: z.enum(['unknown', 'kept', 'escaped', 'untried']),
  detail: z.string(),
  missingPackages: z.array(z.string()),
});

export async function conversionRoutes(app: FastifyInstance, kit: Kit): Promise<void> {
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.get('/conversion', {
    config: { role: 'operator' },
    schema: { response: { 200: stateShape } },
    handler: async () => {
      const state = await readConversionState(kit);
      return { ...state, missingPackages: [...state.missingPackages] };
    },
  });
}
