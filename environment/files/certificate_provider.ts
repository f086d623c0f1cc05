import type { experimental } from '@grpc/grpc-js';
import type { TlsMaterial } from './tls_files';

type Provider = experimental.CertificateProvider;

/** Gives gRPC the certificates to use, now and at each change; connections that are open stay. */
export interface MaterialProvider {
  readonly provider: Provider;
  update(material: TlsMaterial): void;
}

/** The library's own provider forgets a certificate whose file is missing for a moment; this one is given the right one. */
export function createMaterialProvider(first: TlsMaterial): MaterialProvider {
  const authorityListeners = new Set<Parameters<Provider['addCaCertificateListener']>[0]>();
  const identityListeners = new Set<Parameters<Provider['addIdentityCertificateListener']>[0]>();
  let material = first;

  const authority = () => (material.authority === undefined ? null : { caCertificate: material.authority });
  const identity = () => material.identity ?? null;

  return {
    provider: {
      // Called later, as the library expects: it is still subscribing.
      addCaCertificateListener(listener) {
        authorityListeners.add(listener);
        process.nextTick(() => listener(authority()));
      },
      removeCaCertificateListener: (listener) => authorityListeners.delete(listener),
      addIdentityCertificateListener(listener) {
        identityListeners.add(listener);
        process.nextTick(() => listener(identity()));
      },
      removeIdentityCertificateListener: (listener) => identityListeners.delete(listener),
    },
    update(next) {
      material = next;
      for (const listener of authorityListeners) listener(authority());
      for (const listener of identityListeners) listener(identity());
    },
  };
}
