/** The results of the students' acts. */
export interface Tally {
  logins: number;
  /** By the limit of connections. */
  deniedLogins: number;
  sales: number;
  purchases: number;
  /** The article was sold already: no call. */
  missed: number;
  /** Somebody else was faster between the admission and the purchase: a call, and no purchase. */
  late: number;
  /** By the limit of calls. */
  deniedCalls: number;
}

export function newTally(): Tally {
  return { logins: 0, deniedLogins: 0, sales: 0, purchases: 0, missed: 0, late: 0, deniedCalls: 0 };
}

/** What has been added since. */
export function since(before: Tally, now: Tally): Tally {
  return {
    logins: now.logins - before.logins,
    deniedLogins: now.deniedLogins - before.deniedLogins,
    sales: now.sales - before.sales,
    purchases: now.purchases - before.purchases,
    missed: now.missed - before.missed,
    late: now.late - before.late,
    deniedCalls: now.deniedCalls - before.deniedCalls,
  };
}

/** Example: "131 logins, 97 sales, 70 purchases; denied: 8 logins, 9 calls". */
export function describeTally(tally: Tally): string {
  const { logins, deniedLogins, sales, purchases, missed, late, deniedCalls } = tally;
  const tooLate = missed + late === 0 ? '' : `, ${missed + late} too late to buy`;
  const done = [some(logins, 'login'), some(sales, 'sale'), some(purchases, 'purchase')].join(', ');
  return `${done}${tooLate}; denied: ${some(deniedLogins, 'login')}, ${some(deniedCalls, 'call')}`;
}

function some(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
