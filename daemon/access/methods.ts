import type { Identity, Role } from './identities';

/** Who may call a method: anyone at all, or who has one of these roles. */
type Need = 'anyone' | readonly Role[];

const EVERY_ROLE: readonly Role[] = ['caller', 'site', 'operator'];

/**
 * The one table of who may call what: a service, and its methods where they need something else. What is not in it is
 * refused to everyone.
 */
const NEEDS: ReadonlyMap<string, Need> = new Map<string, Need>([
  // An orchestrator asks without any secret.
  ['grpc.health.v1.Health', 'anyone'],
  ['grpc.reflection.v1.ServerReflection', EVERY_ROLE],
  ['grpc.reflection.v1alpha.ServerReflection', EVERY_ROLE],
  ['quota.v1.QuotaService', EVERY_ROLE],
  ['quota.v1.QuotaAdminService', ['operator']],
  // What a site's own staff does every day. Who may do it there is for the site to say.
  ['quota.v1.QuotaAdminService/GetQuota', ['site', 'operator']],
  ['quota.v1.QuotaAdminService/ResetQuota', ['site', 'operator']],
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
  const [, service, method] = /^\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return service === undefined ? undefined : (NEEDS.get(`${service}/${method}`) ?? NEEDS.get(service));
}
