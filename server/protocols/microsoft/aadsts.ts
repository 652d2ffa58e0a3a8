/**
 * Every AADSTS number that Platen can meet: who cures it, whether waiting helps, where to click. Meaning and action
 * stand in `locales` under `aadsts.<number>`; a test keeps table and texts equal.
 */
import type { Cure, Waiting, Who } from './failure.ts';
import type { Place } from './places.ts';

type Row = readonly [numbers: readonly number[], who: Who, waiting: Waiting, place?: Place];

const ON_PREMISES = Array.from({ length: 14 }, (_, index) => 80001 + index);

const ROWS: readonly Row[] = [
  [[16000, 50020, 50058, 50126, 50134, 50158, 54005, 65004, 70000, 70018, 70019, 70020, 90072], 'mailbox-owner', 'no'],
  [[70008, 700082, 50132, 50133, 50173, 90119, 90120, 50072, 50074, 50076], 'mailbox-owner', 'no'],
  [[50140, 50199, 70016], 'mailbox-owner', 'normal'],
  [[50079], 'mailbox-owner', 'no', 'security-info'],
  [[28000, 28002, 28003, 700022, 700005, 700025, 70003, 70007, 70011, 650053, 901002, 90004], 'project', 'no'],
  [[90009, 90019, 90023, 9002313], 'project', 'no'],
  [[90014, 900144, 50059, 50128, 50194, 90002, 900023, 90038, 1000104, 9001023, 9002332], 'platen-administrator', 'no'],
  [[700016], 'platen-administrator', 'no', 'app-overview'],
  [[7000215, 7000222], 'platen-administrator', 'no'],
  [[50196], 'project', 'minutes'],
  [[50011, 500113, 900971, 700084, 70002, 7000218], 'entra-administrator', 'no', 'app-authentication'],
  [[65001, 65005, 650056, 650057, 90008, 90092, 90094, 90095], 'entra-administrator', 'no', 'app-permissions'],
  [[50105, 70001, 7000112], 'entra-administrator', 'no', 'enterprise-apps'],
  [[50034, 50057], 'entra-administrator', 'no', 'users'],
  [[50055], 'entra-administrator', 'no', 'users'],
  [[50053], 'entra-administrator', 'hour', 'sign-in-logs'],
  [[50144, ...ON_PREMISES], 'entra-administrator', 'no', 'connect-sync'],
  [[50078], 'mailbox-owner', 'no', 'mfa-settings'],
  [[70043], 'entra-administrator', 'no', 'conditional-access'],
  [[50097, 53000, 53001, 53002, 53003, 530003, 530032, 530036], 'entra-administrator', 'no', 'conditional-access'],
  [[530035], 'entra-administrator', 'no', 'security-defaults'],
  [[50131, 53004, 53011], 'entra-administrator', 'no', 'identity-protection'],
  [[50177, 500212, 500213], 'entra-administrator', 'no', 'cross-tenant-access'],
  [[135011, 240001], 'entra-administrator', 'no', 'users'],
  [[500011, 650052], 'license-administrator', 'no', 'licenses'],
  [[500021, 500022], 'network-administrator', 'no'],
  [[90006, 90024, 90033, 50033, 50087, 135010], 'microsoft', 'minutes', 'service-health'],
  [[90055], 'microsoft', 'hour'],
];

export const AADSTS: ReadonlyMap<number, Cure> = new Map(
  ROWS.flatMap(([numbers, who, waiting, place]) =>
    numbers.map((number) => [number, { who, waiting, ...(place === undefined ? {} : { place }) }] as const),
  ),
);
