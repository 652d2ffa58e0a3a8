/** Routes of notices: who is written to about what, and the second way for alarms. */
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Context } from '../store/database.ts';
import type { Language } from '../store/schema.ts';
import { previewNotice } from './letters/preview.ts';
import { ALARM_EVENTS, NOTICE_EVENTS, type NoticeSettings, TOLD_ONCE } from './notice.ts';
import {
  type AlarmChange,
  getAlarmSettings,
  getNoticeSettings,
  listAlarms,
  listLastSent,
  type NoticeChange,
  setAlarmSettings,
  setNoticeSettings,
  testAlarm,
} from './notices.ts';
import {
  alarmAnswer,
  alarmBody,
  answerAlarms,
  answerProblem,
  noticesAnswer,
  noticesBody,
  previewAnswer,
  previewQuery,
  testAnswer,
} from './shapes.ts';

const SHOWN_ALARMS = 20;
const config = { role: 'administrator' } as const;
const tags = ['notices'];

export async function noticesRoutes(app: FastifyInstance, context: Context): Promise<void> {
  settingsRoutes(app, context);
  previewRoute(app, context);
  alarmRoutes(app, context);
}

function settingsRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get('/notices', { config, schema: { tags, response: { 200: noticesAnswer } } }, async () =>
    answerNotices(context, await getNoticeSettings(context)),
  );

  // Rules and limits that the body leaves out stay as they are.
  routes.put(
    '/notices',
    { config, schema: { tags, body: noticesBody, response: { 200: noticesAnswer } } },
    async (request) => {
      const change = request.body as NoticeChange;
      return answerNotices(context, await setNoticeSettings(context, change, request.actor));
    },
  );
}

/** What a notice looks like, in either language, before it is switched on. */
function previewRoute(app: FastifyInstance, context: Context): void {
  app
    .withTypeProvider<ZodTypeProvider>()
    .get(
      '/notices/preview',
      { config, schema: { tags, querystring: previewQuery, response: { 200: previewAnswer } } },
      async ({ query, language }) => {
        const { publicUrl } = context.settings;
        const { event, language: wanted = language } = query;
        return previewNotice({ event, language: wanted, publicUrl, now: context.clock.now() });
      },
    );
}

async function answerNotices(context: Context, settings: NoticeSettings): Promise<z.infer<typeof noticesAnswer>> {
  const lastSent = await listLastSent(context);
  const rules = NOTICE_EVENTS.map((event) => {
    const rule = settings.rules[event];
    const ways = ALARM_EVENTS.includes(event) || TOLD_ONCE.includes(event) ? [...rule.ways] : null;
    const lastSentAt = lastSent[event]?.toISOString() ?? null;
    return [event, { ...rule, addresses: [...rule.addresses], ways, lastSentAt }];
  });
  return { rules: Object.fromEntries(rules), limits: settings.limits };
}

function alarmRoutes(app: FastifyInstance, context: Context): void {
  const routes = app.withTypeProvider<ZodTypeProvider>();

  routes.get('/notices/alarm', { config, schema: { tags, response: { 200: alarmAnswer } } }, async (request) =>
    answerAlarm(context, request.language),
  );

  // Half of it may be left out and stays as it is; null takes a way away.
  routes.put(
    '/notices/alarm',
    { config, schema: { tags, body: alarmBody, response: { 200: alarmAnswer } } },
    async (request) => {
      const change = request.body as AlarmChange;
      const { madeSecret } = await setAlarmSettings(context, change, request.actor);
      const answer = await answerAlarm(context, request.language);
      if (madeSecret === undefined || answer.webhook === null) return answer;
      return { ...answer, webhook: { ...answer.webhook, secret: madeSecret } };
    },
  );

  routes.post('/notices/alarm/test', { config, schema: { tags, response: { 200: testAnswer } } }, async (request) => {
    const told = await testAlarm(context, request.signal);
    const ways = told.map(({ way, problem }) => ({
      way,
      outcome: problem === undefined ? ('delivered' as const) : ('failed' as const),
      problem: answerProblem(problem, request.language),
    }));
    return { ways };
  });
}

async function answerAlarm(context: Context, language: Language): Promise<z.infer<typeof alarmAnswer>> {
  return answerAlarms(await getAlarmSettings(context), await listAlarms(context, SHOWN_ALARMS), language);
}
