/** The network settings as the screens see them. */
import type { paths } from '../api/schema.ts';

export type Network = paths['/settings/network']['get']['responses'][200]['content']['application/json'];

export const NETWORK_KEY = ['network'] as const;
