import { type ChannelCredentials, credentials, experimental } from '@grpc/grpc-js';
import { ConfigInvalid } from '../../environment/config_invalid';
import { createMaterialProvider } from '../../environment/files/certificate_provider';
import { type TlsFiles, TlsInvalid, watchTlsFiles } from '../../environment/files/tls_files';
import { FileUnreadable, watchFiles } from '../../environment/files/watched_files';
import type { QuotaSecurity } from './security';

/** The credentials of a client of the daemon. The files are reloaded on change, with no request lost. */
export type QuotaCredentials = {
  channel: ChannelCredentials;
  /** The current bearer token; undefined if none is sent. */
  token: (() => string) | undefined;
  close(): void;
};

/** Reports changes of the files. */
type Report = {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
};

/** Plaintext and no credentials: the default of a daemon on the same machine. */
export const NO_CREDENTIALS: QuotaCredentials = {
  channel: credentials.createInsecure(),
  token: undefined,
  close: () => undefined,
};

/** Reads the files of the settings. Throws ConfigInvalid with all of their faults. */
export function openQuotaCredentials({ tls, tokenFile }: QuotaSecurity, report: Report): QuotaCredentials {
  const channel = attempt(() => (tls === undefined ? undefined : openChannel(tls, report)));
  const token = attempt(() => (tokenFile === undefined ? undefined : openToken(tokenFile, report)));
  const close = () => {
    channel.value?.close();
    token.value?.close();
  };
  if (channel.faults.length + token.faults.length > 0) {
    close();
    throw new ConfigInvalid([...channel.faults, ...token.faults]);
  }
  return {
    channel: channel.value?.credentials ?? NO_CREDENTIALS.channel,
    token: token.value?.current,
    close,
  };
}

function openChannel(files: TlsFiles, report: Report) {
  const watched = watchTlsFiles({
    files,
    onChange(material) {
      update(material);
      report.info({ validTo: material.identity?.validTo }, 'certificates changed');
    },
    onFault: ({ message }) =>
      report.error({ reason: message }, 'certificates kept: the new ones cannot be used'),
  });
  const { provider, update } = createMaterialProvider(watched.current());
  const made = experimental.createCertificateProviderChannelCredentials(
    provider,
    files.identity === undefined ? null : provider,
  );
  return { credentials: made, close: watched.stop };
}

/** The first line of the file is the token; a header must be able to hold it. The text is never shown. */
class TokenInvalid extends Error {
  override readonly name = 'TokenInvalid';
}

function openToken(file: string, report: Report) {
  const watched = watchFiles({
    files: [file],
    read([contents]) {
      const [line = ''] = String(contents).split('\n', 1);
      if (!/^[\w.~+/-]+=*\s*$/.test(line)) throw new TokenInvalid(`${file} holds no token in its first line`);
      return line.trim();
    },
    onChange: () => report.info({ file }, 'token changed'),
    onFault: ({ message }) => report.error({ reason: message }, 'token kept: the new one cannot be used'),
  });
  return { current: watched.current, close: watched.stop };
}

function attempt<T>(open: () => T): { value?: T; faults: string[] } {
  try {
    return { value: open(), faults: [] };
  } catch (error) {
    if (error instanceof TlsInvalid || error instanceof FileUnreadable || error instanceof TokenInvalid)
      return { faults: [error.message] };
    throw error;
  }
}
