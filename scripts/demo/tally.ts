/** What has come of the students' acts. */
export interface Tally {
  logins: number;
  /** By the limit of connections. */
  refusedLogins: number;
  sales: number;
  purchases: number;
  /** Somebody else has bought the article meanwhile: a call, and no purchase. */
  missed: number;
  /** By the limit of calls. */
  refusedCalls: number;
}

export function newTally(): Tally {
  return { logins: 0, refusedLogins: 0, sales: 0, purchases: 0, missed: 0, refusedCalls: 0 };
}

/** What has been added since. */
export function since(before: Tally, now: Tally): Tally {
  return {
    logins: now.logins - before.logins,
    refusedLogins: now.refusedLogins - before.refusedLogins,
    sales: now.sales - before.sales,
    purchases: now.purchases - before.purchases,
    missed: now.missed - before.missed,
    refusedCalls: now.refusedCalls - before.refusedCalls,
  };
}

/** Example: "131 logins, 97 sales, 70 purchases; refused: 8 logins, 9 calls". */
export function describeTally(tally: Tally): string {
  const { logins, refusedLogins, sales, purchases, missed, refusedCalls } = tally;
  const late = missed === 0 ? '' : `, ${missed} too late to buy`;
  const done = [some(logins, 'login'), some(sales, 'sale'), some(purchases, 'purchase')].join(', ');
  return `${done}${late}; refused: ${some(refusedLogins, 'login')}, ${some(refusedCalls, 'call')}`;
}

function some(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
