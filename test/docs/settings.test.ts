import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DAEMON_SETTINGS, readConfig as readDaemonConfig } from '../../daemon/config';
import { readConfig as readWebConfig, WEB_SETTINGS } from '../../web/config';

const root = join(__dirname, '..', '..');
const readText = (file: string) => readFileSync(join(root, file), 'utf8');

const TABLE = join('docs', 'configuration.md');

/** Each program knows them, and they are no settings of its own. */
const OF_NODE = new Set(['NODE_ENV']);

/** Standard settings of OpenTelemetry, which the tracing reads. */
const OF_TRACING = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_EXPORTER'];

const SETTINGS = [...new Set([...DAEMON_SETTINGS, ...WEB_SETTINGS, ...OF_TRACING])]
  .filter((name) => !OF_NODE.has(name))
  .sort();

/** What the table says: a setting, and its default if that can be written down. */
interface Row {
  readonly name: string;
  readonly standard: string | undefined;
}

const inBackticks = (cell: string) => [...cell.matchAll(/`([^`]*)`/g)].map(([, text = '']) => text);

function tableRows(): Row[] {
  const [, section = ''] = readText(TABLE).split(/^## Settings$/m);
  const [table = ''] = section.split(/^## /m);
  return [...table.matchAll(/^\| (`[A-Z].*?) \| (.*?) \| .* \|$/gm)].flatMap(
    ([, names = '', standards = '']) => {
      const written = standards.startsWith('`') ? inBackticks(standards) : [];
      return inBackticks(names).map((name, place) => ({ name, standard: written[place] }));
    },
  );
}

/** What a program makes of settings; a secret that it would make up is given. */
const readings = {
  daemon: (env: Record<string, string>) => readDaemonConfig(env),
  'web tier': (env: Record<string, string>) => readWebConfig({ SESSION_SECRET: 's'.repeat(32), ...env }),
};

const withDefault = tableRows().flatMap(({ name, standard }) => (standard ? [{ name, standard }] : []));

describe('the settings table', () => {
  test('names each setting once, and no other', () => {
    expect(
      tableRows()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(SETTINGS);
  });

  describe.each(Object.entries(readings))('%s', (program, read) => {
    const own: readonly string[] = program === 'daemon' ? DAEMON_SETTINGS : WEB_SETTINGS;

    test.each(withDefault.filter(({ name }) => own.includes(name)))(
      '$name unset means $standard',
      ({ name, standard }) => {
        expect(read({ [name]: standard })).toEqual(read({}));
      },
    );
  });
});

test('.env.example names each setting, and no other', () => {
  const names = [...readText('.env.example').matchAll(/^#([A-Z][A-Z0-9_]+)=/gm)].map(([, name = '']) => name);
  const settings = names.map((name) => (SETTINGS.includes(name) ? name : name.replace(/_FILE$/, '')));
  expect([...new Set(settings)].sort()).toEqual(SETTINGS);
});
