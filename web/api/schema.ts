/** Made from the server's OpenAPI document by `npm run docs`; not to be edited. */
export type paths = {
  '/about': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              version: string;
              node: string;
              postgresql: string;
              isEmbedded: boolean;
              system: string;
              migration: string;
              startedAt: string;
              report: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/about/packages': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': { items: { name: string; version: string; license: string }[]; nextCursor: null };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/clouds': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: string[]; default: string } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                kind: 'exchange-online';
                title: string;
                clientId: string;
                tenantId: string;
                cloud: string;
                expectedAccount: string | null;
                uses: string[];
                grantedUses: string[];
                lastUses: { use: 'imap' | 'pop3' | 'smtp'; at: string }[];
                state: 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
                stateSince: string;
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
                account: { username: string; name: string; tenantId: string; objectId: string } | null;
                login: {
                  kind: 'device-code' | 'link';
                  state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                  expiresAt: string;
                  problem?: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                  tried: string | null;
                  endedAt: string | null;
                  endedBy: string | null;
                  offersLink: boolean;
                } | null;
                checks: {
                  id: string;
                  state: 'running' | 'finished' | 'stopped';
                  startedAt: string;
                  finishedAt: string | null;
                  tests: {
                    test:
                      | 'tenant'
                      | 'registration'
                      | 'public-client'
                      | 'clock'
                      | 'account'
                      | 'permissions'
                      | 'token'
                      | 'reach'
                      | 'imap'
                      | 'imap-folders'
                      | 'pop3'
                      | 'smtp'
                      | 'message'
                      | 'shared-mailbox';
                    title: string;
                    outcome: 'passed' | 'failed' | 'skipped';
                    because?: string;
                    becauseText?: string;
                    problem?: {
                      code: string;
                      title: string;
                      detail: string;
                      advice: string;
                      remote?: string;
                      facts?: Record<string, string | number>;
                      explanation?: {
                        reference: string;
                        meaning: string;
                        action: string;
                        who: string;
                        whoText: string;
                        waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                        waitingText: string;
                        place?: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                        causes?: {
                          id: string;
                          meaning: string;
                          how: string;
                          who: string;
                          whoText: string;
                          placeText?: string;
                          address?: string;
                          command?: string;
                        }[];
                      };
                      at: string;
                    };
                    facts?: Record<string, string | number>;
                    durationMs?: number;
                  }[];
                  waiting: {
                    test:
                      | 'tenant'
                      | 'registration'
                      | 'public-client'
                      | 'clock'
                      | 'account'
                      | 'permissions'
                      | 'token'
                      | 'reach'
                      | 'imap'
                      | 'imap-folders'
                      | 'pop3'
                      | 'smtp'
                      | 'message'
                      | 'shared-mailbox';
                    title: string;
                  }[];
                } | null;
                expiry: {
                  signedInAt: string | null;
                  renewedAt: string | null;
                  accessExpiresAt: string | null;
                  nextRenewalAt: string | null;
                  kind: 'known' | 'likely' | 'none' | 'unknown';
                  at: string | null;
                  latestAt: string | null;
                  reason: string;
                  reasonText: string;
                  risks: { code: string; text: string }[];
                  method: 'device-code' | 'link' | null;
                  history: {
                    signedInAt: string;
                    endedAt: string | null;
                    method: 'device-code' | 'link';
                    aadsts: number | null;
                  }[];
                };
                clockSkewSeconds: number | null;
                createdAt: string;
              }[];
              nextCursor: null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            kind: 'exchange-online';
            title: string;
            clientId: string;
            tenantId: string;
            cloud?: string;
            expectedAccount?: string;
            uses?: ('imap' | 'pop3' | 'smtp')[];
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'exchange-online';
              title: string;
              clientId: string;
              tenantId: string;
              cloud: string;
              expectedAccount: string | null;
              uses: string[];
              grantedUses: string[];
              lastUses: { use: 'imap' | 'pop3' | 'smtp'; at: string }[];
              state: 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
              stateSince: string;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              account: { username: string; name: string; tenantId: string; objectId: string } | null;
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                expiresAt: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                tried: string | null;
                endedAt: string | null;
                endedBy: string | null;
                offersLink: boolean;
              } | null;
              checks: {
                id: string;
                state: 'running' | 'finished' | 'stopped';
                startedAt: string;
                finishedAt: string | null;
                tests: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                  outcome: 'passed' | 'failed' | 'skipped';
                  because?: string;
                  becauseText?: string;
                  problem?: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                  facts?: Record<string, string | number>;
                  durationMs?: number;
                }[];
                waiting: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                }[];
              } | null;
              expiry: {
                signedInAt: string | null;
                renewedAt: string | null;
                accessExpiresAt: string | null;
                nextRenewalAt: string | null;
                kind: 'known' | 'likely' | 'none' | 'unknown';
                at: string | null;
                latestAt: string | null;
                reason: string;
                reasonText: string;
                risks: { code: string; text: string }[];
                method: 'device-code' | 'link' | null;
                history: {
                  signedInAt: string;
                  endedAt: string | null;
                  method: 'device-code' | 'link';
                  aadsts: number | null;
                }[];
              };
              clockSkewSeconds: number | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'exchange-online';
              title: string;
              clientId: string;
              tenantId: string;
              cloud: string;
              expectedAccount: string | null;
              uses: string[];
              grantedUses: string[];
              lastUses: { use: 'imap' | 'pop3' | 'smtp'; at: string }[];
              state: 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
              stateSince: string;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              account: { username: string; name: string; tenantId: string; objectId: string } | null;
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                expiresAt: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                tried: string | null;
                endedAt: string | null;
                endedBy: string | null;
                offersLink: boolean;
              } | null;
              checks: {
                id: string;
                state: 'running' | 'finished' | 'stopped';
                startedAt: string;
                finishedAt: string | null;
                tests: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                  outcome: 'passed' | 'failed' | 'skipped';
                  because?: string;
                  becauseText?: string;
                  problem?: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                  facts?: Record<string, string | number>;
                  durationMs?: number;
                }[];
                waiting: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                }[];
              } | null;
              expiry: {
                signedInAt: string | null;
                renewedAt: string | null;
                accessExpiresAt: string | null;
                nextRenewalAt: string | null;
                kind: 'known' | 'likely' | 'none' | 'unknown';
                at: string | null;
                latestAt: string | null;
                reason: string;
                reasonText: string;
                risks: { code: string; text: string }[];
                method: 'device-code' | 'link' | null;
                history: {
                  signedInAt: string;
                  endedAt: string | null;
                  method: 'device-code' | 'link';
                  aadsts: number | null;
                }[];
              };
              clockSkewSeconds: number | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            title?: string;
            clientId?: string;
            tenantId?: string;
            cloud?: string;
            expectedAccount?: string | null;
            uses?: ('imap' | 'pop3' | 'smtp')[];
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'exchange-online';
              title: string;
              clientId: string;
              tenantId: string;
              cloud: string;
              expectedAccount: string | null;
              uses: string[];
              grantedUses: string[];
              lastUses: { use: 'imap' | 'pop3' | 'smtp'; at: string }[];
              state: 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
              stateSince: string;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              account: { username: string; name: string; tenantId: string; objectId: string } | null;
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                expiresAt: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                tried: string | null;
                endedAt: string | null;
                endedBy: string | null;
                offersLink: boolean;
              } | null;
              checks: {
                id: string;
                state: 'running' | 'finished' | 'stopped';
                startedAt: string;
                finishedAt: string | null;
                tests: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                  outcome: 'passed' | 'failed' | 'skipped';
                  because?: string;
                  becauseText?: string;
                  problem?: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                  facts?: Record<string, string | number>;
                  durationMs?: number;
                }[];
                waiting: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                }[];
              } | null;
              expiry: {
                signedInAt: string | null;
                renewedAt: string | null;
                accessExpiresAt: string | null;
                nextRenewalAt: string | null;
                kind: 'known' | 'likely' | 'none' | 'unknown';
                at: string | null;
                latestAt: string | null;
                reason: string;
                reasonText: string;
                risks: { code: string; text: string }[];
                method: 'device-code' | 'link' | null;
                history: {
                  signedInAt: string;
                  endedAt: string | null;
                  method: 'device-code' | 'link';
                  aadsts: number | null;
                }[];
              };
              clockSkewSeconds: number | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}/check': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              state: 'running' | 'finished' | 'stopped';
              startedAt: string;
              finishedAt: string | null;
              tests: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
                outcome: 'passed' | 'failed' | 'skipped';
                because?: string;
                becauseText?: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                facts?: Record<string, string | number>;
                durationMs?: number;
              }[];
              waiting: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: { wait?: 'true' | 'false' };
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { sendMessage?: boolean; sharedMailbox?: string } | null } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              state: 'running' | 'finished' | 'stopped';
              startedAt: string;
              finishedAt: string | null;
              tests: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
                outcome: 'passed' | 'failed' | 'skipped';
                because?: string;
                becauseText?: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                facts?: Record<string, string | number>;
                durationMs?: number;
              }[];
              waiting: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
              }[];
            };
          };
        };
        202: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              state: 'running' | 'finished' | 'stopped';
              startedAt: string;
              finishedAt: string | null;
              tests: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
                outcome: 'passed' | 'failed' | 'skipped';
                because?: string;
                becauseText?: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                facts?: Record<string, string | number>;
                durationMs?: number;
              }[];
              waiting: {
                test:
                  | 'tenant'
                  | 'registration'
                  | 'public-client'
                  | 'clock'
                  | 'account'
                  | 'permissions'
                  | 'token'
                  | 'reach'
                  | 'imap'
                  | 'imap-folders'
                  | 'pop3'
                  | 'smtp'
                  | 'message'
                  | 'shared-mailbox';
                title: string;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}/device-code': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              userCode: string;
              verificationUri: string;
              expiresAt: string;
              intervalSeconds: number;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              userCode: string;
              verificationUri: string;
              expiresAt: string;
              intervalSeconds: number;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}/expiry.ics': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { 'text/calendar': string } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}/hand-over': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
              recipient: string | null;
              language: 'en' | 'it';
              createdAt: string;
              expiresAt: string;
              openedAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: { 'application/json': { recipient?: string; language: 'en' | 'it'; validDays?: 1 | 3 | 7 } };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: { 'application/json': { url: string; expiresAt: string; subject: string; invitation: string } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/connections/{id}/sign-in-link': {
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { address: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'exchange-online';
              title: string;
              clientId: string;
              tenantId: string;
              cloud: string;
              expectedAccount: string | null;
              uses: string[];
              grantedUses: string[];
              lastUses: { use: 'imap' | 'pop3' | 'smtp'; at: string }[];
              state: 'awaiting-confirmation' | 'connected' | 'degraded' | 'needs-confirmation';
              stateSince: string;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              account: { username: string; name: string; tenantId: string; objectId: string } | null;
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                expiresAt: string;
                problem?: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                };
                tried: string | null;
                endedAt: string | null;
                endedBy: string | null;
                offersLink: boolean;
              } | null;
              checks: {
                id: string;
                state: 'running' | 'finished' | 'stopped';
                startedAt: string;
                finishedAt: string | null;
                tests: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                  outcome: 'passed' | 'failed' | 'skipped';
                  because?: string;
                  becauseText?: string;
                  problem?: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                  facts?: Record<string, string | number>;
                  durationMs?: number;
                }[];
                waiting: {
                  test:
                    | 'tenant'
                    | 'registration'
                    | 'public-client'
                    | 'clock'
                    | 'account'
                    | 'permissions'
                    | 'token'
                    | 'reach'
                    | 'imap'
                    | 'imap-folders'
                    | 'pop3'
                    | 'smtp'
                    | 'message'
                    | 'shared-mailbox';
                  title: string;
                }[];
              } | null;
              expiry: {
                signedInAt: string | null;
                renewedAt: string | null;
                accessExpiresAt: string | null;
                nextRenewalAt: string | null;
                kind: 'known' | 'likely' | 'none' | 'unknown';
                at: string | null;
                latestAt: string | null;
                reason: string;
                reasonText: string;
                risks: { code: string; text: string }[];
                method: 'device-code' | 'link' | null;
                history: {
                  signedInAt: string;
                  endedAt: string | null;
                  method: 'device-code' | 'link';
                  aadsts: number | null;
                }[];
              };
              clockSkewSeconds: number | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { redirect?: 'paste' | 'loopback' } } };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: { 'application/json': { url: string; expiresAt: string; redirect: 'paste' | 'loopback' } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/conversion': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              level: 'A' | 'C';
              canary: 'unknown' | 'kept' | 'escaped' | 'untried';
              detail: string;
              missingPackages: string[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/device-faults': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                deviceId: string | null;
                name: string | null;
                address: string;
                reason: string;
                title: string;
                advice: string;
                repairs: { code: string; text: string }[];
                remote: string | null;
                reply: string | null;
                firstAt: string;
                lastAt: string;
                count: number;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/device-faults/{id}': {
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/devices': {
    get: {
      parameters: {
        query?: { limit?: number; cursor?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                name: string;
                addresses: string[];
                username: string | null;
                allowsPlainAuth: boolean;
                limits: {
                  messagesPerMinute: number;
                  messagesPerDay: number;
                  recipientsPerDay: number;
                  maxMessageBytes: number;
                  maxRecipients: number;
                  maxSessions: number;
                };
                allowedDomains: string[];
                senderMap: {
                  sender: string | null;
                  displayName: string | null;
                  ownAddress: 'reply-to' | 'display-name' | 'nowhere';
                };
                normalisesBareLf: boolean;
                enabled: boolean;
                createdAt: string;
                lastMessageAt: string | null;
                messagesToday: number;
                recipientsToday: number;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            name: string;
            addresses?: string[];
            credential?: { username: string; password?: string } | null;
            allowsPlainAuth?: boolean;
            limits?: {
              messagesPerMinute?: number;
              messagesPerDay?: number;
              recipientsPerDay?: number;
              maxMessageBytes?: number;
              maxRecipients?: number;
              maxSessions?: number;
            };
            allowedDomains?: string[];
            senderMap?: {
              sender?: string | null;
              displayName?: string | null;
              ownAddress?: 'reply-to' | 'display-name' | 'nowhere';
            };
            normalisesBareLf?: boolean;
            enabled?: boolean;
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              addresses: string[];
              username: string | null;
              allowsPlainAuth: boolean;
              limits: {
                messagesPerMinute: number;
                messagesPerDay: number;
                recipientsPerDay: number;
                maxMessageBytes: number;
                maxRecipients: number;
                maxSessions: number;
              };
              allowedDomains: string[];
              senderMap: {
                sender: string | null;
                displayName: string | null;
                ownAddress: 'reply-to' | 'display-name' | 'nowhere';
              };
              normalisesBareLf: boolean;
              enabled: boolean;
              createdAt: string;
              lastMessageAt: string | null;
              messagesToday: number;
              recipientsToday: number;
              password: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/devices/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              addresses: string[];
              username: string | null;
              allowsPlainAuth: boolean;
              limits: {
                messagesPerMinute: number;
                messagesPerDay: number;
                recipientsPerDay: number;
                maxMessageBytes: number;
                maxRecipients: number;
                maxSessions: number;
              };
              allowedDomains: string[];
              senderMap: {
                sender: string | null;
                displayName: string | null;
                ownAddress: 'reply-to' | 'display-name' | 'nowhere';
              };
              normalisesBareLf: boolean;
              enabled: boolean;
              createdAt: string;
              lastMessageAt: string | null;
              messagesToday: number;
              recipientsToday: number;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            name?: string;
            addresses?: string[];
            credential?: { username: string; password?: string } | null;
            allowsPlainAuth?: boolean;
            limits?: {
              messagesPerMinute?: number;
              messagesPerDay?: number;
              recipientsPerDay?: number;
              maxMessageBytes?: number;
              maxRecipients?: number;
              maxSessions?: number;
            };
            allowedDomains?: string[];
            senderMap?: {
              sender?: string | null;
              displayName?: string | null;
              ownAddress?: 'reply-to' | 'display-name' | 'nowhere';
            };
            normalisesBareLf?: boolean;
            enabled?: boolean;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              addresses: string[];
              username: string | null;
              allowsPlainAuth: boolean;
              limits: {
                messagesPerMinute: number;
                messagesPerDay: number;
                recipientsPerDay: number;
                maxMessageBytes: number;
                maxRecipients: number;
                maxSessions: number;
              };
              allowedDomains: string[];
              senderMap: {
                sender: string | null;
                displayName: string | null;
                ownAddress: 'reply-to' | 'display-name' | 'nowhere';
              };
              normalisesBareLf: boolean;
              enabled: boolean;
              createdAt: string;
              lastMessageAt: string | null;
              messagesToday: number;
              recipientsToday: number;
              password: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/events': {
    get: {
      parameters: {
        query?: { since?: string };
        header?: { 'last-event-id'?: string };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/first-run': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { 'application/json': { due: boolean } } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            mailDomain?: string;
            setupToken: string;
            email: string;
            name: string;
            password: string;
            language?: 'en' | 'it';
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              user: {
                id: string;
                email: string;
                name: string;
                role: 'administrator' | 'operator' | 'user';
                language: 'en' | 'it';
                addresses: string[];
                hasPassword: boolean;
                createdAt: string;
                disabledAt: string | null;
                origin: 'administrator' | 'mail' | 'file';
                group: string | null;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/groups': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { name: string; people: number }[]; nextCursor: null } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/hand-over': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
              language: 'en' | 'it';
              recipient: string | null;
              expiresAt: string;
              askedBy: { name: string; email: string } | null;
              account: string | null;
              uses: ('imap' | 'pop3' | 'smtp')[];
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                offersLink: boolean;
                tried?: string;
                problem?: {
                  code: string;
                  title: string;
                  advice: string;
                  meaning?: string;
                  whoText?: string;
                  remote?: string;
                  reference?: string;
                  at: string;
                };
              } | null;
              code: { userCode: string; verificationUri: string; expiresAt: string } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/hand-over/device-code': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
              language: 'en' | 'it';
              recipient: string | null;
              expiresAt: string;
              askedBy: { name: string; email: string } | null;
              account: string | null;
              uses: ('imap' | 'pop3' | 'smtp')[];
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                offersLink: boolean;
                tried?: string;
                problem?: {
                  code: string;
                  title: string;
                  advice: string;
                  meaning?: string;
                  whoText?: string;
                  remote?: string;
                  reference?: string;
                  at: string;
                };
              } | null;
              code: { userCode: string; verificationUri: string; expiresAt: string } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/hand-over/sign-in-link': {
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string; address: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
              language: 'en' | 'it';
              recipient: string | null;
              expiresAt: string;
              askedBy: { name: string; email: string } | null;
              account: string | null;
              uses: ('imap' | 'pop3' | 'smtp')[];
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                offersLink: boolean;
                tried?: string;
                problem?: {
                  code: string;
                  title: string;
                  advice: string;
                  meaning?: string;
                  whoText?: string;
                  remote?: string;
                  reference?: string;
                  at: string;
                };
              } | null;
              code: { userCode: string; verificationUri: string; expiresAt: string } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              url: string;
              expiresAt: string;
              view: {
                state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
                language: 'en' | 'it';
                recipient: string | null;
                expiresAt: string;
                askedBy: { name: string; email: string } | null;
                account: string | null;
                uses: ('imap' | 'pop3' | 'smtp')[];
                login: {
                  kind: 'device-code' | 'link';
                  state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                  offersLink: boolean;
                  tried?: string;
                  problem?: {
                    code: string;
                    title: string;
                    advice: string;
                    meaning?: string;
                    whoText?: string;
                    remote?: string;
                    reference?: string;
                    at: string;
                  };
                } | null;
                code: { userCode: string; verificationUri: string; expiresAt: string } | null;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/hand-over/unexpected': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              state: 'open' | 'expired' | 'confirmed' | 'withdrawn' | 'unexpected';
              language: 'en' | 'it';
              recipient: string | null;
              expiresAt: string;
              askedBy: { name: string; email: string } | null;
              account: string | null;
              uses: ('imap' | 'pop3' | 'smtp')[];
              login: {
                kind: 'device-code' | 'link';
                state: 'pending' | 'granted' | 'declined' | 'expired' | 'wrong-account' | 'refused' | 'canceled';
                offersLink: boolean;
                tried?: string;
                problem?: {
                  code: string;
                  title: string;
                  advice: string;
                  meaning?: string;
                  whoText?: string;
                  remote?: string;
                  reference?: string;
                  at: string;
                };
              } | null;
              code: { userCode: string; verificationUri: string; expiresAt: string } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs': {
    get: {
      parameters: {
        query?: {
          state?:
            | 'pending'
            | 'pending-held'
            | 'processing'
            | 'processing-stopped'
            | 'canceled'
            | 'aborted'
            | 'completed';
          owner?: string;
          message?: string;
          printer?: string;
          queue?: string;
          since?: string;
          until?: string;
          q?: string;
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                number: number;
                ownerId: string;
                ownerName: string;
                queueId: string;
                printerId: string | null;
                title: string;
                state:
                  | 'pending'
                  | 'pending-held'
                  | 'processing'
                  | 'processing-stopped'
                  | 'canceled'
                  | 'aborted'
                  | 'completed';
                reasons: string[];
                waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
                problem: {
                  code: string;
                  title: string;
                  advice: string | null;
                  detail: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  values?: Record<string, string | number>;
                  at: string;
                } | null;
                options: Record<string, unknown>;
                ignoredOptions: string[];
                heldUntil: string | null;
                hasDocument: boolean;
                documentFormat: string;
                documentBytes: number;
                preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
                originalFormat: string;
                pages: number | null;
                pagesPrinted: number | null;
                pagesDrawn: number | null;
                isColor: boolean | null;
                media: string | null;
                messageId: string | null;
                cancelAskedAt: string | null;
                createdAt: string;
                processingAt: string | null;
                endedAt: string | null;
                queueName: string;
                printerName: string | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header: { 'idempotency-key': string };
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'multipart/form-data': {
            queueId?: string;
            options?: string;
            hold?: 'true' | 'false';
            ownerId?: string;
            file: string;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/owners': {
    get: {
      parameters: {
        query: { users: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { userId: string; lastJobAt: string | null; openJobs: number }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/waiting': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { printerId: string; count: number; oldestAt: string }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
              queueName: string;
              printerName: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            options?: {
              copies?: number | null;
              sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | null;
              color?: 'color' | 'monochrome' | null;
              media?: string | null;
              pageRanges?: { from: number; to: number }[] | null;
              finishings?: ('staple' | 'punch')[] | null;
            };
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/attempts': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                printerName: string | null;
                printerJobId: number | null;
                printerJobName: string;
                startedAt: string;
                endedAt: string | null;
                outcome: string | null;
                words: string | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/cancel': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/choices': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              copies: number | null;
              sides: ('one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge')[];
              color: ('color' | 'monochrome')[];
              media: string[];
              pageRanges: boolean;
              finishings: ('staple' | 'punch')[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/document': {
    get: {
      parameters: {
        query?: { as?: 'printed' | 'original' };
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/hold': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/preview/{page}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string; page: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/printed': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/printers': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                name: string;
                state: string;
                reasons: string[];
                isReady: boolean;
                can: { copies: boolean; monochrome: boolean; twoSides: boolean };
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/release': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            printerId?: string;
            options?: {
              copies?: number | null;
              sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | null;
              color?: 'color' | 'monochrome' | null;
              media?: string | null;
              pageRanges?: { from: number; to: number }[] | null;
              finishings?: ('staple' | 'punch')[] | null;
            };
          } | null;
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/jobs/{id}/timeline': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                at: string;
                type: string;
                subjectKind: string;
                subjectId: string;
                actor: string | null;
                data: Record<string, unknown>;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/journal': {
    get: {
      parameters: {
        query?: {
          kind?:
            | 'node'
            | 'user'
            | 'link'
            | 'api-token'
            | 'connection'
            | 'network'
            | 'mailbox'
            | 'message'
            | 'queue'
            | 'printer'
            | 'job'
            | 'outbox-message'
            | 'outbox'
            | 'device'
            | 'relay'
            | 'notices'
            | 'alarm';
          type?:
            | 'platen-started'
            | 'platen-stopped'
            | 'clock-doubted'
            | 'first-run-completed'
            | 'company-changed'
            | 'user-added'
            | 'user-changed'
            | 'user-removed'
            | 'signed-in'
            | 'sign-in-refused'
            | 'signed-out'
            | 'link-used'
            | 'api-token-added'
            | 'api-token-removed'
            | 'connection-added'
            | 'connection-changed'
            | 'connection-removed'
            | 'connection-state-changed'
            | 'login-started'
            | 'login-ended'
            | 'hand-over-made'
            | 'hand-over-ended'
            | 'connection-tested'
            | 'connection-expiry-near'
            | 'backup-restored'
            | 'token-renewed'
            | 'token-renewal-failed'
            | 'network-settings-changed'
            | 'mailbox-added'
            | 'mailbox-changed'
            | 'mailbox-removed'
            | 'mailbox-state-changed'
            | 'mailbox-renumbered'
            | 'message-received'
            | 'message-refused'
            | 'message-failed'
            | 'message-ignored'
            | 'message-moved'
            | 'message-held'
            | 'message-confirmed'
            | 'message-finished'
            | 'message-answered'
            | 'sender-registered'
            | 'queue-added'
            | 'queue-changed'
            | 'queue-removed'
            | 'printer-added'
            | 'printer-changed'
            | 'printer-removed'
            | 'printer-state-changed'
            | 'job-created'
            | 'job-prepared'
            | 'job-changed'
            | 'job-document-removed'
            | 'job-document-saved'
            | 'job-held'
            | 'job-released'
            | 'job-cancel-asked'
            | 'job-state-changed'
            | 'job-attempt-started'
            | 'job-attempt-ended'
            | 'outbox-message-queued'
            | 'outbox-message-state-changed'
            | 'outbox-message-dropped'
            | 'outbox-message-returned'
            | 'outbox-sending-paused'
            | 'device-added'
            | 'device-changed'
            | 'device-removed'
            | 'device-refused'
            | 'device-repaired'
            | 'device-fault-dismissed'
            | 'relay-storage-changed'
            | 'outbox-sending-resumed'
            | 'notice-settings-changed'
            | 'notice-suppressed'
            | 'alarm-settings-changed'
            | 'alarm-raised'
            | 'alarm-delivered'
            | 'alarm-failed'
            | 'alarm-solved';
          subject?: string;
          actor?: string;
          by?: 'people' | 'platen';
          from?: string;
          to?: string;
          order?: 'oldest' | 'newest';
          since?: string;
          cursor?: string;
          limit?: number;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                cursor: string;
                at: string;
                type: string;
                subjectKind: string;
                subjectId: string;
                subjectName: string | null;
                actor: string | null;
                actorName: string | null;
                ownerId: string | null;
                data: Record<string, unknown>;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/journal/actors': {
    get: {
      parameters: {
        query?: { q?: string; id?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { id: string; kind: string; name: string }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/journal/export': {
    get: {
      parameters: {
        query: {
          kind?:
            | 'node'
            | 'user'
            | 'link'
            | 'api-token'
            | 'connection'
            | 'network'
            | 'mailbox'
            | 'message'
            | 'queue'
            | 'printer'
            | 'job'
            | 'outbox-message'
            | 'outbox'
            | 'device'
            | 'relay'
            | 'notices'
            | 'alarm';
          type?:
            | 'platen-started'
            | 'platen-stopped'
            | 'clock-doubted'
            | 'first-run-completed'
            | 'company-changed'
            | 'user-added'
            | 'user-changed'
            | 'user-removed'
            | 'signed-in'
            | 'sign-in-refused'
            | 'signed-out'
            | 'link-used'
            | 'api-token-added'
            | 'api-token-removed'
            | 'connection-added'
            | 'connection-changed'
            | 'connection-removed'
            | 'connection-state-changed'
            | 'login-started'
            | 'login-ended'
            | 'hand-over-made'
            | 'hand-over-ended'
            | 'connection-tested'
            | 'connection-expiry-near'
            | 'backup-restored'
            | 'token-renewed'
            | 'token-renewal-failed'
            | 'network-settings-changed'
            | 'mailbox-added'
            | 'mailbox-changed'
            | 'mailbox-removed'
            | 'mailbox-state-changed'
            | 'mailbox-renumbered'
            | 'message-received'
            | 'message-refused'
            | 'message-failed'
            | 'message-ignored'
            | 'message-moved'
            | 'message-held'
            | 'message-confirmed'
            | 'message-finished'
            | 'message-answered'
            | 'sender-registered'
            | 'queue-added'
            | 'queue-changed'
            | 'queue-removed'
            | 'printer-added'
            | 'printer-changed'
            | 'printer-removed'
            | 'printer-state-changed'
            | 'job-created'
            | 'job-prepared'
            | 'job-changed'
            | 'job-document-removed'
            | 'job-document-saved'
            | 'job-held'
            | 'job-released'
            | 'job-cancel-asked'
            | 'job-state-changed'
            | 'job-attempt-started'
            | 'job-attempt-ended'
            | 'outbox-message-queued'
            | 'outbox-message-state-changed'
            | 'outbox-message-dropped'
            | 'outbox-message-returned'
            | 'outbox-sending-paused'
            | 'device-added'
            | 'device-changed'
            | 'device-removed'
            | 'device-refused'
            | 'device-repaired'
            | 'device-fault-dismissed'
            | 'relay-storage-changed'
            | 'outbox-sending-resumed'
            | 'notice-settings-changed'
            | 'notice-suppressed'
            | 'alarm-settings-changed'
            | 'alarm-raised'
            | 'alarm-delivered'
            | 'alarm-failed'
            | 'alarm-solved';
          subject?: string;
          actor?: string;
          by?: 'people' | 'platen';
          from?: string;
          to?: string;
          format: 'csv' | 'ndjson';
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/journal/subjects': {
    get: {
      parameters: {
        query?: { q?: string; id?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { id: string; kind: string; name: string }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/key-file': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              file: string;
              fingerprint: string;
              state: 'safe' | 'readable-by-others' | 'missing' | 'another-key' | 'not-a-key';
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/links': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { token: string; do?: true } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              purpose: 'confirm-sender' | 'print-job' | 'cancel-job';
              state: 'open' | 'used' | 'expired';
              expiresAt: string;
              usedAt: string | null;
              jobs: {
                id: string;
                number: number;
                title: string;
                state: string;
                pages: number | null;
                printerId: string | null;
              }[];
              message: { sender: string; subject: string; receivedAt: string; documents: string[] } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/mailboxes': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                title: string;
                protocol: 'imap' | 'pop3';
                connectionId: string | null;
                server: { host: string; port: number; security: 'tls' | 'starttls' | 'none'; username: string } | null;
                address: string;
                folder: string;
                pollSeconds: number;
                afterIntake: 'move' | 'delete' | 'keep';
                queueId: string;
                enabled: boolean;
                hostKind: 'exchange-online' | 'other';
                authservId: string | null;
                senderPolicy: {
                  unknown: 'refuse' | 'register' | 'hold';
                  domains: string[];
                  group: string | null;
                  machines: 'print' | 'refuse';
                };
                proofPolicy: {
                  unproven: 'accept' | 'hold' | 'refuse';
                  compauth: boolean;
                  internal: boolean;
                  arcSealers: string[];
                };
                documentPolicy: {
                  kinds: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
                  body: 'without-attachment' | 'always' | 'never';
                  maxDocuments: number;
                  maxBytes: number;
                  maxPages: number;
                };
                replyPolicy: { printed: boolean; held: boolean; refused: boolean };
                language: 'en' | 'it' | null;
                state: 'waiting' | 'connected' | 'failing';
                stateSince: string;
                lookedAt: string | null;
                today: { messages: number; jobs: number };
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
                createdAt: string;
              }[];
              nextCursor: null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            title: string;
            protocol: 'imap' | 'pop3';
            connectionId?: string;
            server?: {
              host: string;
              port: number;
              security: 'tls' | 'starttls' | 'none';
              username: string;
              password: string;
            };
            address: string;
            folder?: string;
            pollSeconds?: number;
            afterIntake?: 'move' | 'delete' | 'keep';
            queueId: string;
            enabled?: boolean;
            hostKind?: 'exchange-online' | 'other';
            authservId?: string | null;
            senderPolicy?: {
              unknown?: 'refuse' | 'register' | 'hold';
              domains?: string[];
              group?: string | null;
              machines?: 'print' | 'refuse';
            };
            proofPolicy?: {
              unproven?: 'accept' | 'hold' | 'refuse';
              compauth?: boolean;
              internal?: boolean;
              arcSealers?: string[];
            };
            documentPolicy?: {
              kinds?: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
              body?: 'without-attachment' | 'always' | 'never';
              maxDocuments?: number;
              maxBytes?: number;
              maxPages?: number;
            };
            replyPolicy?: { printed?: boolean; held?: boolean; refused?: boolean };
            language?: 'en' | 'it' | null;
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              title: string;
              protocol: 'imap' | 'pop3';
              connectionId: string | null;
              server: { host: string; port: number; security: 'tls' | 'starttls' | 'none'; username: string } | null;
              address: string;
              folder: string;
              pollSeconds: number;
              afterIntake: 'move' | 'delete' | 'keep';
              queueId: string;
              enabled: boolean;
              hostKind: 'exchange-online' | 'other';
              authservId: string | null;
              senderPolicy: {
                unknown: 'refuse' | 'register' | 'hold';
                domains: string[];
                group: string | null;
                machines: 'print' | 'refuse';
              };
              proofPolicy: {
                unproven: 'accept' | 'hold' | 'refuse';
                compauth: boolean;
                internal: boolean;
                arcSealers: string[];
              };
              documentPolicy: {
                kinds: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
                body: 'without-attachment' | 'always' | 'never';
                maxDocuments: number;
                maxBytes: number;
                maxPages: number;
              };
              replyPolicy: { printed: boolean; held: boolean; refused: boolean };
              language: 'en' | 'it' | null;
              state: 'waiting' | 'connected' | 'failing';
              stateSince: string;
              lookedAt: string | null;
              today: { messages: number; jobs: number };
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/mailboxes/addresses': {
    get: {
      parameters: {
        query?: { printer?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { address: string; queueName: string; mode: 'hold' | 'direct' }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/mailboxes/check': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            id?: string;
            protocol: 'imap' | 'pop3';
            connectionId?: string;
            server?: {
              host: string;
              port: number;
              security: 'tls' | 'starttls' | 'none';
              username: string;
              password?: string;
            };
            address: string;
            folder?: string;
            afterIntake?: 'move' | 'delete' | 'keep';
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              outcome: 'passed' | 'failed';
              messages?: number;
              missingFolders?: string[];
              problem?: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/mailboxes/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              title: string;
              protocol: 'imap' | 'pop3';
              connectionId: string | null;
              server: { host: string; port: number; security: 'tls' | 'starttls' | 'none'; username: string } | null;
              address: string;
              folder: string;
              pollSeconds: number;
              afterIntake: 'move' | 'delete' | 'keep';
              queueId: string;
              enabled: boolean;
              hostKind: 'exchange-online' | 'other';
              authservId: string | null;
              senderPolicy: {
                unknown: 'refuse' | 'register' | 'hold';
                domains: string[];
                group: string | null;
                machines: 'print' | 'refuse';
              };
              proofPolicy: {
                unproven: 'accept' | 'hold' | 'refuse';
                compauth: boolean;
                internal: boolean;
                arcSealers: string[];
              };
              documentPolicy: {
                kinds: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
                body: 'without-attachment' | 'always' | 'never';
                maxDocuments: number;
                maxBytes: number;
                maxPages: number;
              };
              replyPolicy: { printed: boolean; held: boolean; refused: boolean };
              language: 'en' | 'it' | null;
              state: 'waiting' | 'connected' | 'failing';
              stateSince: string;
              lookedAt: string | null;
              today: { messages: number; jobs: number };
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            title?: string;
            protocol?: 'imap' | 'pop3';
            connectionId?: string;
            server?: {
              host: string;
              port: number;
              security: 'tls' | 'starttls' | 'none';
              username: string;
              password?: string;
            };
            address?: string;
            folder?: string;
            pollSeconds?: number;
            afterIntake?: 'move' | 'delete' | 'keep';
            queueId?: string;
            enabled?: boolean;
            hostKind?: 'exchange-online' | 'other';
            authservId?: string | null;
            senderPolicy?: {
              unknown?: 'refuse' | 'register' | 'hold';
              domains?: string[];
              group?: string | null;
              machines?: 'print' | 'refuse';
            };
            proofPolicy?: {
              unproven?: 'accept' | 'hold' | 'refuse';
              compauth?: boolean;
              internal?: boolean;
              arcSealers?: string[];
            };
            documentPolicy?: {
              kinds?: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
              body?: 'without-attachment' | 'always' | 'never';
              maxDocuments?: number;
              maxBytes?: number;
              maxPages?: number;
            };
            replyPolicy?: { printed?: boolean; held?: boolean; refused?: boolean };
            language?: 'en' | 'it' | null;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              title: string;
              protocol: 'imap' | 'pop3';
              connectionId: string | null;
              server: { host: string; port: number; security: 'tls' | 'starttls' | 'none'; username: string } | null;
              address: string;
              folder: string;
              pollSeconds: number;
              afterIntake: 'move' | 'delete' | 'keep';
              queueId: string;
              enabled: boolean;
              hostKind: 'exchange-online' | 'other';
              authservId: string | null;
              senderPolicy: {
                unknown: 'refuse' | 'register' | 'hold';
                domains: string[];
                group: string | null;
                machines: 'print' | 'refuse';
              };
              proofPolicy: {
                unproven: 'accept' | 'hold' | 'refuse';
                compauth: boolean;
                internal: boolean;
                arcSealers: string[];
              };
              documentPolicy: {
                kinds: ('pdf' | 'image' | 'office' | 'text' | 'html')[];
                body: 'without-attachment' | 'always' | 'never';
                maxDocuments: number;
                maxBytes: number;
                maxPages: number;
              };
              replyPolicy: { printed: boolean; held: boolean; refused: boolean };
              language: 'en' | 'it' | null;
              state: 'waiting' | 'connected' | 'failing';
              stateSince: string;
              lookedAt: string | null;
              today: { messages: number; jobs: number };
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/mailboxes/{id}/check': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              outcome: 'passed' | 'failed';
              messages?: number;
              missingFolders?: string[];
              problem?: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/me/preferences': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              language: 'en' | 'it';
              appearance: 'system' | 'light' | 'dark';
              density: 'comfortable' | 'compact';
              portalLanguage: 'en' | 'it' | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            language?: 'en' | 'it';
            appearance?: 'system' | 'light' | 'dark';
            density?: 'comfortable' | 'compact';
            portalLanguage?: 'en' | 'it' | null;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              language: 'en' | 'it';
              appearance: 'system' | 'light' | 'dark';
              density: 'comfortable' | 'compact';
              portalLanguage: 'en' | 'it' | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/messages': {
    get: {
      parameters: {
        query?: {
          mailbox?: string;
          outcome?: 'done' | 'refused' | 'failed' | 'ignored' | 'held';
          q?: string;
          since?: string;
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                mailboxId: string;
                sender: string;
                senderUserId: string | null;
                subject: string;
                messageId: string | null;
                folder: string;
                uidValidity: number;
                uid: number;
                sentAt: string | null;
                receivedAt: string;
                movedAt: string | null;
                bytes: number;
                outcome: 'done' | 'refused' | 'failed' | 'ignored' | 'held';
                reason: string | null;
                reasonText: string | null;
                advice: string | null;
                remote: string | null;
                jobCount: number;
                proof: { verdict: string; reason: string; hint?: string } | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/messages/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              mailboxId: string;
              sender: string;
              senderUserId: string | null;
              subject: string;
              messageId: string | null;
              folder: string;
              uidValidity: number;
              uid: number;
              sentAt: string | null;
              receivedAt: string;
              movedAt: string | null;
              bytes: number;
              outcome: 'done' | 'refused' | 'failed' | 'ignored' | 'held';
              reason: string | null;
              reasonText: string | null;
              advice: string | null;
              remote: string | null;
              jobCount: number;
              proof: { verdict: string; reason: string; hint?: string } | null;
              wishes: { options: Record<string, unknown>; ignored: { word: string; reason: string }[] } | null;
              documents: {
                position: number;
                name: string;
                format: string;
                bytes: number;
                outcome: 'job' | 'waiting' | 'refused' | 'left-out';
                reason: string | null;
                reasonText: string | null;
                advice: string | null;
                jobId: string | null;
              }[];
              jobs: { id: string; title: string; state: string }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/messages/{id}/timeline': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { items: { at: string; type: string; words: string }[] } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/notices': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              rules: {
                'job-received': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-held': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-printed': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-refused': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'sender-confirmation': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'sender-welcome': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-failed': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'printer-needs-attention': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'mailbox-needs-attention': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'message-not-sent': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'connection-needs-confirmation': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'connection-may-end': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
              };
              limits: {
                repliesPerPersonAndDay: number;
                jobRepliesPerPersonAndDay: number;
                noticesPerPersonAndDay: number;
                perHour: number;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            rules?: {
              'job-received'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'job-held'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'job-printed'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'job-refused'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'sender-confirmation'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'sender-welcome'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'job-failed'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'printer-needs-attention'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'mailbox-needs-attention'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'message-not-sent'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'connection-needs-confirmation'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
              'connection-may-end'?: {
                enabled: boolean;
                owner: boolean;
                operators: boolean;
                administrators: boolean;
                addresses: string[];
                ways?: ('webhook' | 'server')[] | null;
              };
            };
            limits?: {
              repliesPerPersonAndDay?: number;
              jobRepliesPerPersonAndDay?: number;
              noticesPerPersonAndDay?: number;
              perHour?: number;
            };
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              rules: {
                'job-received': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-held': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-printed': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-refused': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'sender-confirmation': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'sender-welcome': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'job-failed': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'printer-needs-attention': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'mailbox-needs-attention': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'message-not-sent': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'connection-needs-confirmation': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
                'connection-may-end': {
                  enabled: boolean;
                  owner: boolean;
                  operators: boolean;
                  administrators: boolean;
                  addresses: string[];
                  ways: ('webhook' | 'server')[] | null;
                  lastSentAt: string | null;
                };
              };
              limits: {
                repliesPerPersonAndDay: number;
                jobRepliesPerPersonAndDay: number;
                noticesPerPersonAndDay: number;
                perHour: number;
              };
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/notices/alarm': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              webhook: { url: string; provedAt: string | null; secret?: string } | null;
              server: {
                host: string;
                port: number;
                security: 'tls' | 'starttls' | 'none';
                verifyCertificate: boolean;
                username: string | null;
                hasPassword: boolean;
                sender: string;
                recipients: string[];
                provedAt: string | null;
              } | null;
              alarms: {
                id: string;
                kind: string;
                subjectId: string;
                title: string | null;
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  at: string;
                } | null;
                raisedAt: string;
                solvedAt: string | null;
                calls: {
                  way: 'webhook' | 'server';
                  phase: 'raised' | 'reminder' | 'solved';
                  state: 'due' | 'delivered' | 'given-up';
                  attempts: number;
                  problem: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    at: string;
                  } | null;
                  dueAt: string;
                  endedAt: string | null;
                }[];
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            webhook?: { url: string; secret?: string } | null;
            server?: {
              host: string;
              port: number;
              security: 'tls' | 'starttls' | 'none';
              verifyCertificate?: boolean;
              username?: string | null;
              password?: string | null;
              sender: string;
              recipients: string[];
            } | null;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              webhook: { url: string; provedAt: string | null; secret?: string } | null;
              server: {
                host: string;
                port: number;
                security: 'tls' | 'starttls' | 'none';
                verifyCertificate: boolean;
                username: string | null;
                hasPassword: boolean;
                sender: string;
                recipients: string[];
                provedAt: string | null;
              } | null;
              alarms: {
                id: string;
                kind: string;
                subjectId: string;
                title: string | null;
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  at: string;
                } | null;
                raisedAt: string;
                solvedAt: string | null;
                calls: {
                  way: 'webhook' | 'server';
                  phase: 'raised' | 'reminder' | 'solved';
                  state: 'due' | 'delivered' | 'given-up';
                  attempts: number;
                  problem: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    at: string;
                  } | null;
                  dueAt: string;
                  endedAt: string | null;
                }[];
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/notices/alarm/test': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              ways: {
                way: 'webhook' | 'server';
                outcome: 'delivered' | 'failed';
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  at: string;
                } | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/notices/preview': {
    get: {
      parameters: {
        query: {
          event:
            | 'job-received'
            | 'job-held'
            | 'job-printed'
            | 'job-refused'
            | 'sender-confirmation'
            | 'sender-welcome'
            | 'job-failed'
            | 'printer-needs-attention'
            | 'mailbox-needs-attention'
            | 'message-not-sent'
            | 'connection-needs-confirmation'
            | 'connection-may-end';
          language?: 'en' | 'it';
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { subject: string; text: string; html: string } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox': {
    get: {
      parameters: {
        query?: {
          state?: 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
          device?: string;
          q?: string;
          limit?: number;
          cursor?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                kind: 'scan' | 'notice' | 'test';
                deviceId: string | null;
                sender: string;
                subject: string;
                messageIdHeader: string;
                bytes: number;
                sha256: string;
                state: 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
                holdReason: 'administrator' | 'connection' | 'mailbox' | 'message' | null;
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
                possiblyTwice: boolean;
                attempts: number;
                dueAt: string | null;
                createdAt: string;
                sentAt: string | null;
                endedAt: string | null;
                remoteAnswer: string | null;
                recipients: {
                  address: string;
                  state: 'queued' | 'sent' | 'failed' | 'uncertain';
                  problem: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  } | null;
                }[];
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox/summary': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              states: Record<string, number>;
              oldestWaitingSeconds: number;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              headroom: {
                mailbox: string;
                sessionsOpen: number;
                sessions: number;
                triesLastMinute: number;
                messagesNow: number | null;
                messagesPerMinute: number | null;
                recipientsLeftToday: number | null;
                recipientsPerDay: number | null;
                pausedForSeconds: number | null;
                nextAt: string | null;
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
                outside: {
                  nextAt: string;
                  problem: {
                    code: string;
                    title: string;
                    detail: string;
                    advice: string;
                    remote?: string;
                    facts?: Record<string, string | number>;
                    explanation?: {
                      reference: string;
                      meaning: string;
                      action: string;
                      who: string;
                      whoText: string;
                      waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                      waitingText: string;
                      place?: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                      causes?: {
                        id: string;
                        meaning: string;
                        how: string;
                        who: string;
                        whoText: string;
                        placeText?: string;
                        address?: string;
                        command?: string;
                      }[];
                    };
                    at: string;
                  };
                } | null;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'scan' | 'notice' | 'test';
              deviceId: string | null;
              sender: string;
              subject: string;
              messageIdHeader: string;
              bytes: number;
              sha256: string;
              state: 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
              holdReason: 'administrator' | 'connection' | 'mailbox' | 'message' | null;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              possiblyTwice: boolean;
              attempts: number;
              dueAt: string | null;
              createdAt: string;
              sentAt: string | null;
              endedAt: string | null;
              remoteAnswer: string | null;
              recipients: {
                address: string;
                state: 'queued' | 'sent' | 'failed' | 'uncertain';
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
              }[];
              tries: {
                id: string;
                verdict: string | null;
                code: number | null;
                enhanced: string | null;
                words: string | null;
                session: { host: string; tls: string | null; isSignedIn: boolean } | null;
                startedAt: string;
                endedAt: string | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox/{id}/drop': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox/{id}/hold': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'scan' | 'notice' | 'test';
              deviceId: string | null;
              sender: string;
              subject: string;
              messageIdHeader: string;
              bytes: number;
              sha256: string;
              state: 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
              holdReason: 'administrator' | 'connection' | 'mailbox' | 'message' | null;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              possiblyTwice: boolean;
              attempts: number;
              dueAt: string | null;
              createdAt: string;
              sentAt: string | null;
              endedAt: string | null;
              remoteAnswer: string | null;
              recipients: {
                address: string;
                state: 'queued' | 'sent' | 'failed' | 'uncertain';
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/outbox/{id}/retry': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              kind: 'scan' | 'notice' | 'test';
              deviceId: string | null;
              sender: string;
              subject: string;
              messageIdHeader: string;
              bytes: number;
              sha256: string;
              state: 'queued' | 'active' | 'deferred' | 'held' | 'sent' | 'failed' | 'uncertain';
              holdReason: 'administrator' | 'connection' | 'mailbox' | 'message' | null;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
              possiblyTwice: boolean;
              attempts: number;
              dueAt: string | null;
              createdAt: string;
              sentAt: string | null;
              endedAt: string | null;
              remoteAnswer: string | null;
              recipients: {
                address: string;
                state: 'queued' | 'sent' | 'failed' | 'uncertain';
                problem: {
                  code: string;
                  title: string;
                  detail: string;
                  advice: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  explanation?: {
                    reference: string;
                    meaning: string;
                    action: string;
                    who: string;
                    whoText: string;
                    waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                    waitingText: string;
                    place?: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                    causes?: {
                      id: string;
                      meaning: string;
                      how: string;
                      who: string;
                      whoText: string;
                      placeText?: string;
                      address?: string;
                      command?: string;
                    }[];
                  };
                  at: string;
                } | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/overview': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              verdict: 'well' | 'warning' | 'broken';
              faults: {
                severity: 'broken' | 'warning';
                kind:
                  | 'connection'
                  | 'network'
                  | 'mailbox'
                  | 'printer'
                  | 'outbox'
                  | 'jobs'
                  | 'disk'
                  | 'clock'
                  | 'conversion'
                  | 'expiry'
                  | 'hand-over'
                  | 'device'
                  | 'knock';
                subjectId: string | null;
                name: string | null;
                since: string | null;
                due: string | null;
                problem: { code: string; title: string; advice: string; detail: string; remote: string | null } | null;
                reasons: string[];
                waiting: number | null;
              }[];
              mailToPaper: {
                mailboxes: { watched: number; failing: number; waiting: number; off: number };
                converters: number;
                jobs: { held: number; waiting: number; printing: number; stopped: number };
                printers: { all: number; ready: number; troubled: number };
                hours: { at: string; done: number; failed: number }[];
              };
              scanToMail: {
                devices: number;
                outbox: { waiting: number; held: number };
                outgoing: 'ready' | 'waiting' | 'none';
                hours: { at: string; done: number; failed: number }[];
              };
              lastJobs: {
                id: string;
                number: number;
                title: string;
                ownerName: string;
                state: string;
                waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
                pages: number | null;
                createdAt: string;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/overview/calls': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { jobs: number; outbox: number; printers: number; connections: number } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers': {
    get: {
      parameters: {
        query?: { limit?: number; cursor?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                name: string;
                uri: string;
                state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
                reasons: string[];
                waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
                message: string | null;
                stateSince: string;
                seenAt: string | null;
                capabilities: {
                  version: '2.0' | '1.1';
                  model: string | null;
                  location: string | null;
                  operations: number[];
                  formats: string[];
                  media: { supported: string[]; ready: string[]; default: string | null };
                  sides: string[];
                  colorModes: string[];
                  isColor: boolean | null;
                  copies: { min: number; max: number } | null;
                  takesPageRanges: boolean;
                  finishings?: number[];
                  taken: 'document' | 'pages' | 'single-pages' | 'nothing';
                } | null;
                supplies: {
                  name: string;
                  type: string | null;
                  colors: string[];
                  level: number | null;
                  measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                  isWaste: boolean;
                  isDue: boolean;
                }[];
                certificate: string | null;
                problem: {
                  code: string;
                  title: string;
                  advice: string;
                  detail: string;
                  remote?: string;
                  facts?: Record<string, string | number>;
                  at: string;
                } | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; uri: string } } };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              message: string | null;
              stateSince: string;
              seenAt: string | null;
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              supplies: {
                name: string;
                type: string | null;
                colors: string[];
                level: number | null;
                measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                isWaste: boolean;
                isDue: boolean;
              }[];
              certificate: string | null;
              problem: {
                code: string;
                title: string;
                advice: string;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/discover': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                name: string;
                makeModel: string | null;
                location: string | null;
                uri: string;
                host: string;
                port: number;
                isSecure: boolean;
                isAdded: boolean;
              }[];
              networks: string[];
              isCut: boolean;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/probe': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { uri: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              certificate: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              message: string | null;
              stateSince: string;
              seenAt: string | null;
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              supplies: {
                name: string;
                type: string | null;
                colors: string[];
                level: number | null;
                measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                isWaste: boolean;
                isDue: boolean;
              }[];
              certificate: string | null;
              problem: {
                code: string;
                title: string;
                advice: string;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              message: string | null;
              stateSince: string;
              seenAt: string | null;
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              supplies: {
                name: string;
                type: string | null;
                colors: string[];
                level: number | null;
                measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                isWaste: boolean;
                isDue: boolean;
              }[];
              certificate: string | null;
              problem: {
                code: string;
                title: string;
                advice: string;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/{id}/certificate': {
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { sha256: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              message: string | null;
              stateSince: string;
              seenAt: string | null;
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              supplies: {
                name: string;
                type: string | null;
                colors: string[];
                level: number | null;
                measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                isWaste: boolean;
                isDue: boolean;
              }[];
              certificate: string | null;
              problem: {
                code: string;
                title: string;
                advice: string;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/{id}/check': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              uri: string;
              state: 'idle' | 'processing' | 'stopped' | 'unreachable' | 'unknown';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              message: string | null;
              stateSince: string;
              seenAt: string | null;
              capabilities: {
                version: '2.0' | '1.1';
                model: string | null;
                location: string | null;
                operations: number[];
                formats: string[];
                media: { supported: string[]; ready: string[]; default: string | null };
                sides: string[];
                colorModes: string[];
                isColor: boolean | null;
                copies: { min: number; max: number } | null;
                takesPageRanges: boolean;
                finishings?: number[];
                taken: 'document' | 'pages' | 'single-pages' | 'nothing';
              } | null;
              supplies: {
                name: string;
                type: string | null;
                colors: string[];
                level: number | null;
                measure: 'percent' | 'some-left' | 'unavailable' | 'unknown';
                isWaste: boolean;
                isDue: boolean;
              }[];
              certificate: string | null;
              problem: {
                code: string;
                title: string;
                advice: string;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/{id}/release': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              printer: {
                id: string;
                name: string;
                state: string;
                reasons: string[];
                isReady: boolean;
                can: { copies: boolean; monochrome: boolean; twoSides: boolean };
              };
              isSignedIn: boolean;
              jobs: {
                id: string;
                number: number;
                title: string;
                state:
                  | 'pending'
                  | 'pending-held'
                  | 'processing'
                  | 'processing-stopped'
                  | 'canceled'
                  | 'aborted'
                  | 'completed';
                pages: number | null;
                isColor: boolean | null;
                otherPaper: string | null;
                pagesToPrint: number | null;
                pagesPrinted: number | null;
                options: Record<string, unknown>;
                createdAt: string;
                heldUntil: string | null;
              }[];
              given: {
                id: string;
                number: number;
                title: string;
                state:
                  | 'pending'
                  | 'pending-held'
                  | 'processing'
                  | 'processing-stopped'
                  | 'canceled'
                  | 'aborted'
                  | 'completed';
                pages: number | null;
                isColor: boolean | null;
                otherPaper: string | null;
                pagesToPrint: number | null;
                pagesPrinted: number | null;
                options: Record<string, unknown>;
                createdAt: string;
                heldUntil: string | null;
              }[];
              elsewhere: {
                id: string;
                name: string;
                state: string;
                reasons: string[];
                isReady: boolean;
                can: { copies: boolean; monochrome: boolean; twoSides: boolean };
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            jobIds?: string[];
            pin?: string;
            options?: {
              copies?: number | null;
              sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | null;
              color?: 'color' | 'monochrome' | null;
            };
          } | null;
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              released: {
                id: string;
                number: number;
                title: string;
                state:
                  | 'pending'
                  | 'pending-held'
                  | 'processing'
                  | 'processing-stopped'
                  | 'canceled'
                  | 'aborted'
                  | 'completed';
                pages: number | null;
                isColor: boolean | null;
                otherPaper: string | null;
                pagesToPrint: number | null;
                pagesPrinted: number | null;
                options: Record<string, unknown>;
                createdAt: string;
                heldUntil: string | null;
              }[];
              refused: { id: string; code: string; title: string; detail: string; advice: string }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/printers/{id}/test-page': {
    post: {
      parameters: {
        query?: never;
        header: { 'idempotency-key': string };
        path: { id: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { ownerId?: string } | null } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              number: number;
              ownerId: string;
              ownerName: string;
              queueId: string;
              printerId: string | null;
              title: string;
              state:
                | 'pending'
                | 'pending-held'
                | 'processing'
                | 'processing-stopped'
                | 'canceled'
                | 'aborted'
                | 'completed';
              reasons: string[];
              waitsFor: ('paper' | 'jam' | 'door' | 'tray' | 'output' | 'toner' | 'waste' | 'drum')[];
              problem: {
                code: string;
                title: string;
                advice: string | null;
                detail: string;
                remote?: string;
                facts?: Record<string, string | number>;
                values?: Record<string, string | number>;
                at: string;
              } | null;
              options: Record<string, unknown>;
              ignoredOptions: string[];
              heldUntil: string | null;
              hasDocument: boolean;
              documentFormat: string;
              documentBytes: number;
              preparation: 'none' | 'due' | 'printable' | 'done' | 'failed';
              originalFormat: string;
              pages: number | null;
              pagesPrinted: number | null;
              pagesDrawn: number | null;
              isColor: boolean | null;
              media: string | null;
              messageId: string | null;
              cancelAskedAt: string | null;
              createdAt: string;
              processingAt: string | null;
              endedAt: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/queues': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                name: string;
                mode: 'hold' | 'direct';
                printerIds: string[];
                isDefault: boolean;
                defaults: Record<string, unknown>;
                keepHeldHours: number;
                keepDocumentsDays: number;
                pauseReason: string | null;
                createdAt: string;
              }[];
              nextCursor: null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            name: string;
            mode: 'hold' | 'direct';
            printerIds?: string[];
            defaults?: {
              copies?: number | null;
              sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | null;
              color?: 'color' | 'monochrome' | null;
              media?: string | null;
              finishings?: ('staple' | 'punch')[] | null;
            };
            keepHeldHours?: number;
            keepDocumentsDays?: number;
            pauseReason?: string | null;
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              mode: 'hold' | 'direct';
              printerIds: string[];
              isDefault: boolean;
              defaults: Record<string, unknown>;
              keepHeldHours: number;
              keepDocumentsDays: number;
              pauseReason: string | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/queues/held': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': { items: { queueId: string; count: number; oldestAt: string; endingSoon: number }[] };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/queues/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              mode: 'hold' | 'direct';
              printerIds: string[];
              isDefault: boolean;
              defaults: Record<string, unknown>;
              keepHeldHours: number;
              keepDocumentsDays: number;
              pauseReason: string | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            name?: string;
            mode?: 'hold' | 'direct';
            printerIds?: string[];
            defaults?: {
              copies?: number | null;
              sides?: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge' | null;
              color?: 'color' | 'monochrome' | null;
              media?: string | null;
              finishings?: ('staple' | 'punch')[] | null;
            };
            keepHeldHours?: number;
            keepDocumentsDays?: number;
            pauseReason?: string | null;
            heldJobs?: 'keep' | 'print';
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              name: string;
              mode: 'hold' | 'direct';
              printerIds: string[];
              isDefault: boolean;
              defaults: Record<string, unknown>;
              keepHeldHours: number;
              keepDocumentsDays: number;
              pauseReason: string | null;
              createdAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/readiness': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              passwordsEndOn: string;
              isReady: boolean;
              items: {
                kind:
                  | 'outgoing-password'
                  | 'alarm-password'
                  | 'mailbox-password'
                  | 'device-plain-password'
                  | 'device-by-address';
                urgency: 'now' | 'by-the-end-of-2026' | 'when-you-can';
                name: string;
                host: string | null;
                subjectId: string | null;
                title: string;
                advice: string;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/registration': {
    get: {
      parameters: {
        query?: {
          name?: string;
          uses?: string;
          audience?: 'single' | 'multiple';
          cloud?: string;
          mailbox?: string;
          clientId?: string;
          tenantId?: string;
        };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              permissions: { name: string; id: string }[];
              steps: {
                id: string;
                text: string;
                path: { en: string; it: string };
                address: string | null;
                value: string | null;
              }[];
              manifest: string;
              oldManifest: string;
              azureCli: string;
              powershell: string;
              exchange: string | null;
              graph: { method: string; url: string; body: string | null }[];
              consentLink: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/registration/parse': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { text: string } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: { 'application/json': { clientId: string; tenantId: string; isNamed: boolean } };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/relay': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              address: { host: string; port: number } | null;
              sessions: number;
              accepted: number;
              refused: { reason: string; text: string; count: number }[];
              disk: 'plenty' | 'low' | 'full';
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                userId: string;
                userName: string;
                createdAt: string;
                seenAt: string;
                expiresAt: string;
                remoteAddress: string | null;
                userAgent: string | null;
                isCurrent: boolean;
              }[];
              nextCursor: null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { email: string; password: string } } };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              user: {
                id: string;
                email: string;
                name: string;
                role: 'administrator' | 'operator' | 'user';
                language: 'en' | 'it';
                addresses: string[];
                hasPassword: boolean;
                createdAt: string;
                disabledAt: string | null;
                origin: 'administrator' | 'mail' | 'file';
                group: string | null;
              };
              expiresAt: string;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions/all': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                userId: string;
                userName: string;
                createdAt: string;
                seenAt: string;
                expiresAt: string;
                remoteAddress: string | null;
                userAgent: string | null;
                isCurrent: boolean;
              }[];
              nextCursor: null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions/current': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              kind: 'user' | 'token';
              name: string;
              role: 'administrator' | 'operator' | 'user';
              user: {
                id: string;
                email: string;
                name: string;
                role: 'administrator' | 'operator' | 'user';
                language: 'en' | 'it';
                addresses: string[];
                hasPassword: boolean;
                createdAt: string;
                disabledAt: string | null;
                origin: 'administrator' | 'mail' | 'file';
                group: string | null;
              } | null;
              preferences: {
                language: 'en' | 'it';
                appearance: 'system' | 'light' | 'dark';
                density: 'comfortable' | 'compact';
                portalLanguage: 'en' | 'it' | null;
              } | null;
              session: { endsInSeconds: number; idleSeconds: number } | null;
              company: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { language: 'en' | 'it' } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              email: string;
              name: string;
              role: 'administrator' | 'operator' | 'user';
              language: 'en' | 'it';
              addresses: string[];
              hasPassword: boolean;
              createdAt: string;
              disabledAt: string | null;
              origin: 'administrator' | 'mail' | 'file';
              group: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions/current/password': {
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { currentPassword: string; newPassword: string } } };
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions/others': {
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/sessions/{id}': {
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/settings/company': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Record<string, unknown>; content: { 'application/json': { mailDomain: string | null } } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { mailDomain: string } } };
      responses: {
        200: { headers: Record<string, unknown>; content: { 'application/json': { mailDomain: string | null } } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/settings/network': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              outgoingServer:
                | { connectionId: string }
                | {
                    host: string;
                    port: number;
                    security: 'tls' | 'starttls' | 'none';
                    verifyCertificate: boolean;
                    username: string | null;
                    hasPassword: boolean;
                  }
                | null;
              senderEmail: string | null;
              senderName: string | null;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            outgoingServer?:
              | { connectionId: string }
              | {
                  host: string;
                  port: number;
                  security: 'tls' | 'starttls' | 'none';
                  verifyCertificate?: boolean;
                  username?: string | null;
                  password?: string | null;
                }
              | null;
            senderEmail?: string | null;
            senderName?: string | null;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              outgoingServer:
                | { connectionId: string }
                | {
                    host: string;
                    port: number;
                    security: 'tls' | 'starttls' | 'none';
                    verifyCertificate: boolean;
                    username: string | null;
                    hasPassword: boolean;
                  }
                | null;
              senderEmail: string | null;
              senderName: string | null;
              problem: {
                code: string;
                title: string;
                detail: string;
                advice: string;
                remote?: string;
                facts?: Record<string, string | number>;
                explanation?: {
                  reference: string;
                  meaning: string;
                  action: string;
                  who: string;
                  whoText: string;
                  waiting: 'no' | 'minutes' | 'hour' | 'day' | 'normal';
                  waitingText: string;
                  place?: string;
                  placeText?: string;
                  address?: string;
                  command?: string;
                  causes?: {
                    id: string;
                    meaning: string;
                    how: string;
                    who: string;
                    whoText: string;
                    placeText?: string;
                    address?: string;
                    command?: string;
                  }[];
                };
                at: string;
              } | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/settings/network/test-message': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { to: string } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { 'application/json': { id: string } } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/tenants/{idOrDomain}': {
    get: {
      parameters: {
        query?: { cloud?: string };
        header?: never;
        path: { idOrDomain: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': { exists: boolean; tenantId: string | null; cloud: string; otherCloud: string | null };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/tokens': {
    get: {
      parameters: {
        query?: { limit?: number; cursor?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                name: string;
                role: 'administrator' | 'operator' | 'user';
                createdAt: string;
                usedAt: string | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; role: 'administrator' | 'operator' | 'user' } } };
      responses: {
        201: { headers: Record<string, unknown>; content: { 'application/json': { id: string; token: string } } };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/tokens/{id}': {
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/users': {
    get: {
      parameters: {
        query?: { q?: string; group?: string; limit?: number; cursor?: string };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                id: string;
                email: string;
                name: string;
                role: 'administrator' | 'operator' | 'user';
                language: 'en' | 'it';
                addresses: string[];
                hasPassword: boolean;
                createdAt: string;
                disabledAt: string | null;
                origin: 'administrator' | 'mail' | 'file';
                group: string | null;
              }[];
              nextCursor: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            email: string;
            name: string;
            role: 'administrator' | 'operator' | 'user';
            password?: string;
            language?: 'en' | 'it';
            addresses?: string[];
            group?: string;
            ownPassword?: string;
          };
        };
      };
      responses: {
        201: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              email: string;
              name: string;
              role: 'administrator' | 'operator' | 'user';
              language: 'en' | 'it';
              addresses: string[];
              hasPassword: boolean;
              createdAt: string;
              disabledAt: string | null;
              origin: 'administrator' | 'mail' | 'file';
              group: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/users/import': {
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { file: string; dryRun?: boolean } } };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              items: {
                line: number;
                name: string;
                email: string;
                addresses: string[];
                role: 'administrator' | 'operator' | 'user';
                language: 'en' | 'it';
                group: string | null;
                outcome: 'new' | 'added' | 'known' | 'refused';
                reason:
                  | 'address-missing'
                  | 'address-unusable'
                  | 'address-taken'
                  | 'too-many-addresses'
                  | 'twice-in-file'
                  | 'name-unusable'
                  | 'role-unknown'
                  | 'role-not-by-file'
                  | 'language-unknown'
                  | 'group-unusable'
                  | null;
                words: string | null;
              }[];
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
  '/users/{id}': {
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              email: string;
              name: string;
              role: 'administrator' | 'operator' | 'user';
              language: 'en' | 'it';
              addresses: string[];
              hasPassword: boolean;
              createdAt: string;
              disabledAt: string | null;
              origin: 'administrator' | 'mail' | 'file';
              group: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Record<string, unknown>; content?: never };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { id: string };
        cookie?: never;
      };
      requestBody: {
        content: {
          'application/json': {
            email?: string;
            name?: string;
            role?: 'administrator' | 'operator' | 'user';
            password?: string | null;
            language?: 'en' | 'it';
            addresses?: string[];
            disabled?: boolean;
            group?: string | null;
            ownPassword?: string;
          };
        };
      };
      responses: {
        200: {
          headers: Record<string, unknown>;
          content: {
            'application/json': {
              id: string;
              email: string;
              name: string;
              role: 'administrator' | 'operator' | 'user';
              language: 'en' | 'it';
              addresses: string[];
              hasPassword: boolean;
              createdAt: string;
              disabledAt: string | null;
              origin: 'administrator' | 'mail' | 'file';
              group: string | null;
            };
          };
        };
        default: { headers: Record<string, unknown>; content: { 'application/problem+json': unknown } };
      };
    };
  };
};

/** The types of events that the journal knows and `/events` sends. */
export const EVENT_TYPES = [
  'platen-started',
  'platen-stopped',
  'clock-doubted',
  'first-run-completed',
  'company-changed',
  'user-added',
  'user-changed',
  'user-removed',
  'signed-in',
  'sign-in-refused',
  'signed-out',
  'link-used',
  'api-token-added',
  'api-token-removed',
  'connection-added',
  'connection-changed',
  'connection-removed',
  'connection-state-changed',
  'login-started',
  'login-ended',
  'hand-over-made',
  'hand-over-ended',
  'connection-tested',
  'connection-expiry-near',
  'backup-restored',
  'token-renewed',
  'token-renewal-failed',
  'network-settings-changed',
  'mailbox-added',
  'mailbox-changed',
  'mailbox-removed',
  'mailbox-state-changed',
  'mailbox-renumbered',
  'message-received',
  'message-refused',
  'message-failed',
  'message-ignored',
  'message-moved',
  'message-held',
  'message-confirmed',
  'message-finished',
  'message-answered',
  'sender-registered',
  'queue-added',
  'queue-changed',
  'queue-removed',
  'printer-added',
  'printer-changed',
  'printer-removed',
  'printer-state-changed',
  'job-created',
  'job-prepared',
  'job-changed',
  'job-document-removed',
  'job-document-saved',
  'job-held',
  'job-released',
  'job-cancel-asked',
  'job-state-changed',
  'job-attempt-started',
  'job-attempt-ended',
  'outbox-message-queued',
  'outbox-message-state-changed',
  'outbox-message-dropped',
  'outbox-message-returned',
  'outbox-sending-paused',
  'device-added',
  'device-changed',
  'device-removed',
  'device-refused',
  'device-repaired',
  'device-fault-dismissed',
  'relay-storage-changed',
  'outbox-sending-resumed',
  'notice-settings-changed',
  'notice-suppressed',
  'alarm-settings-changed',
  'alarm-raised',
  'alarm-delivered',
  'alarm-failed',
  'alarm-solved',
] as const;
