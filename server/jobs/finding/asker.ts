/** Who asks for a job, and what that means for whose jobs there are. */

export type Asker = {
  readonly principal: { readonly userId: string | null; readonly role: string };
  readonly actor: string;
};

/** Users see and touch only their own jobs; for them a job of somebody else does not exist. */
export function askOf(request: Asker): { actor: string; ownerId?: string } {
  if (request.principal.role !== 'user') return { actor: request.actor };
  return { actor: request.actor, ownerId: request.principal.userId ?? '00000000-0000-0000-0000-000000000000' };
}
