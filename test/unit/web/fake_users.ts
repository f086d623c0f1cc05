import { hashPassword } from '../../../web/accounts/passwords';
import type { UserWithPassword } from '../../../web/accounts/user';
import { EmailTaken, type Users } from '../../../web/accounts/users';

export const PASSWORD = 'correct horse';

/** A users table in memory; `all` may be looked at and changed. */
export type FakeUsers = Users & { all: UserWithPassword[] };

/** Ada the student (1) and Sam of the staff (2); `log` gets a line a look-up. */
export async function fakeUsers(log: string[] = []): Promise<FakeUsers> {
  const passwordHash = await hashPassword(PASSWORD);
  const rest = { created: new Date(0), passwordHash, unseenSales: 0 };
  const all: UserWithPassword[] = [
    { id: 1, email: 'ada@example.org', firstName: 'Ada', lastName: '<b>Love</b>', role: 'student', ...rest },
    { id: 2, email: 'sam@example.org', firstName: 'Sam', lastName: 'Staff', role: 'staff', ...rest },
  ];
  return {
    all,
    async insert(user) {
      if (all.some(({ email }) => email === user.email)) throw new EmailTaken();
      const id = all.length + 1;
      all.push({ ...user, id, created: new Date(0), unseenSales: 0 });
      return id;
    },
    async findByEmail(email) {
      log.push(`find ${email}`);
      return all.find((user) => user.email === email);
    },
    findById: async (sought) => all.find(({ id }) => id === sought),
    findByIds: async (ids) => all.filter(({ id }) => ids.includes(id)),
    async search(text) {
      log.push(`search ${text}`);
      return { users: all.filter(({ firstName }) => firstName.startsWith(text)), isMore: false };
    },
    latest: async () => ({ users: [...all].reverse(), isMore: false }),
    async replacePassword({ id, from, to }) {
      const user = all.find((candidate) => candidate.id === id && candidate.passwordHash === from);
      if (user) user.passwordHash = to;
      return user !== undefined;
    },
    async delete(id) {
      log.push(`delete ${id}`);
      const index = all.findIndex((user) => user.id === id);
      if (index >= 0) all.splice(index, 1);
      return index >= 0 ? { articles: 0, calls: 0 } : undefined;
    },
    async forgetUnseenSales({ id, count }) {
      const user = all.find((candidate) => candidate.id === id);
      if (user) user.unseenSales -= count;
    },
    leastActive: async () => all.filter(({ role }) => role === 'student').map(({ id }) => ({ id, count: 0 })),
    count: async () => all.length,
  };
}
