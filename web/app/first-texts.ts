/**
 * The sections of the texts that the frame, the sign-in and the start page speak with. They come with the first load;
 * all others come with the first further page (`loadAllTexts`).
 */
export const FIRST_TEXTS: readonly string[] = [
  'nav',
  'action',
  'label',
  'scheme',
  'role',
  'live',
  'search',
  'error',
  'form',
  'noPermission',
  'noPage',
  'signIn',
  'firstRun',
  'mailOff',
  'overview',
  'jobState',
  'printerReason',
  'printerNeed',
  'account',
];
