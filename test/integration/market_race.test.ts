import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { connect } from '../../web/database';
import { createMarket } from '../../web/market/market';
import { openMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const RUNS = 200;

test('market: of two simultaneous buyers of one article, one gets it and the other learns it, 200 times', async () => {
  const first = opened.closed(await openMarket(), (market) => market.close());
  // As in another instance of the web tier: nothing is shared but the database.
  const pool = opened.closed(connect(first.url), (own) => own.end());
  const buyers = [
    { id: 2, market: first.market },
    { id: 3, market: createMarket({ pool, onCall: () => undefined }) },
  ];
  const winners = new Set<number>();

  for (let run = 0; run < RUNS; run += 1) {
    const articleId = await first.sell();
    // The first one asked has a lead, so they take turns.
    const inTurn = run % 2 === 0 ? buyers : buyers.toReversed();
    const purchases = await Promise.all(
      inTurn.map(async ({ id, market }) => {
        const { outcome } = await market.buy({ requestId: randomUUID(), buyerId: id, articleId });
        return { id, outcome };
      }),
    );
    const { buyerId } = (await first.market.find(articleId)) ?? {};
    const loserId = purchases.find(({ id }) => id !== buyerId)?.id;
    expect(purchases).toHaveLength(2);
    expect(purchases).toContainEqual({ id: buyerId, outcome: 'bought' });
    expect(purchases).toContainEqual({ id: loserId, outcome: 'sold-already' });
    winners.add(Number(buyerId));
  }
  // If one always wins, the two never collided.
  expect(winners).toEqual(new Set([2, 3]));
});

test('market: many sell and buy at once, and nobody gets a deadlock', async () => {
  const { market, sell } = opened.closed(await openMarket(), (opening) => opening.close());
  const ids = await Promise.all(Array.from({ length: 40 }, () => sell({ title: 'Le Monde du Livre' })));
  const outcomes = await Promise.all(
    ids.flatMap((articleId) => [
      market.buy({ requestId: randomUUID(), buyerId: 2, articleId }).then(({ outcome }) => outcome),
      market.buy({ requestId: randomUUID(), buyerId: 3, articleId }).then(({ outcome }) => outcome),
      sell({ title: 'Le Livre du Monde' }).then(() => 'sold'),
    ]),
  );
  const count = (wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;
  expect([count('bought'), count('sold-already'), count('sold')]).toEqual([40, 40, 40]);
});
