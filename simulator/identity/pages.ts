/**
 * The pages of the practice tenant: plain forms, no script, English and Italian.
 * They must never be taken for the real ones: a striped ochre band, other words, no mark of Microsoft.
 */
import { type Answer, aadstsText, htmlAnswer } from './answers.ts';
import type { Language } from './identity.ts';

const TEXTS = {
  en: {
    band: 'Practice. This is not Microsoft.',
    codeTitle: 'Enter the code',
    codeLabel: 'Code shown by the application',
    next: 'Next',
    accountTitle: 'Choose a practice account',
    accountFor: 'Sign in to {app}',
    otherAccount: 'Another practice account',
    password: 'Password (only if the account has one)',
    confirmTitle: 'Are you trying to sign in to {app}?',
    confirmHint: 'You sign in as {account}. Continue only if you started this yourself.',
    asks: 'The application asks for:',
    happen: 'What shall happen',
    happenSignIn: 'Sign in',
    happenMfa: 'Second factor demanded (50076)',
    happenDefaults: 'Blocked by security defaults (530035)',
    happenPolicy: 'Blocked by Conditional Access (53003)',
    happenApproval: 'Approval of an administrator needed (90094)',
    continue: 'Continue',
    cancel: 'Cancel',
    doneTitle: 'You have signed in to {app}',
    declinedTitle: 'You canceled the sign-in',
    close: 'You can close this page.',
    refusedTitle: 'You cannot sign in',
    refusedLater: 'The application is told the reason.',
    refusedHere: 'The application is not told: it keeps waiting until the code expires.',
    consentTitle: 'Consent for the organization to {app}',
    blank: 'Copy the address of this page into the application.',
    index: 'This is the practice tenant: a stand-in for Microsoft 365 for tests and rehearsals.',
    indexLink: 'Enter a code',
    rehearsals: 'Rehearse a failure',
    expiredSession: 'This page is too old. Start again.',
  },
  it: {
    band: 'Esercitazione. Questo non è Microsoft.',
    codeTitle: 'Inserisci il codice',
    codeLabel: 'Codice mostrato dall’applicazione',
    next: 'Avanti',
    accountTitle: 'Scegli un account di esercitazione',
    accountFor: 'Accedi a {app}',
    otherAccount: 'Un altro account di esercitazione',
    password: 'Password (solo se l’account ne ha una)',
    confirmTitle: 'Stai cercando di accedere a {app}?',
    confirmHint: 'Accedi come {account}. Continua solo se hai iniziato tu questa operazione.',
    asks: 'L’applicazione chiede:',
    happen: 'Che cosa deve succedere',
    happenSignIn: 'Accesso',
    happenMfa: 'Secondo fattore richiesto (50076)',
    happenDefaults: 'Blocco delle impostazioni predefinite di sicurezza (530035)',
    happenPolicy: 'Blocco dell’accesso condizionale (53003)',
    happenApproval: 'Serve l’approvazione di un amministratore (90094)',
    continue: 'Continua',
    cancel: 'Annulla',
    doneTitle: 'Hai effettuato l’accesso a {app}',
    declinedTitle: 'Hai annullato l’accesso',
    close: 'Puoi chiudere questa pagina.',
    refusedTitle: 'Non puoi accedere',
    refusedLater: 'L’applicazione riceve il motivo.',
    refusedHere: 'L’applicazione non lo sa: aspetta fino alla scadenza del codice.',
    consentTitle: 'Consenso dell’organizzazione per {app}',
    blank: 'Copia l’indirizzo di questa pagina nell’applicazione.',
    index: 'Questo è il tenant di esercitazione: fa le veci di Microsoft 365 per prove ed esercizi.',
    indexLink: 'Inserisci un codice',
    rehearsals: 'Prova un guasto',
    expiredSession: 'Questa pagina è troppo vecchia. Ricomincia.',
  },
} as const satisfies Record<Language, Record<string, string>>;

const STYLE = `
body{margin:0;font:1rem/1.5 Georgia,serif;background:#fbf6ea;color:#2b2110}
.band{padding:.6rem 1rem;font-weight:bold;color:#2b2110;background:repeating-linear-gradient(45deg,#e0a83a 0 18px,#efc266 18px 36px)}
main{max-width:34rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}fieldset{border:1px solid #d8c48e;margin:0 0 .8rem}input{accent-color:#7a5c14}label{display:block;margin:.4rem 0}
input[type=text],input[type=password],select{font:inherit;padding:.4rem;width:100%;box-sizing:border-box;border:1px solid #7a5c14;background:#fff}
button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0;border:1px solid #7a5c14;background:#7a5c14;color:#fff}
button.quiet{background:#fff;color:#5a430d}.problem{border-left:.3rem solid #9c2b12;padding-left:.8rem}
:focus-visible{outline:3px solid #1d4f91;outline-offset:2px}`;

type Texts = (typeof TEXTS)[Language];

/** Step one: the field for the code, with the reason when the last one was no good. */
export function codePage(language: Language, shown: { aadsts?: number; userCode?: string } = {}): Answer {
  const t = TEXTS[language];
  return page(
    language,
    t.codeTitle,
    `
<h1>${t.codeTitle}</h1>${problem(shown.aadsts)}
<form method="post" action="/devicelogin">
<label for="userCode">${t.codeLabel}</label>
<input type="text" id="userCode" name="userCode" value="${escapeHtml(shown.userCode ?? '')}" autocomplete="off" autofocus required maxlength="20">
<button type="submit">${t.next}</button></form>`,
  );
}

/** Step two: which practice account. */
export function accountPage(
  language: Language,
  shown: { session: string; app: string; accounts: readonly { upn: string; name: string }[]; aadsts?: number },
): Answer {
  const t = TEXTS[language];
  const choices = shown.accounts.map(
    ({ upn, name }) =>
      `<label><input type="radio" name="account" value="${escapeHtml(upn)}"> ${escapeHtml(name)} (${escapeHtml(upn)})</label>`,
  );
  return page(
    language,
    t.accountTitle,
    `
<h1>${t.accountTitle}</h1><p>${fill(t.accountFor, { app: shown.app })}</p>${problem(shown.aadsts)}
<form method="post" action="/sign-in/account">${hidden(shown.session)}
<fieldset><legend>${t.accountTitle}</legend>${choices.join('\n')}</fieldset>
<label for="other">${t.otherAccount}</label><input type="text" id="other" name="other" autocomplete="off" maxlength="320">
<label for="password">${t.password}</label><input type="password" id="password" name="password" autocomplete="off">
<button type="submit">${t.next}</button></form>`,
  );
}

/** Step three: continue, cancel, or another course of events to rehearse. */
export function confirmPage(
  language: Language,
  shown: { session: string; app: string; account: string; asks: readonly string[]; isConsent: boolean },
): Answer {
  const t = TEXTS[language];
  const title = fill(shown.isConsent ? t.consentTitle : t.confirmTitle, { app: shown.app });
  const asks = shown.asks.map((name) => `<li>${escapeHtml(name)}</li>`).join('');
  return page(
    language,
    title,
    `
<h1>${title}</h1><p>${fill(t.confirmHint, { account: shown.account })}</p>
${asks ? `<p>${t.asks}</p><ul>${asks}</ul>` : ''}
<form method="post" action="/sign-in/confirm">${hidden(shown.session)}
<label for="happen">${t.happen}</label>${happenings(t)}
<button type="submit" name="action" value="confirm">${t.continue}</button>
<button class="quiet" type="submit" name="action" value="decline">${t.cancel}</button></form>`,
  );
}

export function donePage(language: Language, app: string): Answer {
  const title = fill(TEXTS[language].doneTitle, { app });
  return page(language, title, `<h1>${title}</h1><p>${TEXTS[language].close}</p>`);
}

export function declinedPage(language: Language): Answer {
  const t = TEXTS[language];
  return page(language, t.declinedTitle, `<h1>${t.declinedTitle}</h1><p>${t.close}</p>`);
}

/** The end of a refused sign-in, saying whether the waiting application hears of it. */
export function refusedPage(language: Language, aadsts: number, heard: 'told' | 'not-told' | 'nobody-waits'): Answer {
  const t = TEXTS[language];
  const note = { told: t.refusedLater, 'not-told': t.refusedHere, 'nobody-waits': '' }[heard];
  return page(language, t.refusedTitle, `<h1>${t.refusedTitle}</h1>${problem(aadsts)}<p>${note}</p>`);
}

export function expiredSessionPage(language: Language): Answer {
  const t = TEXTS[language];
  return page(
    language,
    t.expiredSession,
    `<h1>${t.expiredSession}</h1><p><a href="/devicelogin">${t.indexLink}</a></p>`,
  );
}

/** The end of a sign-in whose address the person pastes back. */
export function nativeClientPage(language: Language): Answer {
  return page(language, TEXTS[language].band, `<p>${TEXTS[language].blank}</p>`);
}

export function indexPage(language: Language): Answer {
  const t = TEXTS[language];
  return page(
    language,
    t.band,
    `<p>${t.index}</p><p><a href="/devicelogin">${t.indexLink}</a></p><p><a href="/rehearsals">${t.rehearsals}</a></p>`,
  );
}

export function page(language: Language, title: string, main: string): Answer {
  const answer = htmlAnswer(`<!DOCTYPE html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style></head>
<body><div class="band" role="note">${TEXTS[language].band}</div><main>${main}</main></body></html>`);
  // No form-action: browsers apply it to the redirect that ends an authorization, and that leaves this server.
  const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
  return { ...answer, headers: { ...answer.headers, 'content-security-policy': policy } };
}

function happenings(t: Texts): string {
  const options = [
    ['', t.happenSignIn],
    ['50076', t.happenMfa],
    ['530035', t.happenDefaults],
    ['53003', t.happenPolicy],
    ['90094', t.happenApproval],
  ];
  const tags = options.map(([value, text]) => `<option value="${value}">${text}</option>`);
  return `<select id="happen" name="happen">${tags.join('')}</select>`;
}

function hidden(session: string): string {
  return `<input type="hidden" name="session" value="${escapeHtml(session)}">`;
}

function problem(aadsts: number | undefined): string {
  return aadsts === undefined ? '' : `<p class="problem" role="alert">AADSTS${aadsts}: ${aadstsText(aadsts)}</p>`;
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => escapeHtml(values[name] ?? ''));
}

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
}
