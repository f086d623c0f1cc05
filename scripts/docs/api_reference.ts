import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Enum, type Field, type Method, type ReflectionObject, Root, Service, Type } from 'protobufjs';

/** The packages that the reference describes, as folders below `proto/`. */
const OWN = [
  join('quota', 'v1'),
  join('envoy', 'service', 'ratelimit', 'v3'),
  join('envoy', 'extensions', 'common', 'ratelimit', 'v3'),
  join('envoy', 'config', 'core', 'v3'),
  join('envoy', 'type', 'v3'),
];

const HEADER = `# The gRPC interface

Generated from \`proto/\` by \`npm run docs:api\`; \`npm test\` checks that it is up to date. A running daemon describes itself in the
same words (\`grpcurl -plaintext localhost:50051 describe\`).
`;

/** `docs/api.md`: every service, message and enum of the proto files below `folder`, in Markdown, in the files' order. */
export function apiReference(folder: string): string {
  const objects = ownObjects(folder);
  const services = objects.filter((object) => object instanceof Service);
  const sections = services.map((service) => serviceSection(service, dirname(folder)));
  const types = objects.filter((object) => object instanceof Type || object instanceof Enum);
  return [HEADER, ...sections, '## Messages and enums\n', ...types.map(typeSection)].join('\n');
}

function ownObjects(folder: string): ReflectionObject[] {
  const root = new Root();
  const resolveImport = root.resolvePath.bind(root);
  // An import is a path below the folder; Google's own types are part of the library.
  root.resolvePath = (origin, target) =>
    target.startsWith(folder) || target.startsWith('google/protobuf/')
      ? resolveImport(origin, target)
      : join(folder, target);
  const files = OWN.flatMap((own) => protoFiles(join(folder, own)));
  root.loadSync(files, { keepCase: true, alternateCommentMode: true });
  const names = OWN.map((own) => own.split('/').join('.'));
  return names
    .flatMap((name) => root.lookup(name, undefined, true))
    .flatMap(nestedOf)
    .flatMap(withNested);
}

/** The service that callers use stands before that of operators. */
function protoFiles(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.proto'));
  return names.sort((one, other) => one.length - other.length).map((name) => join(folder, name));
}

function nestedOf(object: ReflectionObject | null): ReflectionObject[] {
  return object !== null && 'nestedArray' in object ? (object.nestedArray as ReflectionObject[]) : [];
}

/** A message, and those that are declared in it. */
function withNested(object: ReflectionObject): ReflectionObject[] {
  return object instanceof Type ? [object, ...nestedOf(object).flatMap(withNested)] : [object];
}

function serviceSection(service: Service, folder: string): string {
  const methods = service.methodsArray.map(methodSection);
  const file = relative(folder, service.filename ?? '');
  return [
    `## ${service.name}\n`,
    `\`${service.fullName.slice(1)}\`, in \`${file}\`.\n`,
    prose(service.comment),
    ...methods,
  ].join('\n');
}

function methodSection({ name, requestType, responseType, responseStream, comment }: Method): string {
  const returned = responseStream ? `stream of ${link(responseType)}` : link(responseType);
  return `### ${name}\n\n${link(requestType)} → ${returned}\n\n${prose(comment)}`;
}

function typeSection(type: ReflectionObject): string {
  const head = `### ${type.name}\n\n${prose(type.comment)}`;
  if (type instanceof Enum) return `${head}\n${enumTable(type)}`;
  if (!(type instanceof Type) || type.fieldsArray.length === 0) return head;
  const rows = type.fieldsArray.map((field) =>
    row([`\`${field.name}\``, fieldType(field), cell(field.comment)]),
  );
  return `${head}\n${table(['field', 'type', 'meaning'], rows)}`;
}

function enumTable({ values, comments }: Enum): string {
  const rows = Object.entries(values).map(([name, number]) =>
    row([`\`${name}\``, String(number), cell(comments[name] ?? null)]),
  );
  return table(['value', 'number', 'meaning'], rows);
}

function fieldType(field: Field): string {
  field.resolve();
  const name = field.resolvedType === null ? field.type : field.resolvedType.name;
  const isOwn = field.resolvedType !== null && !field.resolvedType.fullName.startsWith('.google.');
  const shown = isOwn ? link(name) : `\`${name}\``;
  // An `optional` field is the only one of a oneof that the compiler makes, named after it.
  if (field.partOf !== null && field.partOf.name !== `_${field.name}`)
    return `${shown}, one of \`${field.partOf.name}\``;
  return field.repeated ? `repeated ${shown}` : shown;
}

function link(type: string): string {
  return `[${type}](#${type.toLowerCase()})`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  return `${[row(head), row(head.map(() => '---')), ...rows].join('\n')}\n`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Paragraphs stay as they are. */
function prose(comment: string | null): string {
  return comment === null ? '' : `${comment}\n`;
}

/** A table's cell is one line. */
function cell(comment: string | null): string {
  return (comment ?? '').replaceAll('\n', ' ').replaceAll('|', '\\|');
}
