/** `GET /connections/{id}/expiry.ics`: the expected end as a file for a calendar. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { textFor } from '../../../locales/locales.ts';
import { PlatenError } from '../../base/errors.ts';
import type { Context } from '../../store/database.ts';
import { getConnection } from '../connections.ts';
import { idParams } from '../shapes.ts';

export function expiryRoutes(app: FastifyInstance, context: Context): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/connections/:id/expiry.ics',
    {
      config: { role: 'operator' },
      schema: { tags: ['connections'], params: idParams, produces: ['text/calendar'], response: { 200: z.string() } },
    },
    async (request, reply) => {
      const { id, title, account, expiry } = await getConnection(context, request.params.id);
      if (expiry.at === undefined) throw new PlatenError('not-found', 'no end of this permission is expected');
      const { language } = request;
      // Loaded when somebody asks for it: every start would wait for its library.
      const { writeAppointment } = await import('./calendar.ts');
      const file = writeAppointment({
        uid: `${id}-${expiry.signedInAt?.getTime() ?? 0}@platen`,
        ...{ at: expiry.at, title, language, account: account?.username ?? title },
        reason: textFor(language, `expiry.reasons.${expiry.reason}`, expiry.values),
        url: new URL(`/settings/connections/${id}`, context.settings.publicUrl).href,
      });
      return reply
        .header('content-type', 'text/calendar; charset=utf-8')
        .header('content-disposition', 'attachment; filename="platen-permission.ics"')
        .send(file);
    },
  );
}
