/** Which object is meant: by its id, by one end of the id, or by its name. */
import { z } from 'zod';
import type { Client } from './client.ts';
import { Problem } from './problem.ts';
import type { Screen } from './screen.ts';
import { shortId } from './words.ts';

const NAMES = {
  connection: { path: '/connections', fields: ['title'] },
  mailbox: { path: '/mailboxes', fields: ['title', 'address'] },
  message: { path: '/messages', fields: [] },
  printer: { path: '/printers', fields: ['name', 'uri'] },
  queue: { path: '/queues', fields: ['name'] },
  job: { path: '/jobs', fields: ['number'] },
  outgoing: { path: '/outbox', fields: [] },
  device: { path: '/devices', fields: ['name'] },
  user: { path: '/users', fields: ['email', 'name'] },
  token: { path: '/tokens', fields: ['name'] },
} as const satisfies Readonly<Record<string, { path: string; fields: readonly string[] }>>;

export type Kind = keyof typeof NAMES;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MIN_PART_CHARS = 4;
/** Of long lists, the newest: an older one needs its whole id. */
const MAX_LOOKED_AT = 2_000;
const MAX_NAMED = 5;

export function pathOf(kind: Kind, id: string): string {
  return `${NAMES[kind].path}/${encodeURIComponent(id)}`;
}

export type Wanted = { readonly kind: Kind; readonly text: string };

/** Finds the id of what is meant. Throws `Problem` when there is none, or more than one. */
export async function findId(client: Client, screen: Screen, wanted: Wanted): Promise<string> {
  if (UUID.test(wanted.text)) return wanted.text.toLowerCase();
  const { path } = NAMES[wanted.kind];
  const items = await client.list(z.looseObject({ id: z.string() }), path, {}, MAX_LOOKED_AT);
  return matchOne(screen, items, wanted);
}

/** The id of the one item that is meant. Throws `Problem`. */
export function matchOne(
  screen: Screen,
  items: readonly { readonly id: string; readonly [field: string]: unknown }[],
  { kind, text }: Wanted,
): string {
  const { fields } = NAMES[kind];
  const lower = text.toLowerCase();
  const byName = items.filter((item) =>
    fields.some(
      (field) => ['string', 'number'].includes(typeof item[field]) && `${item[field]}`.toLowerCase() === lower,
    ),
  );
  const byPart = items.filter(
    ({ id }) => text.length >= MIN_PART_CHARS && (id.startsWith(lower) || id.endsWith(lower)),
  );
  const matches = byName.length > 0 ? byName : byPart;
  const [match] = matches;
  if (match !== undefined && matches.length === 1) return match.id;
  const found = matches.length === 0 ? 'none' : 'several';
  const what = screen.text(`kinds.${kind}`);
  throw new Problem({
    code: found === 'none' ? 'not-found' : 'ambiguous',
    title: screen.text(`problem.${found}-match.title`, { what, text }),
    advice: screen.text(`problem.${found}-match.advice`, { what, list: listCommand(kind) }),
    ...(found === 'none' ? {} : { detail: nameSome(matches.map(({ id }) => id)) }),
  });
}

function listCommand(kind: Kind): string {
  return kind === 'token' ? 'platen token list' : `platen ${NAMES[kind].path.slice(1)} list`;
}

function nameSome(ids: readonly string[]): string {
  const some = ids.slice(0, MAX_NAMED).map((id) => `${shortId(id)} (${id})`);
  return some.join(', ') + (ids.length > MAX_NAMED ? ', …' : '');
}
