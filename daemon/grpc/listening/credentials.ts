import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { createMaterialProvider } from '../../../environment/files/certificate_provider';
import { type TlsFiles, type TlsMaterial, watchTlsFiles } from '../../../environment/files/tls_files';

/** The transport: plaintext, or TLS whose files are reloaded on change without closing connections. */
export interface ServerSecurity {
  readonly credentials: ServerCredentials;
  /** When the certificates of each file expire. */
  certificateEnds(): TlsMaterial['ends'];
  stop(): void;
}

/**
 * Reads the files, if there are any. With an authority, client certificates are requested: they are either required, or
 * one that the authority has not signed counts as none. Throws `TlsInvalid` or `FileUnreadable`.
 */
export function openServerSecurity({
  files,
  requiresCertificate,
  logger,
}: {
  files: TlsFiles | undefined;
  requiresCertificate: boolean;
  logger: Logger;
}): ServerSecurity {
  if (files === undefined)
    return {
      credentials: ServerCredentials.createInsecure(),
      certificateEnds: () => [],
      stop: () => undefined,
    };
  const watched = watchTlsFiles({
    files,
    onChange(material) {
      update(material);
      logger.info(validity(material), 'certificates changed');
    },
    onFault: ({ message }) =>
      logger.error({ reason: message }, 'certificates kept: the new ones cannot be used'),
  });
  const { provider, update } = createMaterialProvider(watched.current());
  logger.info(validity(watched.current()), 'certificates read');
  const credentials = experimental.createCertificateProviderServerCredentials(
    // The library's function names its arguments in the wrong order: the identity is the first. Null for the
    // authority means "ask for none", which its types leave out.
    provider,
    (files.authorityFile === undefined ? null : provider) as typeof provider,
    requiresCertificate,
  );
  return { credentials, certificateEnds: () => watched.current().ends, stop: watched.stop };
}

function validity({ identity }: TlsMaterial): object {
  return { validTo: identity?.validTo };
}
