import type { Request } from 'express';
import { type Session, type SessionData, Store } from 'express-session';
import { endOf, type SessionsTable } from './sessions_table';
import type { UserWithPassword } from './user';

/** The end of a session is written again when it has moved by so much: most pages then write nothing. */
const END_STEP_MS = 60_000;

/** A store that reads a session together with its account. */
export type SessionStore = Store & {
  /** The account of a session, as it was when the session was read; undefined if it is not known, or was deleted. */
  userOf?(session: object): UserWithPassword | undefined;
};

/** Makes the table a store of express-session. */
export function toStore(table: SessionsTable): SessionStore {
  return new TableStore(table);
}

type Done = (error?: unknown) => void;

/** express-session requires a subclass. */
class TableStore extends Store implements SessionStore {
  /** What was read with each session. */
  private readonly users = new WeakMap<object, UserWithPassword>();
  /** The end that the table has for each session. */
  private readonly ends = new WeakMap<object, Date>();

  constructor(private readonly table: SessionsTable) {
    super();
  }

  get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    settle(this.read(id), (error, session) => done(error, session ?? null));
  }

  userOf(session: object): UserWithPassword | undefined {
    return this.users.get(session);
  }

  /** express-session makes a request's session of what `get` returned. */
  override createSession(req: Request, stored: SessionData): Session & SessionData {
    const end = endOf(stored);
    const user = this.users.get(stored);
    const session = super.createSession(req, stored);
    this.ends.set(session, end);
    if (user !== undefined) this.users.set(session, user);
    return session;
  }

  set(id: string, session: SessionData, done: Done = ignore): void {
    settle(this.table.write(id, session), done);
  }

  override touch(id: string, session: SessionData, done: Done = ignore): void {
    const end = endOf(session);
    // At once: express-session then sends the page in one piece.
    if (isNear(end, this.ends.get(session))) done();
    else settle(this.table.extend(id, end), done);
  }

  destroy(id: string, done: Done = ignore): void {
    settle(this.table.remove(id), done);
  }

  private async read(id: string): Promise<SessionData | undefined> {
    const found = await this.table.read(id);
    if (found?.user !== undefined) this.users.set(found.session, found.user);
    return found?.session;
  }
}

const ignore: Done = () => undefined;

function isNear(end: Date, stored: Date | undefined): boolean {
  return stored !== undefined && Math.abs(end.getTime() - stored.getTime()) < END_STEP_MS;
}

/** In a separate turn: what the callback throws is not a failure of the table. */
function settle<T>(work: Promise<T>, done: (error: unknown, value?: T) => void): void {
  work.then(
    (value) => setImmediate(done, null, value),
    (error: unknown) => setImmediate(done, error),
  );
}
