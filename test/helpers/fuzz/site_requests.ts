import { gzipSync } from 'node:zlib';
import type { Random } from '../../../scripts/demo/random';
import { mutate } from './mutate';
import type { Form } from './site_forms';
import { anyText } from './values';

/** What somebody knows of the site. */
export interface Known {
  readonly forms: readonly Form[];
  readonly paths: readonly string[];
  /** As a header. */
  readonly cookie: string;
  /** Of a page that was opened with these cookies. */
  readonly csrf: string;
}

type Values = readonly [string, ...string[]];

const LONG = 'a'.repeat(9_000);

/** What a field may hold that no browser would let through. */
const TYPED: Values = [
  ...(['1', '0', '-1', '1.5', '1,50', '1e9', '999999999999', '9007199254740993', '0x10', '٣', '１'] as const),
  ...([
    'book',
    'good',
    'ada@example.org',
    'a long enough password',
    '2026-13-45',
    '[object Object]',
  ] as const),
  ...([
    '<b>',
    '"><script>',
    "' OR 1=1 --",
    '%00',
    '{{7*7}}',
    '<%= 7 %>',
    '/',
    '//evil.example',
    'eyJ9',
  ] as const),
];

const ODD_HEADERS: Readonly<Record<string, Values>> = {
  cookie: [
    '',
    '=;;;',
    'session=s%3Ax.y',
    'session=j:{"a":1}',
    'csrf=%',
    `session=${LONG}`,
    '\xff=\xfe',
    'language=xx',
  ],
  'accept-language': ['*', 'fr;q=x', 'xx-!!', LONG, '', 'fr, en;q=0.5, *;q=0', '\xff'],
  host: ['', 'evil.example', '[', 'a b', 'a:99999999'],
  origin: ['null', 'http://evil.example', '\xff'],
  referer: ['http://[', '', LONG],
  'x-forwarded-for': ['', '1.2.3.4, 5.6.7.8', 'x', LONG, '::ffff:1.2.3.4'],
  'x-forwarded-proto': ['https', 'x', ''],
  'x-forwarded-host': ['evil.example', ''],
  'content-type': [
    'application/json',
    'multipart/form-data',
    'text/plain',
    'application/x-www-form-urlencoded; charset=utf-7',
    '',
  ],
  'content-encoding': ['gzip', 'br', 'deflate', 'x', ''],
  'content-length': ['0', '1', '-1', '99999', 'x'],
  'transfer-encoding': ['chunked', 'gzip', 'x'],
  'if-none-match': ['*', '"', 'W/"x"'],
  'if-modified-since': ['x', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  range: ['bytes=0-', 'bytes=-1', 'bytes=9-1', 'bytes=0-0,1-1', 'x'],
  accept: ['', 'text/event-stream', 'x'],
  'accept-encoding': ['gzip;q=0, *;q=0', 'br', 'x', ''],
  expect: ['100-continue', 'x'],
  upgrade: ['websocket', 'h2c'],
  traceparent: ['', '00-0-0-0', LONG],
  'x-request-id': ['', LONG, '\xff'],
  'last-event-id': ['x', '-1'],
  'x-http-method-override': ['DELETE'],
};

const ODD_NAMES = Object.keys(ODD_HEADERS) as [string, ...string[]];

const METHODS: Values = [
  'GET',
  'GET',
  'POST',
  'HEAD',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
  'PROPFIND',
  'get',
  'ODD',
];

/** A request in HTTP/1.1, as bytes: a form that was filled in, or an address with anything in its query. */
export function anySiteRequest(random: Random, known: Known): Buffer {
  const form = random.isLucky(0.7) && known.forms.length > 0 ? random.pick(known.forms as [Form]) : undefined;
  const { method, path, body } = form === undefined ? anyVisit(random, known) : filledIn(random, form, known);
  const headers: Record<string, string> = {
    host: '127.0.0.1',
    cookie: known.cookie,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
    connection: 'close',
  };
  for (let left = random.between(0, 2); left > 0; left -= 1) {
    const name = random.pick(ODD_NAMES);
    headers[name] = random.pick(ODD_HEADERS[name] as Values);
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
  return Buffer.concat([random.isLucky(0.05) ? mutate(head, random) : head, body]);
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

function anyVisit(random: Random, { paths }: Known): Sent {
  const path = random.pick(paths as [string, ...string[]]);
  const odd = random.pick<() => string>([
    () => path,
    () => `${path}${path.includes('?') ? '&' : '?'}${pairs(random, random.between(1, 4))}`,
    () => path.replaceAll(/\d+/g, () => encodeURIComponent(random.pick(TYPED))),
    () => `${path}/${encodeURIComponent(random.pick(TYPED))}`,
    () => `${path}%`,
    () => `${path}/../${random.pick(['%2e%2e', '..%2f', '%00', '%ff', '\xff', LONG])}`,
    () =>
      random.pick(['*', '//', 'http://evil.example/', '/%', '/./', '/__proto__', `/?${'a&'.repeat(1000)}`]),
  ])();
  return { method: random.pick(METHODS), path: odd, body: Buffer.alloc(0) };
}

/** The form's fields, each as it was or with anything in it, and its token most of the time. */
function filledIn(random: Random, { method, action, fields }: Form, { csrf }: Known): Sent {
  const filled = fields.flatMap(({ name, value }) => {
    if (name === '_csrf')
      return random.isLucky(0.9) ? [`_csrf=${encodeURIComponent(csrf)}`] : [`_csrf=${value}`];
    const shown = random.isLucky(0.3) ? value : typed(random);
    const times = random.isLucky(0.9) ? 1 : random.pick([0, 2, 3]);
    return Array.from({ length: times }, () => `${oddName(random, name)}=${encoded(random, shown)}`);
  });
  if (random.isLucky(0.1)) filled.push(pairs(random, random.pick([1, 5, 30])));
  const text = filled.join('&');
  if (method === 'GET') return { method, path: `${action.split('?')[0]}?${text}`, body: Buffer.alloc(0) };
  return { method, path: action, body: anyBody(random, Buffer.from(text, 'latin1')) };
}

function anyBody(random: Random, body: Buffer): Buffer {
  if (random.isLucky(0.85)) return body;
  return random.pick<() => Buffer>([
    () => mutate(body, random),
    () => Buffer.alloc(0),
    () => Buffer.from('{"_csrf":{"a":[1]},"email":{"$ne":null}}'),
    () => gzipSync(body),
    () => Buffer.concat([body, Buffer.from(`&x=${LONG}`)]),
    () => Buffer.from(`${'a'.repeat(20)}[b]`.repeat(50)),
  ])();
}

function typed(random: Random): string {
  const text = random.isLucky(0.5) ? random.pick(TYPED) : anyText(random).toString();
  // Half of a surrogate pair could not be encoded.
  return [...text].slice(0, 300).join('');
}

function oddName(random: Random, name: string): string {
  return random.isLucky(0.93)
    ? name
    : random.pick([`${name}[]`, `${name}[a]`, `${name}.b`, '__proto__', '', `${name}%00`]);
}

function encoded(random: Random, text: string): string {
  return random.isLucky(0.95) ? encodeURIComponent(text) : random.pick(['%', '%zz', '%ff%fe', '%u0041', '+']);
}

function pairs(random: Random, count: number): string {
  return Array.from(
    { length: count },
    () => `${encoded(random, typed(random))}=${encoded(random, typed(random))}`,
  ).join('&');
}
