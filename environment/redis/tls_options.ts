import type { ConnectionOptions } from 'node:tls';
import type { TlsMaterial } from '../files/tls_files';

/** What a client shows, and whom it believes, as it is when a connection is made. */
export function tlsOptionsOf(current: () => TlsMaterial): ConnectionOptions {
  return {
    get ca() {
      return current().authority;
    },
    get cert() {
      return current().identity?.certificate;
    },
    get key() {
      return current().identity?.privateKey;
    },
  };
}
