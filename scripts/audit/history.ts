import type { AnsweredLine, ClientLine, FactLine, Line, PolicyLine, SentLine } from './lines';
import type { RecordFile } from './read_record';
import { createFinding, type Finding } from './violations';

/** The start and the end of an operation, by the daemons' clocks, in microseconds; without an end if none is known. */
export interface Span {
  readonly sentUs: number;
  readonly answeredUs: number;
}

/** What a daemon sent to its store, and the answer. */
export interface Operation<Sent = SentLine> extends Span {
  /** The process that sent it. */
  readonly daemon: string;
  /** Its place: file and line number. */
  readonly place: string;
  readonly sent: Sent;
  /** Undefined if none was recorded. */
  readonly answer: AnsweredLine | undefined;
}

type SentAs<Op extends SentLine['op']> = Extract<SentLine, { op: Op }>;

/** An admission that was asked of a store, or written to it after an outage. */
export interface Asked<Op extends 'admit' | 'restore'> extends Operation<SentAs<Op>> {
  readonly policy: PolicyLine;
}

export type Attempt = Asked<'admit'>;
export type Restored = Asked<'restore'>;
export type Refund = Operation<SentAs<'refund'>>;
export type Reset = Operation<SentAs<'reset'>>;
export type Erasure = Operation<SentAs<'erase'>>;
export type OverrideChange = Operation<SentAs<'set_override' | 'raise' | 'clear_override'>>;
export type Call = Operation<SentAs<'call'>>;
export type StatisticsRead = Operation<SentAs<'statistics'>>;

export interface Fact {
  readonly atUs: number;
  /** Whose record holds it; undefined if it was given with the settings. */
  readonly by?: string;
  readonly fact: FactLine;
}

export interface ClientTry extends ClientLine {
  readonly place: string;
  readonly answeredUs: number;
}

/** All records of the files, by kind. */
export interface History {
  readonly operations: readonly Operation[];
  readonly attempts: readonly Attempt[];
  readonly restores: readonly Restored[];
  readonly refunds: readonly Refund[];
  readonly resets: readonly Reset[];
  readonly overrides: readonly OverrideChange[];
  readonly calls: readonly Call[];
  readonly statistics: readonly StatisticsRead[];
  readonly erasures: readonly Erasure[];
  readonly facts: readonly Fact[];
  readonly tries: readonly ClientTry[];
  readonly processCount: number;
  readonly unansweredCount: number;
  readonly finding: Finding;
}

interface Reading {
  readonly operations: Operation[];
  readonly policies: Map<string, PolicyLine>;
  readonly facts: Fact[];
  readonly tries: ClientTry[];
}

/** Joins each answer with its request. */
export function buildHistory(files: readonly RecordFile[]): History {
  const { violate, result } = createFinding('answers');
  const reading: Reading = { operations: [], policies: new Map(), facts: [], tries: [] };
  for (const file of files) readFile(file, reading, violate);
  const { operations, policies, facts, tries } = reading;
  const of = <Op extends SentLine['op']>(...ops: Op[]) =>
    operations.filter(({ sent }) => ops.some((op) => op === sent.op)) as Operation<SentAs<Op>>[];

  function withPolicy<Sent extends SentAs<'admit' | 'restore'>>(operation: Operation<Sent>) {
    const policy = policies.get(`${operation.daemon} ${operation.sent.by}`);
    if (policy?.policy === operation.sent.policy) return [{ ...operation, policy }];
    violate(`${operation.place}: no line describes the policy that decided`);
    return [];
  }

  return {
    operations,
    attempts: of('admit').flatMap(withPolicy),
    restores: of('restore').flatMap(withPolicy),
    refunds: of('refund'),
    resets: of('reset'),
    overrides: of('set_override', 'raise', 'clear_override'),
    calls: of('call'),
    statistics: of('statistics'),
    erasures: of('erase'),
    facts,
    tries,
    processCount: new Set(operations.map(({ daemon }) => daemon)).size,
    unansweredCount: operations.filter(({ answer }) => answer === undefined).length,
    finding: result(`${operations.length} requests`),
  };
}

type Violate = (message: string) => void;

type LineOf<Kind extends Line['kind']> = Extract<Line, { kind: Kind }>;

function readFile(file: RecordFile, reading: Reading, violate: Violate): void {
  const of = <Kind extends Line['kind']>(kind: Kind) =>
    file.lines.filter((line): line is LineOf<Kind> => line.kind === kind);
  const placeOf = (seq: number) => `${file.name}:${seq + 1}`;
  for (const { daemon, seq, body } of of('policy')) reading.policies.set(`${daemon} ${seq}`, body);
  for (const { atUs, daemon, body } of of('fact')) reading.facts.push({ atUs, by: daemon, fact: body });
  for (const { atUs, seq, body } of of('client'))
    reading.tries.push({ ...body, place: placeOf(seq), answeredUs: atUs });
  const sent = of('sent');
  const answers = joinAnswers({ sent, answered: of('answered'), placeOf }, violate);
  for (const { seq, daemon, atUs, body } of sent) {
    const answer = answers.get(seq);
    reading.operations.push({
      daemon,
      place: placeOf(seq),
      sent: body,
      sentUs: atUs,
      answeredUs: answer?.atUs ?? Number.POSITIVE_INFINITY,
      answer: answer?.body,
    });
  }
}

interface Lines {
  readonly sent: readonly LineOf<'sent'>[];
  readonly answered: readonly LineOf<'answered'>[];
  readonly placeOf: (seq: number) => string;
}

/** The answers by the number of the line that they answer. */
function joinAnswers({ sent, answered, placeOf }: Lines, violate: Violate): Map<number, LineOf<'answered'>> {
  const asked = new Set(sent.map(({ seq }) => seq));
  const answers = new Map<number, LineOf<'answered'>>();
  for (const line of answered) {
    const { of } = line.body;
    if (!asked.has(of)) violate(`${placeOf(line.seq)} answers ${placeOf(of)}, which sent nothing`);
    if (answers.has(of)) violate(`${placeOf(line.seq)} answers ${placeOf(of)} a second time`);
    answers.set(of, line);
  }
  return answers;
}
