/** What Microsoft's numbers mean at the end of a code: each kind of end has a title of its own. */
import type { TFunction } from 'i18next';
import type { KeptProblem } from '../explained.tsx';

const NUMBERS = {
  /** Security defaults, Conditional Access. */
  blocked: [53003, 530035, 530036],
  otherTenant: [50020, 90072],
  approval: [65001, 90094, 90095],
  /** No public client, unknown or disabled app, unknown tenant, permission not asked for. */
  registration: [7000218, 700016, 7000112, 90002, 650052, 650057],
} as const;

/** Undefined where the problem's own title says as much as is known. */
export function titleOf(t: TFunction, problem: KeptProblem): string | undefined {
  const number = problem.facts?.aadsts;
  const is = (kind: keyof typeof NUMBERS) => (NUMBERS[kind] as readonly unknown[]).includes(number);
  if (is('blocked')) return t('deviceCode.ends.blocked');
  if (is('otherTenant') || problem.facts?.flaw === 'id-token-refused') return t('deviceCode.ends.otherTenant');
  if (is('approval')) return t('deviceCode.ends.approval');
  return is('registration') ? t('deviceCode.ends.registration') : undefined;
}

export function needsConsent(problem: KeptProblem | undefined): boolean {
  return (NUMBERS.approval as readonly unknown[]).includes(problem?.facts?.aadsts);
}
