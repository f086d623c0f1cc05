import type { ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ConfigInvalid } from '../environment/config_invalid';
import { TlsInvalid, type TlsMaterial } from '../environment/files/tls_files';
import { FileUnreadable } from '../environment/files/watched_files';
import { createAccess } from './access/access';
import { accessFileFaults, watchAccessFile } from './access/access_file';
import type { KnownIdentity } from './access/identities';
import { type CallerOf, createCallerOf } from './access/known_callers';
import type { IsProxy } from './access/proxies';
import type { AccessSettings } from './access/settings';
import { createStreamLimits } from './access/stream_limits';
import { createAuthentication } from './grpc/guards/authenticate';
import type { RequestGuard } from './grpc/guards/guards';
import { openServerSecurity } from './grpc/listening/credentials';
import type { RequestLog } from './grpc/request_log';

/** How callers come in: by which transport, and what they must show. Follows its files. */
export interface SecureListener {
  readonly credentials: ServerCredentials;
  readonly authentication: RequestGuard;
  readonly callerOf: CallerOf;
  /** When the certificates of each file end. */
  certificateEnds(): TlsMaterial['ends'];
  close(): void;
}

export interface SecureListenerOptions {
  readonly settings: AccessSettings;
  readonly isProxy: IsProxy;
  readonly onStreamRefused: () => void;
  readonly log: RequestLog;
  readonly logger: Logger;
}

/** Opens the listener as the settings say. Throws `ConfigInvalid` with every fault of every file. */
export function openSecureListener({
  settings,
  isProxy,
  onStreamRefused,
  log,
  logger,
}: SecureListenerOptions): SecureListener {
  const { file, tls } = settings;
  const asksCertificates = tls?.authorityFile !== undefined;
  const watchesFile = attempt(() => (file === undefined ? undefined : watchAccessFile({ file, logger })), {
    faultsOf: (error) => accessFileFaults(file ?? '', error),
  });
  const identities = watchesFile.value?.current();
  const security = attempt(
    () =>
      openServerSecurity({
        files: tls,
        requiresCertificate: asksCertificates && !identities?.some(hasToken),
        logger,
      }),
    { faultsOf: tlsFaults },
  );
  if (watchesFile.faults.length + security.faults.length > 0 || security.value === undefined)
    throw new ConfigInvalid([...watchesFile.faults, ...security.faults]);
  warnOfUnusable({ identities, asksCertificates, logger });

  const { credentials, certificateEnds, stop } = security.value;
  const access = createAccess({ identities: () => watchesFile.value?.current(), asksCertificates });
  return {
    credentials,
    callerOf: createCallerOf(access),
    certificateEnds,
    authentication: createAuthentication({
      access,
      streams: createStreamLimits({ isProxy }),
      onStreamRefused,
      log,
    }),
    close() {
      watchesFile.value?.stop();
      stop();
    },
  };
}

function attempt<T>(
  open: () => T,
  { faultsOf }: { faultsOf: (error: unknown) => string[] },
): { value?: T; faults: string[] } {
  try {
    return { value: open(), faults: [] };
  } catch (error) {
    return { faults: faultsOf(error) };
  }
}

function tlsFaults(error: unknown): string[] {
  if (error instanceof TlsInvalid || error instanceof FileUnreadable) return [error.message];
  throw error;
}

function hasToken({ tokenDigests }: KnownIdentity): boolean {
  return tokenDigests.length > 0;
}

function warnOfUnusable({
  identities = [],
  asksCertificates,
  logger,
}: {
  identities: readonly KnownIdentity[] | undefined;
  asksCertificates: boolean;
  logger: Logger;
}): void {
  const names = identities.filter((identity) => !hasToken(identity)).map(({ name }) => name);
  if (!asksCertificates && names.length > 0)
    logger.warn({ identities: names }, 'client certificates are not requested without QUOTA_TLS_CLIENT_CA');
}
