import type { Identity, Role } from './identities';

/** Who may call the methods of a service: anyone at all, or who has one of these roles. */
type Need = 'anyone' | readonly Role[];

const EVERY_ROLE: readonly Role[] = ['caller', 'operator'];

/** The one table of who may call what. A service that is not in it is refused to everyone. */
const NEEDS: ReadonlyMap<string, Need> = new Map<string, Need>([
  // An orchestrator asks without any secret.
  ['grpc.health.v1.Health', 'anyone'],
  ['grpc.reflection.v1.ServerReflection', EVERY_ROLE],
  ['grpc.reflection.v1alpha.ServerReflection', EVERY_ROLE],
  ['quota.v1.QuotaService', EVERY_ROLE],
  ['quota.v1.QuotaAdminService', ['operator']],
]);

/** Whether the method, as `/package.Service/Method`, is open to whoever asks. */
export function isOpen(path: string): boolean {
  return needOf(path) === 'anyone';
}

/** Whether an identity may call the method, as `/package.Service/Method`. */
export function mayCall({ role }: Identity, path: string): boolean {
  const need = needOf(path);
  return need === 'anyone' || (need?.includes(role) ?? false);
}

function needOf(path: string): Need | undefined {
  const [, service] = /^\/([^/]+)\/[^/]+$/.exec(path) ?? [];
  return service === undefined ? undefined : NEEDS.get(service);
}
