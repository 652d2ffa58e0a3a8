/** The page on which a person plays the administrator of the practice tenant: each failure by name, on and off. */
import type { Answer } from '../identity/answers.ts';
import { redirectAnswer } from '../identity/answers.ts';
import type { Identity, IdentityRequest } from '../identity/identity.ts';
import { escapeHtml, page } from '../identity/pages.ts';

const TEXTS = {
  en: {
    title: 'What shall go wrong',
    on: 'Switch on',
    off: 'Switch off',
    isOn: 'on',
    account: 'For this practice account',
  },
  it: {
    title: 'Che cosa deve andare storto',
    on: 'Attiva',
    off: 'Disattiva',
    isOn: 'attivo',
    account: 'Per questo account di esercitazione',
  },
} as const;

/** `GET` and `POST /rehearsals`. */
export function rehearsalsPage(identity: Identity, request: IdentityRequest): Answer {
  const { rehearsals, tenant } = identity;
  const { language } = request;
  const t = TEXTS[language];
  if (rehearsals === undefined) return { ...page(language, t.title, ''), status: 404 };
  const known = rehearsals.list();
  if (request.method === 'POST') {
    const name = request.form.get('name') ?? '';
    const account = tenant.findAccount(request.form.get('account') ?? '')?.upn;
    if (!known.some((one) => one.name === name)) return { ...page(language, t.title, ''), status: 400 };
    if (request.form.get('act') === 'off') rehearsals.end(name);
    else rehearsals.begin(name, account);
    return { ...redirectAnswer('/rehearsals'), status: 303 };
  }
  const accounts = tenant.accounts
    .slice(0, 50)
    .map(({ upn }) => `<option value="${escapeHtml(upn)}">${escapeHtml(upn)}</option>`)
    .join('');
  const rows = known.map(
    (
      one,
    ) => `<form method="post" action="/rehearsals"><p>${escapeHtml(one[language])}${one.isOn ? ` <strong>(${t.isOn})</strong>` : ''}</p>
<input type="hidden" name="name" value="${one.name}">
${one.isOn ? '' : `<label>${t.account} <select name="account">${accounts}</select></label>`}
<button type="submit" name="act" value="${one.isOn ? 'off' : 'on'}" aria-label="${one.isOn ? t.off : t.on}: ${escapeHtml(one[language])}">${one.isOn ? t.off : t.on}</button></form>`,
  );
  return page(language, t.title, `<h1>${t.title}</h1>${rows.join('\n')}`);
}
