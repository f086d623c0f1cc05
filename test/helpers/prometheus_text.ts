/** One metric: what the text says it is, and its samples by their labels as written. */
export interface Family {
  readonly type: string;
  readonly help: string;
  /** `name{labels}` → value, in the order of the text. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABELS = /^(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"(?:,(?!$)|$))*$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary']);

type Open = { type: string; help: string; samples: Map<string, number> };

/** Parses Prometheus's text format, and throws at everything that a strict parser would not accept. */
export function parsePrometheusText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line end');
  const families = new Map<string, Open>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('#')) current = readComment(line, families);
    else readSample(line, { families, current });
  }
  for (const [name, family] of families) checkFamily(name, family);
  return families;
}

function readComment(line: string, families: Map<string, Open>): string {
  const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? fail(line);
  if (!NAME.test(name)) fail(line);
  const family = families.get(name);
  if (keyword === 'HELP') {
    if (family !== undefined) fail(`${name} is told twice`);
    families.set(name, { type: '', help: rest, samples: new Map() });
  } else {
    if (family === undefined || family.type !== '' || !TYPES.has(rest)) return fail(line);
    family.type = rest;
  }
  return name;
}

function readSample(line: string, { families, current }: { families: Map<string, Open>; current: string }) {
  const [, name = '', labels, value = ''] = SAMPLE.exec(line) ?? fail(line);
  const family = families.get(current) ?? fail(line);
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  if (!suffixes.some((suffix) => name === current + suffix)) fail(`${name} stands among ${current}`);
  if (labels !== undefined && !LABELS.test(labels)) fail(line);
  const series = labels === undefined ? name : `${name}{${labels}}`;
  if (family.samples.has(series)) fail(`${series} is told twice`);
  family.samples.set(series, Number(value.replace('Inf', 'Infinity')));
}

function checkFamily(name: string, { type, samples }: Open): void {
  if (type === '') fail(`${name} has no type`);
  if ((type === 'counter') !== name.endsWith('_total')) fail(`${name} is a ${type} by another name`);
  if (type === 'histogram') checkHistogram(name, samples);
}

/** Buckets grow, and the last one counts all. */
function checkHistogram(name: string, samples: Map<string, number>): void {
  const counts = [...samples].filter(([series]) => series.startsWith(`${name}_count`));
  for (const [series, count] of counts) {
    const labels = series.slice(`${name}_count`.length).replace(/^\{|\}$/g, '');
    const buckets = [...samples].filter(
      ([other]) => other.startsWith(`${name}_bucket`) && other.includes(labels),
    );
    const values = buckets.map(([, value]) => value);
    if (values.some((value, at) => value < (values[at - 1] ?? 0))) fail(`${series} has buckets that shrink`);
    if (!buckets.at(-1)?.[0].includes('le="+Inf"') || values.at(-1) !== count) fail(`${series} is not whole`);
  }
}

function fail(what: string): never {
  throw new Error(`not Prometheus's text: ${what}`);
}
