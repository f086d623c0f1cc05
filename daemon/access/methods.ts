import type { Identity, Role } from './identities';

/** Who may call a method: anyone, or callers with one of these roles. */
type Need = 'anyone' | readonly Role[];

const EVERY_ROLE: readonly Role[] = ['caller', 'site', 'operator'];

/**
 * The one table of who may call what: services, and methods that differ from their service. Anything else is denied to
 * everyone.
 */
const NEEDS: ReadonlyMap<string, Need> = new Map<string, Need>([
  // An orchestrator has no credentials.
  ['grpc.health.v1.Health', 'anyone'],
  ['grpc.reflection.v1.ServerReflection', EVERY_ROLE],
  ['grpc.reflection.v1alpha.ServerReflection', EVERY_ROLE],
  ['quota.v1.QuotaService', EVERY_ROLE],
  ['envoy.service.ratelimit.v3.RateLimitService', EVERY_ROLE],
  ['quota.v1.QuotaAdminService', ['operator']],
  // The daily work of a site's staff. The site decides which of its staff may do it.
  ['quota.v1.QuotaAdminService/GetQuota', ['site', 'operator']],
  ['quota.v1.QuotaAdminService/ResetQuota', ['site', 'operator']],
  ['quota.v1.QuotaAdminService/ListBlocked', ['site', 'operator']],
  ['quota.v1.QuotaAdminService/RaiseLimit', ['site', 'operator']],
  // For an account that was deleted. A limit that an operator has lowered keeps its subject.
  ['quota.v1.QuotaAdminService/EraseSubject', ['site', 'operator']],
]);

/** Whether the method, as `/package.Service/Method`, is open to everybody. */
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
